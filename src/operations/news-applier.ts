/** When a working copy is brought to what came: soon after all of it is here, now and then while more comes. */

import type { Clock } from '../clock.ts';

/** How long nothing more must have come. */
const QUIET_MS = 50;
/** What came is shown at the latest after so long, and after as many times what the last round took. */
const LATEST_MS = 2000;
const TIMES = 4;

export interface NewsApplierParts {
  readonly clock: Clock;
  /** Whether nothing is under way that was asked for. */
  readonly isQuiet: () => boolean;
  /** Never throws. */
  readonly apply: () => Promise<void>;
}

export class NewsApplier {
  readonly #parts: NewsApplierParts;
  #stopTimer: (() => void) | undefined;
  /** When the oldest news came that no round has seen. */
  #sinceMs: number | undefined;
  #tookMs = 0;
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(parts: NewsApplierParts) {
    this.#parts = parts;
  }

  /** Whether everything that came was applied, or tried to be. */
  get isDone(): boolean {
    return this.#sinceMs === undefined && this.#running === undefined;
  }

  /** Something came. */
  note(): void {
    this.#sinceMs ??= this.#parts.clock.monotonicMs();
    this.#wait();
  }

  /** Begins no more; resolves when the round under way is over. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopTimer?.();
    await this.#running;
  }

  #wait(): void {
    if (this.#isClosed || this.#running !== undefined || this.#stopTimer !== undefined) return;
    this.#stopTimer = this.#parts.clock.timer(QUIET_MS, () => {
      this.#stopTimer = undefined;
      this.#look();
    });
  }

  #look(): void {
    const { clock, isQuiet } = this.#parts;
    if (this.#sinceMs === undefined) return;
    const waited = clock.monotonicMs() - this.#sinceMs;
    if (!isQuiet() && waited < Math.max(LATEST_MS, TIMES * this.#tookMs)) {
      this.#wait();
      return;
    }
    this.#running = this.#apply().finally(() => {
      this.#running = undefined;
      if (this.#sinceMs !== undefined) this.#wait();
    });
  }

  async #apply(): Promise<void> {
    const { clock, apply } = this.#parts;
    const began = clock.monotonicMs();
    this.#sinceMs = undefined;
    await apply();
    this.#tookMs = clock.monotonicMs() - began;
  }
}
