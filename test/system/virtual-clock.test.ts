import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { clockContract } from '../contracts/clock.ts';

clockContract('virtual clock', () => {
  const clock = new VirtualClock();
  const pass = (ms: number): Promise<void> => {
    clock.advance(ms);
    return Promise.resolve();
  };
  return { clock, pass };
});

test('time stands still until told to pass', () => {
  const clock = new VirtualClock(1000);
  assert.deepEqual([clock.wallMs(), clock.monotonicMs()], [1000, 0]);
  clock.advance(2.5);
  assert.deepEqual([clock.wallMs(), clock.monotonicMs()], [1002.5, 2.5]);
});

test('timers see the time they were due, and those they set are run on the way', () => {
  const clock = new VirtualClock();
  const seen: [string, number][] = [];
  clock.timer(10, () => seen.push(['ten', clock.monotonicMs()]));
  clock.timer(5, () => {
    seen.push(['five', clock.monotonicMs()]);
    clock.timer(5, () => seen.push(['five and five', clock.monotonicMs()]));
    clock.timer(0, () => seen.push(['five and none', clock.monotonicMs()]));
    clock.timer(100, () => seen.push(['too late', clock.monotonicMs()]));
  });
  assert.deepEqual([clock.timers, clock.untilNext()], [2, 5]);
  clock.advance(50);
  assert.deepEqual(seen, [
    ['five', 5],
    ['five and none', 5],
    ['ten', 10],
    ['five and five', 10],
  ]);
  assert.deepEqual([clock.monotonicMs(), clock.timers, clock.untilNext()], [50, 1, 55]);
});

test('timers of the same time run in the order they were set', () => {
  const clock = new VirtualClock();
  const seen: number[] = [];
  for (const number of [1, 2, 3]) clock.timer(5, () => seen.push(number));
  clock.advance(5);
  assert.deepEqual(seen, [1, 2, 3]);
});

test('the wall clock jumps both ways, and timers do not notice', () => {
  const clock = new VirtualClock(1_000_000);
  let ran = false;
  clock.timer(10, () => (ran = true));
  clock.jumpWall(-500_000);
  assert.equal(clock.wallMs(), 500_000);
  clock.jumpWall(3_600_000);
  clock.advance(9);
  assert.deepEqual([clock.wallMs(), ran], [4_100_009, false]);
  clock.advance(1);
  assert.equal(ran, true);
});

test('a timer that throws stops there, and the rest follows later', () => {
  const clock = new VirtualClock();
  let ran = false;
  clock.timer(1, () => {
    throw new Error('broken');
  });
  clock.timer(2, () => (ran = true));
  assert.throws(() => clock.advance(10), /broken/);
  assert.deepEqual([clock.monotonicMs(), ran], [1, false]);
  clock.advance(1);
  assert.equal(ran, true);
});

test('time only passes forward', () => {
  const clock = new VirtualClock();
  for (const ms of [-1, Number.NaN, Infinity]) {
    assert.throws(() => clock.advance(ms), RangeError);
  }
  assert.throws(() => clock.jumpWall(Infinity), RangeError);
});
