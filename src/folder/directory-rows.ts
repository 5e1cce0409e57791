/**
 * The rows of one directory as bytes that can be looked up and changed: a tenth of the memory that an
 * object for each name would take, and what did not change need not be written again.
 */

import { asBuffer, type Bytes } from '../bytes.ts';
import { pathToBytes } from '../path-bytes.ts';
import {
  eachSeenRow,
  FIXED_ROW_BYTES,
  PAGE_ENTRIES,
  readSeenRow,
  removeSeenRow,
  rowLength,
  writeSeenRow,
  type SeenEntry,
  type SeenNames,
} from './working-copy-row.ts';

/** Rows to be written: so many pages in all, and those that differ from what was written before. */
export interface ChangedPages {
  readonly pages: number;
  readonly changed: readonly { readonly page: number; readonly rows: Uint8Array }[];
}

export class DirectoryRows implements SeenNames {
  #bytes: Buffer;
  #used: number;
  readonly #places = new Map<string, number>();
  /** Logs that the rows name; a row keeps the first half of an id only. */
  readonly #logs: Map<string, string>;
  readonly #fullLog: (half: string) => string;
  /** Where each page begins. */
  #starts: number[] = [];
  /** Rows in the bytes, and how many of them were removed. */
  #count = 0;
  #holes = 0;
  readonly #changed = new Set<number>();
  /** How many pages there were when they were last written; undefined where that is not known. */
  #written: number | undefined;

  private constructor(bytes: Buffer, fullLog: (half: string) => string, logs: Map<string, string>) {
    this.#bytes = bytes;
    this.#used = bytes.length;
    this.#fullLog = fullLog;
    this.#logs = logs;
    eachSeenRow(bytes, (at, name) => this.#place(at, name));
  }

  /**
   * What the bytes say, which are kept. `isWritten`: they are what is recorded, page by page. Throws
   * `VAULT_DAMAGED` where they are malformed.
   */
  static of(bytes: Bytes, fullLog: (half: string) => string, isWritten: boolean): DirectoryRows {
    const rows = new DirectoryRows(asBuffer(bytes), fullLog, new Map());
    if (isWritten) rows.#written = rows.#starts.length;
    return rows;
  }

  /** The same entries, to be changed. */
  static copy(names: SeenNames): DirectoryRows {
    if (names instanceof DirectoryRows) {
      const bytes = Buffer.from(names.#bytes.subarray(0, names.#used));
      const rows = new DirectoryRows(bytes, names.#fullLog, new Map(names.#logs));
      rows.#written = names.#changed.size === 0 ? names.#written : undefined;
      return rows;
    }
    const rows = new DirectoryRows(Buffer.alloc(0), (half) => half, new Map());
    for (const [name, entry] of names) rows.set(name, entry);
    return rows;
  }

  get size(): number {
    return this.#places.size;
  }

  get(name: string): SeenEntry | undefined {
    const at = this.#places.get(name);
    return at === undefined ? undefined : this.#read(at);
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }

  set(name: string, entry: SeenEntry): this {
    const { log } = entry.version;
    this.#logs.set(log.slice(0, log.length / 2), log);
    let at = this.#places.get(name);
    if (at === undefined) {
      const bytes = pathToBytes(name);
      at = this.#used;
      this.#makeRoom(FIXED_ROW_BYTES + bytes.length);
      writeSeenRow(this.#bytes, at, bytes, entry);
      this.#place(at, name);
    } else writeSeenRow(this.#bytes, at, undefined, entry);
    this.#changed.add(this.#pageOf(at));
    return this;
  }

  delete(name: string): boolean {
    const at = this.#places.get(name);
    if (at === undefined) return false;
    removeSeenRow(this.#bytes, at);
    this.#holes++;
    this.#changed.add(this.#pageOf(at));
    return this.#places.delete(name);
  }

  *[Symbol.iterator](): Generator<[string, SeenEntry], void, undefined> {
    for (const [name, at] of this.#places) yield [name, this.#read(at)];
  }

  /** What the next commit has to write; from then on it counts as written. */
  takeChanged(): ChangedPages {
    // Else the removal of each of many names would write all the others again.
    if (this.#holes > 0 && (this.#count <= PAGE_ENTRIES || this.#holes > this.size)) {
      this.#closeHoles();
    }
    const pages = Math.max(1, this.#starts.length);
    const changed: { page: number; rows: Uint8Array }[] = [];
    for (let page = 0; page < pages; page++) {
      // The first one says how many there are.
      const isDifferent = page === 0 && this.#written !== pages;
      if (this.#written !== undefined && !this.#changed.has(page) && !isDifferent) continue;
      const from = this.#starts[page] ?? 0;
      changed.push({
        page,
        rows: this.#bytes.subarray(from, this.#starts[page + 1] ?? this.#used),
      });
    }
    this.#changed.clear();
    this.#written = pages;
    return { pages, changed };
  }

  #read(at: number): SeenEntry {
    return readSeenRow(this.#bytes, at, (half) => this.#logs.get(half) ?? this.#fullLog(half));
  }

  #place(at: number, name: string | undefined): void {
    if (this.#count++ % PAGE_ENTRIES === 0) this.#starts.push(at);
    if (name === undefined) this.#holes++;
    else this.#places.set(name, at);
  }

  #makeRoom(length: number): void {
    const needed = this.#used + length;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(
        Math.max(needed, this.#used + Math.min(this.#used, GROWTH)),
      );
      this.#bytes.copy(larger, 0, 0, this.#used);
      this.#bytes = larger;
    }
    this.#used = needed;
  }

  #pageOf(at: number): number {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Moves the rows together: then every page is another. */
  #closeHoles(): void {
    const old = this.#bytes;
    const places = [...this.#places];
    this.#bytes = Buffer.allocUnsafe(this.#used);
    this.#used = 0;
    this.#count = 0;
    this.#starts = [];
    for (const [name, at] of places) {
      const length = rowLength(old, at);
      old.copy(this.#bytes, this.#used, at, at + length);
      this.#place(this.#used, name);
      this.#used += length;
    }
    this.#holes = 0;
    this.#written = undefined;
  }
}

/** Bytes that a large directory grows by. */
const GROWTH = 4 * 1024 * 1024;
