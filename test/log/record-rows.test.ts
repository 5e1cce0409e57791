import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { toHex } from '../../src/bytes.ts';
import { recordKey } from '../../src/log/record-rows.ts';
import { rejects } from '../helpers/rejects.ts';

const logs = ['a', 'b', 'c'].map((digit) => digit.repeat(64));
const numbers = {
  number: (log: string): number => logs.indexOf(log),
  log: (number: number): string | undefined => logs[number],
};

const dots = fc.record(
  {
    log: fc.constantFrom(...logs),
    seq: fc.maxSafeNat().map((seq) => seq % 2 ** 48),
    index: fc.integer({ min: 0, max: 1023 }),
  },
  { noNullPrototype: true },
);

describe('recordKey', () => {
  test('gives back what it was made of', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 127 }), fc.maxSafeNat(), dots, (type, time, dot) => {
        const key = recordKey.encode(type, time, dot, numbers);
        assert.deepEqual(
          [recordKey.dot(key, numbers), recordKey.time(key), key[1]],
          [dot, time, type],
        );
      }),
    );
  });

  test('sorts by type, then time, then log and place', () => {
    const sorted = [
      recordKey.encode(2, 9, { log: logs[2] ?? '', seq: 9, index: 9 }, numbers),
      recordKey.encode(3, 1, { log: logs[0] ?? '', seq: 0, index: 0 }, numbers),
      recordKey.encode(3, 2 ** 40, { log: logs[0] ?? '', seq: 0, index: 0 }, numbers),
      recordKey.encode(3, 2 ** 40, { log: logs[0] ?? '', seq: 1, index: 0 }, numbers),
      recordKey.encode(3, 2 ** 40, { log: logs[0] ?? '', seq: 1, index: 7 }, numbers),
      recordKey.encode(3, 2 ** 40, { log: logs[1] ?? '', seq: 0, index: 0 }, numbers),
    ];
    assert.deepEqual(
      sorted.toSorted((a, b) => Buffer.compare(a, b)),
      sorted,
    );
    assert.equal(
      toHex(
        recordKey.encode(3, 258, { log: logs[1] ?? '', seq: 2 ** 33 + 5, index: 513 }, numbers),
      ),
      '4003000000000000010200010002000000050201',
    );
  });

  test('a key that is none is damage', async () => {
    const key = recordKey.encode(3, 1, { log: logs[0] ?? '', seq: 0, index: 0 }, numbers);
    await rejects('VAULT_DAMAGED', () => recordKey.dot(key.subarray(0, 19), numbers));
    await rejects('VAULT_DAMAGED', () => recordKey.dot(new Uint8Array([...key, 0]), numbers));
    const unknown = key.slice();
    unknown[11] = 3;
    await rejects('VAULT_DAMAGED', () => recordKey.dot(unknown, numbers));
    for (const at of [2, 3]) {
      const late = key.slice();
      late[at] = 0xff;
      await rejects('VAULT_DAMAGED', () => recordKey.time(late));
    }
  });
});
