/**
 * What is gone from the working copy for less than a moment: many programs save by removing a file and
 * making it again, and hints of a move come one end at a time. Pure.
 */

import { directoryOf } from '../folder-path.ts';

/** How long something is gone before that is recorded. */
export const HOLD_MS = 1_000;

export class HeldDeletions {
  /** By path, since when it is gone. */
  #since = new Map<string, number>();
  #found = new Map<string, number>();

  /** Directories in which something is gone: each look goes there too, since it may have been moved from them. */
  get directories(): ReadonlySet<string> {
    return new Set([...this.#since.keys()].map(directoryOf));
  }

  /** When the next deletion is to be recorded, by directory. */
  get due(): ReadonlyMap<string, number> {
    const due = new Map<string, number>();
    for (const [path, sinceMs] of this.#since) {
      const directory = directoryOf(path);
      due.set(directory, Math.min(sinceMs + HOLD_MS, due.get(directory) ?? Infinity));
    }
    return due;
  }

  /** Begins a look that goes through these directories; through all {@link directories} where none are given. */
  begin(looked?: ReadonlySet<string>): void {
    this.#found = new Map();
    if (looked === undefined) return;
    for (const [path, ms] of this.#since) {
      if (!looked.has(directoryOf(path))) this.#found.set(path, ms);
    }
  }

  /** Whether what the look found gone is to be left as recorded for now. */
  holds(path: string, nowMs: number): boolean {
    const sinceMs = this.#since.get(path) ?? nowMs;
    if (nowMs - sinceMs >= HOLD_MS) return false;
    this.#found.set(path, sinceMs);
    return true;
  }

  /** Ends the look: what it did not find gone is back, or was recorded. */
  end(): void {
    this.#since = this.#found;
  }
}
