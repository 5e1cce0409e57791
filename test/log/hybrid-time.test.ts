import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MAX_CLOCK_LEAD_US } from '../../src/limits.ts';
import { nextTime, observeTime } from '../../src/log/hybrid-time.ts';

const now = 1_800_000_000_000;

describe('hybrid time', () => {
  test('is the wall clock in microseconds where that moves on', () => {
    assert.equal(nextTime(0, now), now * 1000);
    assert.equal(nextTime(now * 1000 - 1, now + 0.25), now * 1000 + 250);
  });

  test('is one more than the last where the wall clock stands or goes back', () => {
    assert.equal(nextTime(now * 1000, now), now * 1000 + 1);
    assert.equal(nextTime(now * 1000, now - 40 * 365 * 86_400_000), now * 1000 + 1);
  });

  test('grows with every record, whatever the wall clock does', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true }), { maxLength: 50 }), (walls) => {
        let last = 0;
        for (const wall of walls) {
          const time = nextTime(last, wall);
          assert.ok(Number.isSafeInteger(time) && time > last);
          last = time;
        }
      }),
    );
  });

  test('adopts what others wrote up to an hour ahead', () => {
    const wall = now * 1000;
    assert.equal(observeTime(5, wall + MAX_CLOCK_LEAD_US, now), wall + MAX_CLOCK_LEAD_US);
    assert.equal(observeTime(5, wall - 1, now), wall - 1);
    assert.equal(observeTime(wall, 7, now), wall);
  });

  test('one clock that is years ahead drags nobody', () => {
    const wall = now * 1000;
    assert.equal(observeTime(wall, wall + MAX_CLOCK_LEAD_US + 1, now), wall);
    assert.equal(observeTime(wall, Number.MAX_SAFE_INTEGER, now), wall);
  });

  test('a wall clock beyond all bounds leaves times for later records', () => {
    const time = nextTime(0, Infinity);
    assert.ok(nextTime(time, Infinity) === time + 1);
    assert.ok(Number.MAX_SAFE_INTEGER - time > 2 ** 39);
  });

  test('the end of time is an error, not a time that went back', () => {
    assert.throws(() => nextTime(Number.MAX_SAFE_INTEGER, now), RangeError);
  });
});
