import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  kolmogorovSmirnov,
  median,
  orderOf,
  pairRatios,
  spread,
} from '../../bench/harness/statistics.ts';

describe('statistics', () => {
  test('the median is the middle value, or the mean of the two in the middle', () => {
    assert.equal(median([3]), 3);
    assert.equal(median([9, 1, 3]), 3);
    assert.equal(median([4, 1, 3, 100]), 3.5);
    assert.throws(() => median([]), RangeError);
  });

  test('as many values lie above the median as below', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
        const middle = median(values);
        const below = values.filter((value) => value < middle).length;
        const above = values.filter((value) => value > middle).length;
        assert.ok(below <= values.length / 2 && above <= values.length / 2);
      }),
    );
  });

  test('a spread has the least and the greatest value, whatever the order', () => {
    assert.deepEqual(spread([2, 10, 1]), { median: 2, min: 1, max: 10 });
  });

  test('ratios are taken within a round, so that a slow round does not show', () => {
    const mine = [1, 10, 2].map((value, pair) => ({ pair, value }));
    const theirs = [2, 20, 4].map((value, pair) => ({ pair, value }));
    assert.deepEqual(pairRatios(mine, theirs), { median: 0.5, min: 0.5, max: 0.5 });
  });

  test('a round that lacks a side is left out, and none left is no ratio', () => {
    const mine = [
      { pair: 0, value: 1 },
      { pair: 1, value: 9 },
    ];
    assert.deepEqual(pairRatios(mine, [{ pair: 0, value: 4 }]), {
      median: 0.25,
      min: 0.25,
      max: 0.25,
    });
    assert.equal(pairRatios(mine, [{ pair: 2, value: 4 }]), undefined);
    assert.equal(pairRatios(mine, [{ pair: 0, value: 0 }]), undefined);
  });

  test('sides take turns at being first', () => {
    const sides = ['a', 'b', 'c'];
    assert.deepEqual(orderOf(sides, 0), ['a', 'b', 'c']);
    assert.deepEqual(orderOf(sides, 1), ['c', 'b', 'a']);
    assert.deepEqual(orderOf(sides, 2), ['a', 'b', 'c']);
    assert.deepEqual(sides, ['a', 'b', 'c']);
  });

  test('two distributions are as far apart as their functions at the widest', () => {
    assert.equal(kolmogorovSmirnov([1, 2, 3], [1, 2, 3]), 0);
    assert.equal(kolmogorovSmirnov([1, 2], [3, 4]), 1);
    assert.equal(kolmogorovSmirnov([1, 2, 3, 4], [3, 4, 5, 6]), 0.5);
    assert.equal(kolmogorovSmirnov([1, 1, 1, 2], [1, 2]), 0.25);
    assert.throws(() => kolmogorovSmirnov([], [1]), RangeError);
    const side = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1 });
    fc.assert(
      fc.property(side, side, (a, b) => {
        const below = (values: number[], at: number): number =>
          values.filter((value) => value <= at).length / values.length;
        const naive = Math.max(...[...a, ...b].map((at) => Math.abs(below(a, at) - below(b, at))));
        assert.equal(kolmogorovSmirnov(a, b), naive);
        assert.equal(kolmogorovSmirnov(b, a), naive);
      }),
    );
  });
});
