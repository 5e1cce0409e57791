/**
 * Space put by for the day the disk is full: LevelDB then refuses even deletions, so that without it
 * nothing could be pruned.
 */

import { dirname } from 'node:path';
import type { FileSystem } from '../system/file-system.ts';
import { storeFailure } from './store-failure.ts';

/** What a home keeps back unless told otherwise. */
export const RESERVE_BYTES = 8 * 1024 * 1024;

export interface ReserveStatus {
  /** Bytes really allocated by the reserve file; 0 where there is none. */
  readonly bytes: number;
  /** Whether that is all it should be. */
  readonly whole: boolean;
}

export class Reserve {
  readonly #fs: FileSystem;
  readonly #path: string;
  readonly #bytes: number;

  /** The reserve in the file `path`, of `bytes` bytes; 0 keeps none. Touches nothing yet. */
  constructor(fs: FileSystem, path: string, bytes: number = RESERVE_BYTES) {
    if (!Number.isSafeInteger(bytes) || bytes < 0) {
      throw new RangeError(`expected a number of bytes, got ${bytes}`);
    }
    this.#fs = fs;
    this.#path = path;
    this.#bytes = bytes;
  }

  status(): ReserveStatus {
    const stat = this.#fs.statIfPresent(this.#path);
    if (stat === undefined) return { bytes: 0, whole: this.#bytes === 0 };
    const bytes = Math.min(stat.size, stat.allocated);
    return { bytes, whole: stat.size === this.#bytes && bytes === this.#bytes };
  }

  /** Gives the space up. Returns whether there was any. */
  release(): boolean {
    const there = this.#fs.statIfPresent(this.#path) !== undefined;
    try {
      this.#fs.removeTree(this.#path);
      this.#fs.syncDirectory(dirname(this.#path));
    } catch (error) {
      throw storeFailure(error, this.#path, 'release');
    }
    return there;
  }

  /**
   * Makes the reserve whole if it is not; it is durable on return. Throws `VAULT_NO_SPACE` if there
   * is too little, and then takes nothing.
   */
  restore(): void {
    if (this.status().whole) return;
    const temporary = `${this.#path}.tmp`;
    try {
      this.#fs.removeTree(this.#path);
      if (this.#bytes === 0) return;
      this.#fs.removeTree(temporary);
      this.#fill(temporary);
      this.#fs.rename(temporary, this.#path);
      this.#fs.syncDirectory(dirname(this.#path));
    } catch (error) {
      this.#fs.removeTree(temporary);
      throw storeFailure(error, this.#path, 'write');
    }
  }

  #fill(path: string): void {
    const file = this.#fs.open(path, { mode: 'create', permissions: 0o600 });
    try {
      const next = noise();
      for (let at = 0; at < this.#bytes;) {
        const piece = next().subarray(0, this.#bytes - at);
        file.write(piece, at);
        at += piece.length;
      }
      file.sync();
    } finally {
      file.close();
    }
  }
}

/** Pieces that no file system can compress or store once (xorshift32, Marsaglia 2003). */
function noise(): () => Uint8Array {
  const words = new Uint32Array(64 * 1024);
  let state = 0x9e3779b9;
  return () => {
    for (let at = 0; at < words.length; at++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[at] = state;
    }
    return new Uint8Array(words.buffer);
  };
}
