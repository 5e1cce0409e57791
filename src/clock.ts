/** Time as it is handed in: nothing else in vault asks the system for it. */

export interface Clock {
  /** Wall-clock time in milliseconds since 1970-01-01 UTC; may jump in either direction. */
  wallMs(): number;
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonicMs(): number;
  /** Calls `run` once after at least `ms`; the returned function cancels it. Keeps the process alive. */
  timer(ms: number, run: () => void): () => void;
}

/** Node runs a longer timer at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The clock of this machine. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  timer(ms, run) {
    if (Number.isNaN(ms)) throw new RangeError('expected milliseconds, got NaN');
    const due = performance.now() + ms;
    const wait = (left: number): NodeJS.Timeout =>
      setTimeout(check, Math.min(Math.ceil(left), LONGEST_TIMER_MS));
    // Node counts in whole milliseconds and may call up to one too early.
    const check = (): void => {
      const left = due - performance.now();
      if (left > 0) handle = wait(left);
      else run();
    };
    let handle = wait(ms);
    return () => clearTimeout(handle);
  },
};
