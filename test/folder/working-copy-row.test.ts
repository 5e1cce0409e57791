import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { toHex } from '../../src/bytes.ts';
import { encodeSeenPage, keptTime, type SeenEntry } from '../../src/folder/working-copy-row.ts';
import { DirectoryRows } from '../../src/folder/directory-rows.ts';
import { rejects } from '../helpers/rejects.ts';
import { directories, fullLog, logs } from './seen-entries.ts';

function decoded(bytes: Uint8Array): Map<string, SeenEntry> {
  return new Map(DirectoryRows.of(bytes, fullLog, true));
}

const sample: SeenEntry = {
  kind: 'file',
  size: 258,
  mtimeNs: -1n,
  ctimeNs: 1_767_225_600_000_000_001n,
  inode: 2n ** 64n - 1n,
  executable: true,
  racy: false,
  digest: new Uint8Array(16).fill(0xdd),
  version: {
    log: logs[1] ?? '',
    seq: 0x0102_0304_0506,
    index: 7,
    hash8: new Uint8Array(8).fill(0xee),
  },
};

describe('rows of the working copy', () => {
  test('what was encoded is decoded, names that are no text included', () => {
    fc.assert(
      fc.property(directories, (entries) => {
        assert.deepEqual(decoded(encodeSeenPage(entries)), entries);
      }),
    );
  });

  test('the bytes are these', () => {
    assert.equal(
      toHex(encodeSeenPage([['a\udcff', sample]])),
      [
        '08',
        '4070200000000000',
        'ffffffffffffffff',
        '18867251edfa0001',
        'ffffffffffffffff',
        'aa'.repeat(16),
        '010203040506',
        '0007',
        'ee'.repeat(8),
        'dd'.repeat(16),
        '0002',
        '61ff',
      ].join(''),
    );
  });

  test('bytes that end early are damage, a removed row is none', async () => {
    const whole = encodeSeenPage([
      ['first', sample],
      ['second', sample],
    ]);
    const lengths = new Set([0, whole.length / 2, whole.length]);
    for (let length = 1; length < whole.length; length++) {
      if (length === 81 + 2 + 5) lengths.add(length);
      if (lengths.has(length)) continue;
      await rejects('VAULT_DAMAGED', () => decoded(whole.subarray(0, length)));
    }
    assert.deepEqual([...decoded(whole.subarray(0, 88)).keys()], ['first']);
    const other = whole.slice();
    other[0] = 3;
    assert.deepEqual([...decoded(other).keys()], ['second']);
    const nameless = encodeSeenPage([['n', sample]]);
    nameless[82] = 0;
    await rejects('VAULT_DAMAGED', () => decoded(nameless.subarray(0, 83)));
  });
});

describe('keptTime', () => {
  test('times of 64 bits stay, others become the nearest', () => {
    const last = 2n ** 63n - 1n;
    for (const [given, kept] of [
      [0n, 0n],
      [-1n, -1n],
      [last, last],
      [last + 1n, last],
      [13_569_465_600_000_000_000n, last],
      [-last - 1n, -last - 1n],
      [-last - 2n, -last - 1n],
    ] as const) {
      assert.equal(keptTime(given), kept);
    }
  });
});
