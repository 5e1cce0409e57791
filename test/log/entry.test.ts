import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decode, encode, type CborValue } from '../../src/codec.ts';
import { isVaultError, VaultError, type ErrorCode } from '../../src/errors.ts';
import { MAX_CLOCK_DELTA, MAX_ENTRY_BYTES, MAX_ENTRY_RECORDS } from '../../src/limits.ts';
import { encodeEntry, openEntry, type EntryFields } from '../../src/log/entry.ts';
import { noFeatures } from '../../src/log/feature-flags.ts';
import { recordType } from '../../src/log/record-types.ts';
import { anyClock, bytesOf } from '../helpers/log-arbitraries.ts';
import { epoch, log, named, namedHex, otherLog } from '../helpers/log-samples.ts';

const entry: EntryFields = {
  features: noFeatures,
  log,
  seq: 7,
  previous: named('previous'),
  clock: new Map([[otherLog, 3]]),
  epoch,
  links: new Uint8Array(60).fill(5),
  records: [
    { type: recordType.version, hash: named('body') },
    { type: recordType.version, hash: undefined },
    { type: recordType.snapshot, hash: named('snapshot') },
    { type: 99, hash: named('of a newer program') },
  ],
};
const bytes = encodeEntry(entry);

function refused(code: ErrorCode): (error: unknown) => boolean {
  return (error) => isVaultError(error, code);
}
const invalid = refused('VAULT_ENTRY_INVALID');

/** The entry with fields changed by hand. */
function altered(change: (fields: CborValue[]) => void, from = bytes): () => unknown {
  const fields = [...(decode(from) as readonly CborValue[])];
  change(fields);
  return () => openEntry(encode(fields));
}

