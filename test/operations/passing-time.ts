/** Lets the virtual clock pass while something waits for it. */

import type { VirtualClock } from '../../src/system/virtual-clock.ts';

/** The result of `work`; whenever all that can run has run, time passes until the next timer. */
export async function passingTime<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  let isDone = false;
  const settled = work.finally(() => {
    isDone = true;
  });
  // Whoever awaits the result hears of a failure.
  settled.catch(() => undefined);
  while (!isDone) {
    for (let turn = 0; turn < 20 && !isDone; turn++) await new Promise(setImmediate);
    const left = clock.untilNext();
    if (!isDone && left !== undefined) clock.advance(left);
  }
  return settled;
}
