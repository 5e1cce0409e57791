import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isVaultError } from '../../src/errors.ts';
import { encodeBody } from '../../src/log/body.ts';
import { packBlock } from '../../src/log/compressed-block.ts';
import {
  isSealedRecord,
  openBody,
  openLinks,
  openOtherRecord,
  sealEntryRecords,
} from '../../src/log/entry-records.ts';
import { encodeEntry, openEntry, type Entry, type EntryFields } from '../../src/log/entry.ts';
import { noFeatures } from '../../src/log/feature-flags.ts';
import { encodeLinkBlock } from '../../src/log/link-block.ts';
import { encodeOtherRecord, type StoredRecord } from '../../src/log/other-record.ts';
import { recordType } from '../../src/log/record-types.ts';
import { openRecord, sealRecord } from '../../src/crypto/record-seal.ts';
import { sha256 } from '../../src/crypto/hash.ts';
import type { Link } from '../../src/log/types.ts';
import { seededRandom } from '../helpers/seeded.ts';
import {
  epoch,
  fileBody,
  fileLink,
  folder,
  keys,
  log,
  named,
  otherKey,
  otherLog,
  sampleRecords,
} from '../helpers/log-samples.ts';

const place = { log, seq: 5, epoch };
const snapshot = sampleRecords.find(({ type }) => type === 'snapshot') as StoredRecord;
const deletion: Link = { ...fileLink, path: 'gone', kind: 'deletion', digest: new Uint8Array(0) };

/** An entry of a file, a deletion and a snapshot; the links as given. */
function makeEntry(
  links: readonly Link[],
  change: Partial<EntryFields> = {},
): { entry: Entry; body: Uint8Array; record: Uint8Array } {
  const random = seededRandom('entry records');
  const [body, record] = sealEntryRecords(
    place,
    [
      { type: recordType.version, index: 0, plain: encodeBody(fileBody) },
      { type: recordType.snapshot, index: 2, plain: encodeOtherRecord(snapshot, undefined) },
    ],
    keys,
    random,
  ) as [Uint8Array, Uint8Array];
  const block = packBlock(encodeLinkBlock(links), undefined);
  const sealedLinks = sealEntryRecords(
    place,
    [{ type: 0, index: 0, plain: block }],
    keys,
    random,
  )[0];
  const fields: EntryFields = {
    ...place,
    features: noFeatures,
    previous: named('previous'),
    clock: new Map(),
    links: sealedLinks,
    records: [
      { type: recordType.version, hash: sha256(body) },
      { type: recordType.version, hash: undefined },
      { type: recordType.snapshot, hash: sha256(record) },
    ],
    ...change,
  };
  return { entry: openEntry(encodeEntry(fields)), body, record };
}

function invalid(error: unknown): boolean {
  return isVaultError(error, 'VAULT_ENTRY_INVALID');
}

const { entry, body, record } = makeEntry([fileLink, deletion]);

