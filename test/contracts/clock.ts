import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../src/clock.ts';

/** A clock, and how to let time pass on it. */
export interface ClockCase {
  readonly clock: Clock;
  readonly pass: (ms: number) => Promise<void>;
}

/** What every clock must do. */
export function clockContract(kind: string, make: () => ClockCase): void {
  const rule = (title: string, run: (one: ClockCase) => Promise<void>): void =>
    void test(`${kind}: ${title}`, () => run(make()));

  rule('tells wall time in milliseconds since 1970', async ({ clock }) => {
    const year = new Date(clock.wallMs()).getUTCFullYear();
    assert.ok(year >= 2020 && year < 2200, `${year}`);
    await Promise.resolve();
  });

  rule('never goes back by itself', async ({ clock, pass }) => {
    let last = clock.monotonicMs();
    for (let count = 0; count < 5; count++) {
      await pass(1);
      const now = clock.monotonicMs();
      assert.ok(now >= last + 1, `${last} then ${now}`);
      last = now;
    }
  });

  rule('runs a timer once, not before its time', async ({ clock, pass }) => {
    const start = clock.monotonicMs();
    const waited: number[] = [];
    for (const ms of [0, 1, 3.7, 20]) {
      clock.timer(ms, () => waited.push(clock.monotonicMs() - start - ms));
    }
    clock.timer(-5, () => waited.push(0));
    assert.deepEqual(waited, [], 'not while it is set');
    for (let count = 0; count < 20 && waited.length < 5; count++) await pass(20);
    await pass(20);
    assert.equal(waited.length, 5);
    for (const late of waited) assert.ok(late >= 0, `${-late} ms too early`);
  });

  rule('runs timers in the order of their times', async ({ clock, pass }) => {
    const order: string[] = [];
    clock.timer(30, () => order.push('third'));
    clock.timer(1, () => order.push('first'));
    clock.timer(15, () => order.push('second'));
    for (let count = 0; count < 20 && order.length < 3; count++) await pass(30);
    assert.deepEqual(order, ['first', 'second', 'third']);
  });

  rule('cancels a timer, also from within another, and again', async ({ clock, pass }) => {
    let ran = 0;
    const cancel = clock.timer(1, () => ran++);
    const cancelLater = clock.timer(10, () => ran++);
    let done = false;
    clock.timer(2, () => {
      cancelLater();
      done = true;
    });
    cancel();
    cancel();
    for (let count = 0; count < 20 && !done; count++) await pass(10);
    await pass(20);
    assert.deepEqual([ran, done], [0, true]);
    cancelLater();
  });

  rule('takes timers of any length, and no nonsense', async ({ clock, pass }) => {
    let ran = 0;
    const cancels = [2 ** 31, 2 ** 40, Infinity].map((ms) => clock.timer(ms, () => ran++));
    await pass(20);
    for (const cancel of cancels) cancel();
    assert.equal(ran, 0);
    assert.throws(() => clock.timer(Number.NaN, () => ran++), RangeError);
  });
}
