import type { Clock } from '../clock.ts';

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly run: () => void;
}

/** Where a virtual wall clock starts: 2026-01-01T00:00:00Z, in milliseconds since 1970. */
const START = 1_767_225_600_000;

/** Time that stands still until told to pass: for simulations and tests. */
export class VirtualClock implements Clock {
  #monotonic = 0;
  /** Wall time minus monotonic time. */
  #offset: number;
  #timers: Timer[] = [];
  #order = 0;

  constructor(startMs = START) {
    this.#offset = startMs;
  }

  wallMs(): number {
    return this.#monotonic + this.#offset;
  }

  monotonicMs(): number {
    return this.#monotonic;
  }

  timer(ms: number, run: () => void): () => void {
    if (Number.isNaN(ms)) throw new RangeError('expected milliseconds, got NaN');
    const timer = { due: this.#monotonic + Math.max(0, ms), order: this.#order++, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  /** Timers that have not run and were not cancelled. */
  get timers(): number {
    return this.#timers.length;
  }

  /** Milliseconds until the next timer, undefined without one. */
  untilNext(): number | undefined {
    const next = this.#next(Infinity);
    return next && next.due - this.#monotonic;
  }

  /**
   * Lets `ms` pass. Timers due by then run in order of their time, then of their making, each seeing the
   * time it was due; also those set by other timers on the way. What a timer throws is thrown from here,
   * with the time at that moment.
   */
  advance(ms: number): void {
    if (!(ms >= 0 && ms < Infinity)) throw new RangeError(`expected milliseconds, got ${ms}`);
    const end = this.#monotonic + ms;
    for (let timer = this.#next(end); timer; timer = this.#next(end)) {
      const { due, run } = timer;
      this.#timers = this.#timers.filter((one) => one !== timer);
      this.#monotonic = Math.max(this.#monotonic, due);
      run();
    }
    // A timer may itself have advanced the clock.
    this.#monotonic = Math.max(this.#monotonic, end);
  }

  /** Sets the wall clock forward or, if negative, back; monotonic time and timers do not notice. */
  jumpWall(ms: number): void {
    if (!Number.isFinite(ms)) throw new RangeError(`expected milliseconds, got ${ms}`);
    this.#offset += ms;
  }

  #next(until: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      const sooner =
        !next || timer.due < next.due || (timer.due === next.due && timer.order < next.order);
      if (timer.due <= until && sooner) next = timer;
    }
    return next;
  }
}
