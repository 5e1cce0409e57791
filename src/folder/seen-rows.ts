/**
 * The rows of one directory as bytes: names are looked up and stats compared without making an object
 * of each entry, which is what lets a scan go through a million of them.
 */

import { asBuffer, type Bytes } from '../bytes.ts';
import type { FileStat } from '../system/file-system.ts';
import {
  eachSeenRow,
  isRacyRow,
  isRowOf,
  rowKind,
  rowMount,
  rowSize,
  type SeenEntry,
} from './working-copy-row.ts';

export class SeenRows {
  readonly bytes: Bytes;
  readonly #buffer: Buffer;
  readonly #places = new Map<string, number>();
  readonly #met = new Set<number>();
  /** How many files and symlinks are recorded. */
  readonly contents: number;

  /** Throws `VAULT_DAMAGED` where the bytes are no rows. */
  constructor(bytes: Bytes) {
    this.bytes = bytes;
    this.#buffer = asBuffer(bytes);
    let contents = 0;
    eachSeenRow(this.#buffer, (at, name) => {
      if (name === undefined) return;
      this.#places.set(name, at);
      if (rowKind(this.#buffer, at) !== 'directory') contents++;
    });
    this.contents = contents;
  }

  /** Where the row of a name lies; undefined for one that is not recorded. */
  find(name: string): number | undefined {
    return this.#places.get(name);
  }

  /** Notes that a name is still there, or may be. */
  meet(at: number): void {
    this.#met.add(at);
  }

  /** The names that were not met, in the order of the rows. */
  unmet(): string[] {
    if (this.#met.size === this.#places.size) return [];
    return [...this.#places].filter(([, at]) => !this.#met.has(at)).map(([name]) => name);
  }

  kind(at: number): SeenEntry['kind'] {
    return rowKind(this.#buffer, at);
  }

  bytesOf(at: number): number {
    return rowSize(this.#buffer, at);
  }

  /** Whether another file system was mounted there; undefined where no scan recorded it. */
  wasMount(at: number): boolean | undefined {
    return rowMount(this.#buffer, at);
  }

  isRacy(at: number): boolean {
    return isRacyRow(this.#buffer, at);
  }

  /** Whether a stat shows what was recorded: unless that was racy, the content is taken as unchanged. */
  isSame(at: number, stat: FileStat): boolean {
    return isRowOf(this.#buffer, at, stat);
  }

  /** Where all rows lie. */
  places(): Iterable<number> {
    return this.#places.values();
  }
}
