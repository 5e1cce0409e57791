import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { loadZstd } from '../../src/crypto/zstd.ts';
import { isVaultError, type ErrorCode } from '../../src/errors.ts';
import {
  MAX_CLOCK_DELTA,
  MAX_ENTRY_BYTES,
  MAX_ENTRY_RECORDS,
  MAX_LOGS,
  MAX_PAGE_BYTES,
} from '../../src/limits.ts';
import {
  buildEntries,
  noEntry,
  type BuildContext,
  type BuiltEntry,
  type NewRecord,
  type NewVersion,
} from '../../src/log/entry-builder.ts';
import { decodePage } from '../../src/log/entry-page.ts';
import { openBody, openLinks, openOtherRecord } from '../../src/log/entry-records.ts';
import { openEntry } from '../../src/log/entry.ts';
import { mergeClocks } from '../../src/log/vector-clock.ts';
import type { Parent, SnapshotRecord, VectorClock } from '../../src/log/types.ts';
import { anyBody, anyLink } from '../helpers/log-arbitraries.ts';
import {
  epoch,
  fileBody,
  fileLink,
  keys,
  log,
  named,
  namedHex,
  otherLog,
  sampleRecords,
} from '../helpers/log-samples.ts';
import { seededRandom } from '../helpers/seeded.ts';

const zstd = await loadZstd();
const uncompressed: BuildContext = { ...keys, epoch, random: seededRandom('entry builder') };
const context: BuildContext = {
  ...uncompressed,
  compressor: {
    compress: (bytes) => zstd.compress(bytes, 3),
    decompress: (bytes, length) => zstd.decompress(bytes, length),
  },
};
const position = { log, seq: 1, previous: named('before') };
const none: VectorClock = new Map();
const start = sampleRecords.find(({ type }) => type === 'log-start') as NewRecord;
const snapshot = sampleRecords.find(({ type }) => type === 'snapshot') as SnapshotRecord;

function refused(code: ErrorCode): (error: unknown) => boolean {
  return (error) => isVaultError(error, code);
}

function version(at: number, change: Partial<NewVersion['link']> = {}): NewVersion {
  return {
    type: 'version',
    link: {
      ...fileLink,
      path: `usr/share/package-${Math.floor(at / 30)}/file-${at}.txt`,
      time: fileLink.time + at,
      digest: named(`digest ${at}`).slice(0, 16),
      ...change,
    },
    body: { ...fileBody, manifest: { size: at + 1, depth: 0, root: named(`root ${at}`) } },
  };
}

/** Reads everything back, checking chain and limits on the way. */
function readBack(built: readonly BuiltEntry[], from: { seq: number; previous: Uint8Array }) {
  const records: NewRecord[] = [];
  let clock: VectorClock = new Map();
  let { seq, previous } = from;
  for (const { entry, bytes, page, first, count } of built) {
    assert.ok(bytes.length <= MAX_ENTRY_BYTES && count <= MAX_ENTRY_RECORDS);
    assert.ok((page?.length ?? 0) <= MAX_PAGE_BYTES);
    assert.deepEqual(openEntry(bytes, { log, seq, previous, hash: entry.hash }), entry);
    assert.equal(first, records.length);
    assert.equal(entry.records.length, count);
    seq++;
    previous = entry.hash;
    clock = mergeClocks(clock, entry.clock);
    const sealed = page === undefined ? new Map() : decodePage(page).records;
    if (page !== undefined) assert.deepEqual(decodePage(page).entry, entry.hash);
    const links = new Map(openLinks(entry, context).map((link) => [link.dot.index, link]));
    entry.records.forEach(({ hash }, index) => {
      const link = links.get(index);
      const bytesOf = sealed.get(index) as Uint8Array;
      assert.equal(bytesOf === undefined, hash === undefined);
      if (link === undefined) {
        records.push(openOtherRecord(entry, index, bytesOf, context) as NewRecord);
        return;
      }
      const { dot, hash8, ...plain } = link;
      assert.deepEqual([dot.seq, hash8], [entry.seq, entry.hash.slice(0, 8)]);
      const body = hash && openBody(entry, index, link.kind, bytesOf, context);
      records.push({ type: 'version', link: plain, body });
    });
  }
  return { records, clock };
}

const anyVersion: fc.Arbitrary<NewVersion> = anyLink.chain((link) => {
  const parents = link.parents.filter((parent) => parent.log !== log);
  const make = (body: NewVersion['body']): NewVersion => ({
    type: 'version',
    link: { ...link, parents },
    body,
  });
  return link.kind === 'deletion' ? fc.constant(make(undefined)) : anyBody(link.kind).map(make);
});