describe('entries', () => {
  test('are read back as they were written, with the hash of their bytes', () => {
    const hash = new Uint8Array(createHash('sha256').update(bytes).digest());
    const read = openEntry(bytes);
    assert.deepEqual(read.hash, hash);
    assert.deepEqual(read, { ...entry, hash });
  });

  test('of any content are read back', () => {
    const anyRecord = fc.oneof(
      fc.constant({ type: recordType.version, hash: undefined }),
      bytesOf(32).map((hash) => ({ type: recordType.version, hash })),
      fc
        .tuple(fc.integer({ min: 4, max: 127 }), bytesOf(32))
        .map(([type, hash]) => ({ type, hash })),
    );
    fc.assert(
      fc.property(
        fc.array(anyRecord, { maxLength: 30 }),
        anyClock,
        fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        (records, clock, seq) => {
          const hasVersions = records.some(({ type }) => type === recordType.version);
          const links = hasVersions ? named('links') : undefined;
          const given = { ...entry, records, clock, seq, links };
          const { hash: _, ...read } = openEntry(encodeEntry(given));
          assert.deepEqual(read, given);
        },
      ),
    );
  });

  test('any cut or flipped byte is refused, or is another entry with another hash', () => {
    const { hash } = openEntry(bytes);
    for (let at = 0; at < bytes.length; at++) {
      assert.throws(() => openEntry(bytes.subarray(0, at)), VaultError);
      for (const bit of [1, 0x10, 0x80]) {
        const damaged = bytes.slice();
        damaged[at] = (damaged[at] ?? 0) ^ bit;
        assert.throws(() => openEntry(damaged, { hash }), invalid);
        try {
          const read = openEntry(damaged);
          assert.notDeepEqual(read.hash, hash);
          assert.deepEqual(encodeEntry(read), damaged);
        } catch (error) {
          assert.ok(error instanceof VaultError, `byte ${at}: ${String(error)}`);
        }
      }
    }
  });

  test('that are not the expected ones are refused', () => {
    const { hash } = openEntry(bytes);
    const expected = { log, seq: 7, previous: named('previous'), hash };
    assert.deepEqual(openEntry(bytes, expected).hash, hash);
    const changes = [{ log: otherLog }, { seq: 8 }, { previous: named('x') }, { hash: named('x') }];
    for (const change of changes) {
      assert.throws(() => openEntry(bytes, { ...expected, ...change }), invalid);
    }
  });

  test('of another format, or with an unknown critical feature, are refused by name', () => {
    assert.throws(
      altered((fields) => fields.splice(0, fields.length, 2, 'whatever comes')),
      refused('VAULT_FORMAT_UNSUPPORTED'),
    );
    assert.throws(
      altered((fields) => fields.splice(1, fields.length, [['new-links'], []], 'anything')),
      (error) =>
        isVaultError(error, 'VAULT_FORMAT_UNSUPPORTED') && error.message.includes('new-links'),
    );
  });

  test('an unknown optional feature may bring fields, which are passed over', () => {
    const fields = [...(decode(bytes) as readonly CborValue[])];
    fields[1] = [[], ['accumulator']];
    fields.push(named('root'), [1, 2]);
    const { hash: _, ...read } = openEntry(encode(fields));
    assert.deepEqual(read, { ...entry, features: { critical: [], optional: ['accumulator'] } });
    assert.throws(
      altered((all) => all.push(null)),
      invalid,
    );
    fields.push(...Array.from({ length: 60 }, () => 0));
    assert.throws(() => openEntry(encode(fields)), invalid);
  });

  test('the first of a log starts it: zeros before it, a log-start record in it', () => {
    const first: EntryFields = {
      ...entry,
      seq: 0,
      previous: new Uint8Array(32),
      links: undefined,
      records: [{ type: recordType.logStart, hash: named('start') }],
    };
    const start = encodeEntry(first);
    assert.equal(openEntry(start).seq, 0);
    assert.throws(
      altered((fields) => (fields[4] = named('x')), start),
      invalid,
    );
    assert.throws(
      altered((fields) => (fields[8] = Uint8Array.of(recordType.snapshot)), start),
      invalid,
    );
    assert.throws(
      altered((fields) => (fields[3] = 1), start),
      invalid,
    );
    const without = { ...first, records: [] };
    assert.throws(() => openEntry(encodeEntry(without)), invalid);
    const twice = { ...first, records: [...first.records, ...first.records] };
    assert.throws(() => openEntry(encodeEntry(twice)), invalid);
  });

  test('types, hashes and links must fit each other', () => {
    const hashes = Buffer.concat([named('body'), named('snapshot'), named('of a newer program')]);
    const bad: readonly ((fields: CborValue[]) => void)[] = [
      (fields) => (fields[9] = hashes.subarray(1)),
      (fields) => (fields[9] = Buffer.concat([hashes, named('more')])),
      (fields) => (fields[8] = Uint8Array.of(0, 0x81, 2, 99)),
      (fields) => (fields[8] = Uint8Array.of(1, 0x82, 2, 99)),
      (fields) => (fields[7] = null),
      (fields) => (fields[7] = 'text'),
      (fields) => (fields[8] = Uint8Array.of(2, 2, 99)),
    ];
    assert.doesNotThrow(altered((fields) => (fields[9] = hashes)));
    bad.forEach((change, at) => assert.throws(altered(change), invalid, `change ${at}`));
  });

  test('a clock that names the entry’s own log is refused', () => {
    const clock = new Map([[log, 7]]);
    assert.throws(() => openEntry(encodeEntry({ ...entry, clock })), invalid);
  });

  test('have limits: records, logs of the clock, bytes', () => {
    const records = Array.from({ length: MAX_ENTRY_RECORDS }, (_, at) => ({
      type: recordType.version,
      hash: named(`${at}`),
    }));
    assert.equal(openEntry(encodeEntry({ ...entry, records })).records.length, MAX_ENTRY_RECORDS);
    const more = [...records, { type: recordType.version, hash: undefined }];
    assert.throws(() => openEntry(encodeEntry({ ...entry, records: more })), invalid);
    const logs = Array.from({ length: MAX_CLOCK_DELTA + 1 }, (_, at) => namedHex(`log ${at}`));
    const clockOf = (count: number): Map<string, number> =>
      new Map(logs.slice(0, count).map((name) => [name, 1]));
    assert.equal(
      openEntry(encodeEntry({ ...entry, clock: clockOf(MAX_CLOCK_DELTA) })).clock.size,
      MAX_CLOCK_DELTA,
    );
    assert.throws(
      () => openEntry(encodeEntry({ ...entry, clock: clockOf(MAX_CLOCK_DELTA + 1) })),
      invalid,
    );
    assert.throws(
      () => openEntry(encodeEntry({ ...entry, links: new Uint8Array(MAX_ENTRY_BYTES) })),
      refused('VAULT_LIMIT_EXCEEDED'),
    );
  });

  test('bytes that are no entry at all give an error of ours and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        assert.throws(() => openEntry(noise), VaultError);
      }),
    );
    for (const depth of [100, 3000, 5000, 7000, 20_000, MAX_ENTRY_BYTES - 1]) {
      const nested = new Uint8Array(depth + 1).fill(0x81);
      nested[depth] = 0;
      assert.throws(() => openEntry(nested), VaultError, `${depth} arrays in each other`);
    }
    for (const hex of [
      '9b7fffffffffffffff',
      '5b7fffffffffffffff00',
      'bb00000000ffffffff',
      '9f00ff',
      'c100',
      'f6',
      'f7',
      'fb3ff8000000000000',
      'f97e00',
      '1800',
      '62c328',
      'a10001',
    ]) {
      assert.throws(() => openEntry(Buffer.from(hex, 'hex')), invalid, hex);
    }
  });
});
