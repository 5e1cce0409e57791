import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HalfOpen } from '../../src/net/half-open.ts';
import { answerAt } from '../../src/net/delay-grid.ts';

describe('half-open streams', () => {
  test('beyond the limit push out the oldest of the address that has most', () => {
    const open = new HalfOpen<number>(4);
    assert.equal(open.add('a', 1), undefined);
    assert.equal(open.add('flood', 2), undefined);
    assert.equal(open.add('flood', 3), undefined);
    assert.equal(open.add('b', 4), undefined);
    assert.equal(open.add('c', 5), 2);
    assert.equal(open.add('flood', 6), 3);
    assert.equal(open.size, 4);
    assert.deepEqual(
      open.all().toSorted((a, b) => a - b),
      [1, 4, 5, 6],
    );
  });

  test('that are known or gone count no more, once', () => {
    const open = new HalfOpen<number>(2);
    open.add('a', 1);
    open.add('a', 2);
    open.remove('a', 1);
    open.remove('a', 1);
    open.remove('nobody', 1);
    assert.equal(open.size, 1);
    assert.equal(open.add('a', 3), undefined);
    assert.equal(open.add('a', 4), 2);
  });
});

test('an answer leaves a grid step after the question, or a whole number of them', () => {
  assert.equal(answerAt(1000, 1000, 100), 1100);
  assert.equal(answerAt(1000, 1000.4, 100), 1100);
  assert.equal(answerAt(1000, 1099.9, 100), 1100);
  assert.equal(answerAt(1000, 1100.1, 100), 1200);
  assert.equal(answerAt(1000, 1931, 100), 2000);
});
