import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { giveBack, Lender } from '../../src/system/lent-bytes.ts';

describe('lent bytes', () => {
  test('stay what they are until they are given back, whatever is lent meanwhile', () => {
    const steps = fc.array(
      fc.record({
        bytes: fc.integer({ min: 1, max: 900_000 }),
        back: fc.option(fc.nat(20), { nil: undefined }),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, (list) => {
        const lender = new Lender();
        const lent: { bytes: Uint8Array; mark: number }[] = [];
        for (const [turn, { bytes, back }] of list.entries()) {
          const room = lender.room(bytes);
          assert.ok(room.length >= bytes);
          room.fill(turn, 0, bytes);
          lent.push({ bytes: lender.lend(bytes), mark: turn });
          for (const one of lent) {
            assert.equal(one.bytes[0], one.mark);
            assert.equal(one.bytes.at(-1), one.mark);
          }
          const [ended] = back === undefined ? [] : lent.splice(back % lent.length, 1);
          if (ended !== undefined) giveBack(ended.bytes);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('that are given back are lent again, so that no more memory is asked for', () => {
    const lender = new Lender();
    const buffers = new Set<ArrayBufferLike>();
    let before: Uint8Array | undefined;
    for (let turn = 0; turn < 100; turn++) {
      lender.room(1_500_000);
      const lent = lender.lend(1_500_000);
      buffers.add(lent.buffer);
      if (before !== undefined) giveBack(before);
      before = lent;
    }
    assert.equal(buffers.size, 2);
  });

  test('that never come back are forgotten', () => {
    const lender = new Lender();
    for (let turn = 0; turn < 100; turn++) {
      lender.room(3_000_000);
      lender.lend(3_000_000).fill(turn);
    }
    lender.room(3_000_000);
    const lent = lender.lend(1);
    giveBack(lent);
    assert.equal(lender.room(1).byteOffset, lent.byteOffset);
  });

  test('of two threads are the same bytes', () => {
    const lender = new Lender();
    lender.room(3).set([1, 2, 3]);
    const lent = structuredClone(lender.lend(3));
    assert.deepEqual([...lent], [1, 2, 3]);
    giveBack(lent);
    assert.equal(lender.room(3).byteOffset, lent.byteOffset);
  });

  test('bytes that nobody lent cannot be given back', () => {
    assert.throws(() => giveBack(new Uint8Array(9)), TypeError);
    assert.throws(() => new Lender().lend(1), TypeError);
  });
});
