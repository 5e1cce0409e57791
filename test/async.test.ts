import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { deferred, mapBounded, Mutex, Semaphore } from '../src/async.ts';

test('a deferred is settled from outside, once', async () => {
  const done = deferred<number>();
  done.resolve(1);
  done.resolve(2);
  done.reject(new Error('late'));
  assert.equal(await done.promise, 1);
  const failed = deferred<number>();
  failed.reject(new Error('failed'));
  await assert.rejects(failed.promise, /failed/);
});

test('a mutex runs one task at a time, in order, whatever fails', async () => {
  const mutex = new Mutex();
  const log: string[] = [];
  const task =
    (name: string, fails = false) =>
    async (): Promise<string> => {
      log.push(`${name} begins`);
      await setImmediate();
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
  const results = await Promise.allSettled([
    mutex.run(task('a')),
    mutex.run(task('b', true)),
    mutex.run(() => {
      throw new Error('at once');
    }),
    mutex.run(task('c')),
  ]);
  assert.deepEqual(log, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  assert.deepEqual(
    results.map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason))),
    ['a', 'Error: b', 'Error: at once', 'c'],
  );
});

test('a bounded map keeps order and never exceeds its limit', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(3), { maxLength: 20 }),
      fc.integer({ min: 1, max: 6 }),
      async (turns, limit) => {
        let running = 0;
        let most = 0;
        const results = await mapBounded(turns, limit, async (count, index) => {
          most = Math.max(most, ++running);
          for (let turn = 0; turn <= count; turn++) await Promise.resolve();
          running--;
          return `${index}:${count}`;
        });
        assert.deepEqual(
          results,
          turns.map((count, index) => `${index}:${count}`),
        );
        assert.ok(most <= limit);
        assert.equal(most, Math.min(limit, turns.length));
      },
    ),
  );
});

test('a bounded map throws what failed first, after what was begun has ended', async () => {
  const [slow, fast] = [deferred<void>(), deferred<void>()];
  const begun: number[] = [];
  let slowEnded = false;
  const mapped = mapBounded([0, 1, 2, 3], 2, async (item) => {
    begun.push(item);
    if (item === 0) {
      await slow.promise;
      slowEnded = true;
      throw new Error('second failure');
    }
    await fast.promise;
    throw new Error('first failure');
  });
  fast.resolve();
  await setImmediate();
  slow.resolve();
  await assert.rejects(mapped, /first failure/);
  assert.ok(slowEnded);
  assert.deepEqual(begun, [0, 1]);
});

test('a bounded map throws even undefined, and refuses limits that would do nothing', async () => {
  // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- the point of the test
  const rejecting = mapBounded([1], 1, () => Promise.reject(undefined));
  assert.equal(
    await rejecting.then(
      () => 'resolved',
      (reason: unknown) => reason,
    ),
    undefined,
  );
  for (const limit of [0, -1, Number.NaN]) {
    await assert.rejects(
      mapBounded([1], limit, () => Promise.resolve(1)),
      RangeError,
    );
  }
  assert.deepEqual(await mapBounded([], 3, () => Promise.resolve(1)), []);
});

test('a semaphore never gives out more than its budget, and serves in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 10 }),
      fc.array(fc.tuple(fc.nat(14), fc.nat(3)), { maxLength: 25 }),
      async (budget, jobs) => {
        const semaphore = new Semaphore(budget);
        let taken = 0;
        const served: number[] = [];
        await Promise.all(
          jobs.map(async ([units, turns], index) => {
            await semaphore.take(units);
            served.push(index);
            taken += Math.min(units, budget);
            assert.ok(taken <= budget, `${taken} of ${budget}`);
            for (let turn = 0; turn < turns; turn++) await Promise.resolve();
            taken -= Math.min(units, budget);
            semaphore.give(units);
          }),
        );
        assert.deepEqual(served, [...jobs.keys()]);
        // All of it is back.
        await semaphore.take(budget);
      },
    ),
  );
});

test('a semaphore lets a small request wait behind a large one', async () => {
  const semaphore = new Semaphore(4);
  await semaphore.take(3);
  const order: string[] = [];
  const large = semaphore.take(9).then(() => order.push('large'));
  const small = semaphore.take(1).then(() => order.push('small'));
  await setImmediate();
  assert.deepEqual(order, []);
  semaphore.give(3);
  await large;
  await setImmediate();
  assert.deepEqual(order, ['large']);
  semaphore.give(9);
  await small;
  assert.deepEqual(order, ['large', 'small']);
});

test('a semaphore refuses to get back what it never gave', async () => {
  const semaphore = new Semaphore(2);
  assert.throws(() => semaphore.give(), RangeError);
  await semaphore.take(2);
  semaphore.give(2);
  assert.throws(() => semaphore.give(1), RangeError);
  await assert.rejects(semaphore.take(-1), RangeError);
  await assert.rejects(semaphore.take(Number.NaN), RangeError);
  for (const budget of [0, -1, Number.NaN]) assert.throws(() => new Semaphore(budget), RangeError);
});
