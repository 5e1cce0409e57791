/** Time as it is handed in: nothing else in vault asks the system for it. */

export interface Clock {
  /** Wall-clock time in milliseconds since 1970-01-01 UTC; may jump in either direction. */
  wallMs(): number;
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonicMs(): number;
  /** Calls `run` once after at least `ms`; the returned function cancels it. Keeps the process alive. */
  timer(ms: number, run: () => void): () => void;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  timer(ms, run) {
    const handle = setTimeout(run, ms);
    return () => clearTimeout(handle);
  },
};