describe('what an entry seals', () => {
  test('links are opened and named by their entry', () => {
    const hash8 = entry.hash.slice(0, 8);
    assert.deepEqual(openLinks(entry, keys), [
      { ...fileLink, dot: { log, seq: 5, index: 0 }, hash8 },
      { ...deletion, dot: { log, seq: 5, index: 1 }, hash8 },
    ]);
  });

  test('bodies and other records are opened one by one', () => {
    assert.deepEqual(openBody(entry, 0, 'file', body, keys), fileBody);
    assert.deepEqual(openOtherRecord(entry, 2, record, keys), snapshot);
    assert.ok(isSealedRecord(entry, 0, body) && !isSealedRecord(entry, 0, record));
    assert.ok(!isSealedRecord(entry, 1, body) && !isSealedRecord(entry, 9, body));
  });

  test('nothing opens with another key, in another folder, or elsewhere', () => {
    const others = [
      { ...keys, recordKey: otherKey },
      { ...keys, folder: named('another folder') },
    ];
    for (const other of others) {
      assert.throws(() => openLinks(entry, other), invalid);
      assert.throws(() => openBody(entry, 0, 'file', body, other), invalid);
      assert.throws(() => openOtherRecord(entry, 2, record, other), invalid);
    }
    for (const change of [{ log: otherLog }, { seq: 6 }, { epoch: 'ee'.repeat(16) }]) {
      const moved = makeEntry([fileLink, deletion], change).entry;
      assert.throws(() => openLinks(moved, keys), invalid);
      assert.throws(() => openBody(moved, 0, 'file', body, keys), invalid);
    }
    const swapped = makeEntry([fileLink, deletion], {
      records: [entry.records[1], entry.records[0], entry.records[2]] as never,
    }).entry;
    assert.throws(() => openBody(swapped, 1, 'file', body, keys), invalid);
  });

  test('sealed bytes that are not the entry’s are refused before they are opened', () => {
    for (let at = 0; at < body.length; at++) {
      const damaged = body.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      assert.throws(() => openBody(entry, 0, 'file', damaged, keys), invalid);
      assert.throws(() => openBody(entry, 0, 'file', body.subarray(0, at), keys), invalid);
    }
    assert.throws(() => openBody(entry, 1, 'file', body, keys), invalid);
    assert.throws(() => openBody(entry, 2, 'file', record, keys), invalid);
    assert.throws(() => openOtherRecord(entry, 0, body, keys), TypeError);
  });

  test('a damaged block of links is refused', () => {
    const sealed = entry.links as Uint8Array;
    for (let at = 0; at < sealed.length; at++) {
      const links = sealed.slice();
      links[at] = (links[at] ?? 0) ^ 1;
      assert.throws(() => openLinks({ ...entry, links }, keys), invalid);
      assert.throws(() => openLinks({ ...entry, links: sealed.subarray(0, at) }, keys), invalid);
    }
  });

  test('links must be as many as versions, and fit them', () => {
    assert.throws(() => openLinks(makeEntry([fileLink]).entry, keys), invalid);
    assert.throws(() => openLinks(makeEntry([fileLink, deletion, deletion]).entry, keys), invalid);
    assert.throws(() => openLinks(makeEntry([deletion, fileLink]).entry, keys), invalid);
    assert.throws(() => openLinks(makeEntry([fileLink, fileLink]).entry, keys), invalid);
    const directory: Link = { ...deletion, kind: 'directory' };
    assert.equal(openLinks(makeEntry([fileLink, directory]).entry, keys).length, 2);
  });

  test('a parent that is not older than its entry is refused', () => {
    for (const seq of [4, 5, 6]) {
      const parents = [{ log, seq, index: 0, hash8: new Uint8Array(8) }];
      const made = makeEntry([{ ...fileLink, parents }, deletion]).entry;
      if (seq === 4) assert.equal(openLinks(made, keys)[0]?.parents.length, 1);
      else assert.throws(() => openLinks(made, keys), invalid);
    }
  });

  test('a body of another kind than its link is refused', () => {
    assert.throws(() => openBody(entry, 0, 'symlink', body, keys), invalid);
  });

  test('an entry without versions has no links', () => {
    const bare = makeEntry([fileLink], { links: undefined, records: [entry.records[2]] as never });
    assert.deepEqual(openLinks(bare.entry, keys), []);
  });

  test('many sealed at once are as if sealed one by one', () => {
    const plains = [named('a'), new Uint8Array(0), named('b')];
    const records = plains.map((plain, index) => ({ type: 1, index: index * 7, plain }));
    const context = {
      folder,
      log: Buffer.from(log, 'hex'),
      seq: 5,
      epoch: Buffer.from(epoch, 'hex'),
    };
    const random = seededRandom('one by one');
    const single = records.map(({ type, index, plain }) =>
      sealRecord({
        recordKey: keys.recordKey,
        context: { ...context, type, index },
        plain,
        random,
      }),
    );
    const together = sealEntryRecords(place, records, keys, seededRandom('one by one'));
    assert.deepEqual(together, single);
    records.forEach(({ type, index, plain }, at) => {
      const opened = openRecord({
        recordKey: keys.recordKey,
        context: { ...context, type, index },
        sealed: together[at] as Uint8Array,
      });
      assert.deepEqual(opened, plain);
    });
  });
});
