/** A limit on bytes in a second. Whole messages go: what was too much is waited for afterwards. */

/** Part of a second's bytes that may leave at once after a pause. */
const BURST = 0.1;

/** Pure but for what it counts; all times in milliseconds of one monotonic clock. */
export class RateLimit {
  readonly #perMs: number;
  /** Bytes that may leave; below 0 after more did. */
  #free: number;
  #atMs: number;

  /** Throws `RangeError` where the limit lets nothing through. */
  constructor(bytesPerSecond: number, nowMs: number) {
    if (!(bytesPerSecond >= 1))
      throw new RangeError(`expected bytes per second, got ${bytesPerSecond}`);
    this.#perMs = bytesPerSecond / 1000;
    this.#free = bytesPerSecond * BURST;
    this.#atMs = nowMs;
  }

  /** How long until something may leave again; 0 for now. */
  waitMs(nowMs: number): number {
    this.#fill(nowMs);
    // In whole milliseconds and a little more, so that afterwards it is past 0.
    return this.#free >= 0 ? 0 : Math.ceil(-this.#free / this.#perMs + 1e-6);
  }

  /** Takes note of bytes that left, whether they might or not. */
  spend(bytes: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#free -= bytes;
  }

  #fill(nowMs: number): void {
    const filled = this.#free + (nowMs - this.#atMs) * this.#perMs;
    this.#free = Math.min(filled, this.#perMs * 1000 * BURST);
    this.#atMs = nowMs;
  }
}