describe('building entries', () => {
  test('any records come back in order, from a chain that holds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(anyVersion, fc.constant<NewRecord>(snapshot)), { maxLength: 40 }),
        fc.boolean(),
        (records, compress) => {
          const built = [
            ...buildEntries(records, position, none, compress ? context : uncompressed),
          ];
          assert.deepEqual(readBack(built, position).records, records);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('thousands of versions are split so that every limit holds', () => {
    const records = Array.from({ length: 5000 }, (_, at) => version(at));
    for (const by of [context, uncompressed]) {
      const built = [...buildEntries(records, position, none, by)];
      assert.deepEqual(readBack(built, position).records, records);
      // Well filled: every entry but the last has used up at least one of its limits, nearly.
      for (const { bytes, count } of built.slice(0, -1)) {
        assert.ok(count === MAX_ENTRY_RECORDS || bytes.length > MAX_ENTRY_BYTES * 0.8);
      }
    }
  });

  test('versions that do not compress alike are still split within limits', () => {
    const random = seededRandom('uneven');
    const records = Array.from({ length: 2500 }, (_, at) => {
      const noise = Buffer.from(random.bytes(90)).toString('hex');
      return version(at, at % 900 > 500 ? { path: `${noise}/${noise}` } : {});
    });
    const built = [...buildEntries(records, position, none, context)];
    assert.deepEqual(readBack(built, position).records, records);
  });

  test('a page is full before an entry is, where records are large', () => {
    const large = { ...snapshot, message: 'm'.repeat(65_000) };
    const records = Array.from({ length: 40 }, () => large);
    const built = [...buildEntries(records, position, none, context)];
    assert.deepEqual(
      built.map(({ count }) => count),
      [16, 16, 8],
    );
    assert.deepEqual(readBack(built, position).records, records);
  });

  test('the version with the most parents in the most logs fits beside the longest path', () => {
    const parents = Array.from({ length: 1024 }, (_, at): Parent => ({
      log: namedHex(`log ${at}`),
      seq: 4_000_000_000,
      index: 1000,
      hash8: named(`hash ${at}`).slice(0, 8),
    })).toSorted((a, b) => (a.log < b.log ? -1 : 1));
    const path = Array.from({ length: 16 }, () => 'p'.repeat(255)).join('/');
    const records = [version(1), version(2, { parents, path }), version(3)];
    const clock = new Map(
      parents.slice(0, MAX_CLOCK_DELTA).map((parent) => [parent.log, 4_000_000_001]),
    );
    const built = [...buildEntries(records, position, clock, uncompressed)];
    const read = readBack(built, position);
    assert.deepEqual(read.records, records);
    assert.deepEqual(read.clock, clock);
  });

  test('a clock of more logs than one entry holds goes before the records that saw them', () => {
    const clock = new Map(
      Array.from({ length: MAX_LOGS }, (_, at) => [namedHex(`log ${at}`), at + 1]),
    );
    for (const records of [[version(1), version(2)], []]) {
      const built = [...buildEntries(records, position, clock, context)];
      const read = readBack(built, position);
      assert.deepEqual(read.records, records);
      assert.deepEqual(read.clock, clock);
      assert.equal(built.length, MAX_LOGS / MAX_CLOCK_DELTA);
      assert.ok(built.slice(0, -1).every(({ count }) => count === 0));
    }
  });

  test('a new log starts with its log-start record, whatever the clock', () => {
    const from = { log, seq: 0, previous: noEntry };
    for (const logs of [0, 1, MAX_CLOCK_DELTA, MAX_CLOCK_DELTA + 1]) {
      const clock = new Map(Array.from({ length: logs }, (_, at) => [namedHex(`log ${at}`), 1]));
      const built = [...buildEntries([start, version(1)], from, clock, context)];
      assert.deepEqual(readBack(built, from), { records: [start, version(1)], clock });
      assert.deepEqual(built[0]?.entry.previous, new Uint8Array(32));
    }
    const invalid = refused('VAULT_ENTRY_INVALID');
    assert.throws(() => [...buildEntries([version(1)], from, none, context)], invalid);
    assert.throws(() => [...buildEntries([start], position, none, context)], invalid);
  });

  test('nothing to say makes no entry; a clock alone makes one', () => {
    assert.deepEqual([...buildEntries([], position, none, context)], []);
    const built = [...buildEntries([], position, new Map([[otherLog, 3]]), context)];
    assert.equal(built.length, 1);
    assert.equal(built[0]?.page, undefined);
    assert.deepEqual(readBack(built, position).clock, new Map([[otherLog, 3]]));
  });

  test('records are taken from their source as entries are taken, not all at once', () => {
    let taken = 0;
    function* source(): Generator<NewVersion> {
      for (;;) yield version(taken++);
    }
    const entries = buildEntries(source(), position, none, context);
    entries.next();
    assert.ok(taken <= MAX_ENTRY_RECORDS);
    entries.next();
    assert.ok(taken <= 2 * MAX_ENTRY_RECORDS);
  });

  test('what could not be read back is refused', () => {
    const cases: readonly [NewRecord, ErrorCode][] = [
      [version(1, { path: '../x' }), 'VAULT_PATH_UNSAFE'],
      [version(1, { path: 'x'.repeat(256) }), 'VAULT_LIMIT_EXCEEDED'],
      [version(1, { digest: new Uint8Array(3) }), 'VAULT_ENTRY_INVALID'],
      [version(1, { time: 0.5 }), 'VAULT_ENTRY_INVALID'],
      [version(1, { kind: 'symlink' }), 'VAULT_ENTRY_INVALID'],
      [{ ...version(1), body: undefined }, 'VAULT_ENTRY_INVALID'],
      [version(1, { kind: 'deletion', digest: new Uint8Array(0) }), 'VAULT_ENTRY_INVALID'],
      [{ ...snapshot, tags: ['a', 'a'] }, 'VAULT_ENTRY_INVALID'],
    ];
    for (const [record, code] of cases) {
      assert.throws(() => [...buildEntries([record], position, none, context)], refused(code));
    }
    const parents = [{ log, seq: position.seq, index: 0, hash8: new Uint8Array(8) }];
    const future = version(1, { parents });
    assert.throws(
      () => [...buildEntries([future], position, none, context)],
      refused('VAULT_ENTRY_INVALID'),
    );
  });

  test('the same input and randomness give the same bytes', () => {
    const records = Array.from({ length: 1500 }, (_, at) => version(at));
    const make = (): Uint8Array[] =>
      [...buildEntries(records, position, none, { ...context, random: seededRandom('same') })].map(
        ({ bytes }) => bytes,
      );
    assert.deepEqual(make(), make());
  });
});
