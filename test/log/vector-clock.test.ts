import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decode, encode } from '../../src/codec.ts';
import { isVaultError } from '../../src/errors.ts';
import { MAX_LOGS } from '../../src/limits.ts';
import { asClock, clockToValue } from '../../src/log/clock-codec.ts';
import {
  clockDelta,
  compareClocks,
  covers,
  emptyClock,
  includesClock,
  mergeClocks,
} from '../../src/log/vector-clock.ts';
import type { VectorClock } from '../../src/log/types.ts';
import { anyClock } from '../helpers/log-arbitraries.ts';

const a = 'aa'.repeat(32);
const b = 'bb'.repeat(32);

/** Clocks over few logs with small counts: they often cover each other. */
const smallClock: fc.Arbitrary<VectorClock> = fc
  .array(fc.tuple(fc.constantFrom(a, b), fc.integer({ min: 1, max: 3 })), { maxLength: 3 })
  .map((pairs) => new Map(pairs));

function invalid(error: unknown): boolean {
  return isVaultError(error, 'VAULT_ENTRY_INVALID');
}

describe('vector clocks', () => {
  test('cover the entries below their count', () => {
    const clock = new Map([[a, 2]]);
    assert.ok(covers(clock, { log: a, seq: 1 }));
    assert.ok(!covers(clock, { log: a, seq: 2 }));
    assert.ok(!covers(clock, { log: b, seq: 0 }));
    assert.ok(!covers(emptyClock, { log: a, seq: 0 }));
  });

  test('a merge covers both and nothing more, in either order', () => {
    fc.assert(
      fc.property(smallClock, smallClock, (x, y) => {
        const merged = mergeClocks(x, y);
        assert.ok(includesClock(merged, x) && includesClock(merged, y));
        assert.equal(compareClocks(merged, mergeClocks(y, x)), 'equal');
        for (const [log, count] of merged) {
          assert.equal(count, Math.max(x.get(log) ?? 0, y.get(log) ?? 0));
        }
      }),
    );
  });

  test('a comparison and its mirror image agree', () => {
    const mirror = { equal: 'equal', before: 'after', after: 'before', concurrent: 'concurrent' };
    fc.assert(
      fc.property(smallClock, smallClock, (x, y) => {
        assert.equal(compareClocks(x, y), mirror[compareClocks(y, x)]);
      }),
    );
    assert.equal(compareClocks(new Map([[a, 1]]), new Map([[b, 1]])), 'concurrent');
    assert.equal(compareClocks(emptyClock, new Map([[b, 1]])), 'before');
  });

  test('a delta merged into the old clock gives the new one', () => {
    fc.assert(
      fc.property(smallClock, smallClock, (old, more) => {
        const now = mergeClocks(old, more);
        const delta = clockDelta(old, now);
        assert.equal(compareClocks(mergeClocks(old, delta), now), 'equal');
        for (const [log, count] of delta) assert.ok(count > (old.get(log) ?? 0));
      }),
    );
  });

  test('are read back as they were written, in one form whatever the order', () => {
    fc.assert(
      fc.property(anyClock, (clock) => {
        const bytes = encode(clockToValue(clock));
        assert.deepEqual([...asClock(decode(bytes))], [...clock]);
        const reversed = new Map([...clock].toReversed());
        assert.deepEqual(encode(clockToValue(reversed)), bytes);
      }),
    );
  });

  test('out of order, twice, zero, cut short or too many: refused', () => {
    const log = new Uint8Array(32);
    const later = new Uint8Array(32).fill(1);
    assert.throws(() => asClock([later, 1, log, 1]), invalid);
    assert.throws(() => asClock([log, 1, log, 1]), invalid);
    assert.throws(() => asClock([log, 0]), invalid);
    assert.throws(() => asClock([log]), invalid);
    assert.throws(() => asClock([log.subarray(1), 1]), invalid);
    const many = Array.from({ length: MAX_LOGS + 1 }, (_, at) => [
      Buffer.from(at.toString(16).padStart(64, '0'), 'hex'),
      1,
    ]).flat();
    assert.equal(asClock(many.slice(2)).size, MAX_LOGS);
    assert.throws(() => asClock(many), invalid);
    assert.throws(() => clockToValue(new Map([['nothing', 1]])), invalid);
    assert.throws(() => clockToValue(new Map([[a, 0]])), invalid);
  });
});
