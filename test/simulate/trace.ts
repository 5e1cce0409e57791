/** What happened in a run: every event goes into its hash, those that people want to read are kept. */

import { createHash } from 'node:crypto';
import { toHex } from '../../src/bytes.ts';

export class Trace {
  /** What a reader is shown, oldest first. */
  readonly lines: string[] = [];
  readonly #hash = createHash('sha256');
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Notes an event for readers. */
  say(who: string, what: string): void {
    const line = `${(this.#now() / 1000).toFixed(3).padStart(9)} ${who.padEnd(2)} ${what}`;
    this.lines.push(line);
    this.#hash.update(`${line}\n`);
  }

  /** Notes an event that only tells two runs apart. */
  mark(...parts: readonly (string | number | Uint8Array)[]): void {
    this.#hash.update(`${this.#now()}`);
    for (const part of parts) {
      this.#hash.update(typeof part === 'number' ? ` ${part}` : ' ');
      if (typeof part !== 'number') this.#hash.update(part);
    }
  }

  /** The hash of all that was noted; the trace is at its end. */
  end(): string {
    return toHex(this.#hash.digest()).slice(0, 16);
  }
}
