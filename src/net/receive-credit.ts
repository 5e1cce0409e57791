/**
 * How much data one peer may send us: a window that begins at 1 MiB and doubles, up to 32 MiB, while a
 * whole window arrives in less than half a second or two round trips. Counts are cumulative, so nothing
 * depends on how grants and data overtake each other.
 */

import { INITIAL_CREDIT_BYTES, MAX_CREDIT_BYTES } from '../limits.ts';
import type { CreditPool } from './credit-pool.ts';

const ROUND_MS = 500;

export class ReceiveCredit {
  readonly #pool: CreditPool;
  #granted = 0;
  #received = 0;
  #settled = 0;
  #back = 0;
  #held = 0;
  #isClosed = false;
  #window = INITIAL_CREDIT_BYTES;
  #roundStart: number | undefined;
  #roundBytes = 0;
  #roundTripMs = Infinity;
  #askedAt: number | undefined;

  constructor(pool: CreditPool) {
    this.#pool = pool;
  }

  /** Bytes that are worth having on their way. */
  get window(): number {
    return this.#window;
  }

  /** The quickest answer so far, in milliseconds; infinite before the first. */
  get roundTripMs(): number {
    return this.#roundTripMs;
  }

  /** Bytes that the peer may send at this moment; below 0 where its last message was longer. */
  get open(): number {
    return this.#granted - this.#back - this.#received;
  }

  /** To be called with each ask; the total to tell the peer, undefined where it has enough. */
  grant(now: number): number | undefined {
    if (this.open <= 0) this.#askedAt ??= now;
    this.#roundStart ??= now;
    if (this.open > this.#window / 2) return undefined;
    const wanted = this.#window - this.open;
    const least = Math.min(wanted, INITIAL_CREDIT_BYTES - this.open);
    const bytes = Math.max(least, Math.min(wanted, this.#pool.free));
    if (bytes <= 0) return undefined;
    this.#granted += bytes;
    this.#hold();
    return this.#granted;
  }

  /** Counts data that arrived. False where the peer had no credit left: it broke the rule. */
  receive(bytes: number, now: number): boolean {
    if (this.open <= 0) return false;
    this.#received += bytes;
    if (this.#askedAt !== undefined) {
      this.#roundTripMs = Math.min(this.#roundTripMs, now - this.#askedAt);
      this.#askedAt = undefined;
    }
    this.#grow(bytes, now);
    this.#hold();
    return true;
  }

  /** Data that arrived was stored or thrown away. */
  settle(bytes: number): void {
    this.#settled += bytes;
    this.#hold();
  }

  /** Nothing is asked for any more: the next round begins with the next ask. */
  rest(): void {
    this.#roundStart = undefined;
    this.#roundBytes = 0;
  }

  /** The peer gives up credit, as a total. False where it does not have that much. */
  takeBack(total: number): boolean {
    if (total < this.#back || total > this.#granted - this.#received) return false;
    this.#back = total;
    this.#hold();
    return true;
  }

  /** The session ended: nothing more comes. */
  close(): void {
    this.#pool.give(this.#held);
    this.#held = 0;
    this.#isClosed = true;
  }

  #grow(bytes: number, now: number): void {
    this.#roundStart ??= now;
    this.#roundBytes += bytes;
    if (this.#roundBytes < this.#window) return;
    const limit = Number.isFinite(this.#roundTripMs)
      ? Math.max(ROUND_MS, 2 * this.#roundTripMs)
      : ROUND_MS;
    if (now - this.#roundStart < limit) this.#window = Math.min(this.#window * 2, MAX_CREDIT_BYTES);
    this.#roundStart = now;
    this.#roundBytes = 0;
  }

  #hold(): void {
    if (this.#isClosed) return;
    const held = Math.max(0, Math.max(this.#granted - this.#back, this.#received) - this.#settled);
    if (held > this.#held) this.#pool.take(held - this.#held);
    else this.#pool.give(this.#held - held);
    this.#held = held;
  }
}
