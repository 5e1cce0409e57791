/** A bound on data on its way or not stored yet, shared by all sessions of a peer or of the process. */

export class CreditPool {
  readonly #limit: number;
  readonly #parent: CreditPool | undefined;
  #used = 0;

  /** `limit` in bytes; what is taken here is taken from `parent` too. */
  constructor(limit: number, parent?: CreditPool) {
    this.#limit = limit;
    this.#parent = parent;
  }

  /** Bytes that may still be taken; never below 0. */
  get free(): number {
    const own = Math.max(0, this.#limit - this.#used);
    return this.#parent === undefined ? own : Math.min(own, this.#parent.free);
  }

  get used(): number {
    return this.#used;
  }

  /** Takes bytes whether they are free or not: each session is let have its least. */
  take(bytes: number): void {
    this.#used += bytes;
    this.#parent?.take(bytes);
  }

  /** Throws `RangeError` where more is given than was taken. */
  give(bytes: number): void {
    if (bytes > this.#used) throw new RangeError(`expected at most ${this.#used}, got ${bytes}`);
    this.#used -= bytes;
    this.#parent?.give(bytes);
  }
}
