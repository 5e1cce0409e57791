/**
 * Values out of the tables of a chunk store by their sequence numbers, read from the files themselves.
 * For worker threads, which cannot share a LevelDB. What is found may be a row that another has
 * replaced since, or damaged: values carry their own proof, and what fails it is to be asked of the
 * store.
 */

import { systemCode } from '../errors.ts';
import type { FileSystem, OpenFile } from '../system/file-system.ts';
import { blockBytes, blockEntries, TRAILER_BYTES } from './level-block.ts';
import { seqOf } from './level-scan.ts';
import { lastSeqUpTo, type TableFile } from './table-file.ts';
import { readInto, tableIndex } from './table-values.ts';

/** Blocks read at once: values that were stored together are mostly asked for together. */
const WINDOW_BYTES = 256 * 1024;
/** LevelDB ends a block behind its first row above 4 KiB, and no row here comes near this. */
const MAX_WINDOW_BYTES = 64 * 1024 * 1024;
/** Internal keys of rows: a sequence number, and LevelDB's own 8 bytes. */
const KEY_BYTES = 16;
/** Indexes of tables that are remembered: at most a few hundred KiB each. */
const MOST_INDEXES = 8;

/** Of each block: the greatest sequence number it may hold, and where it lies without its trailer. */
interface TableIndex {
  readonly lasts: Float64Array;
  readonly offsets: Float64Array;
  readonly sizes: Uint32Array;
}

/** Indexes of tables by path, kept from one reader to the next: a table never changes. */
export class TableIndexes {
  readonly #known = new Map<string, TableIndex | undefined>();

  /** Undefined where the table's index cannot be read. */
  of(path: string, file: OpenFile): TableIndex | undefined {
    if (this.#known.has(path)) return this.#known.get(path);
    const blocks = tableIndex(file);
    const index = blocks && {
      lasts: Float64Array.from(blocks, ({ key }) => lastSeqUpTo(key.subarray(0, -8))),
      offsets: Float64Array.from(blocks, ({ handle }) => handle.offset),
      sizes: Uint32Array.from(blocks, ({ handle }) => handle.size),
    };
    const [oldest] = this.#known.keys();
    if (this.#known.size >= MOST_INDEXES && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(path, index);
    return index;
  }
}

interface OpenTable {
  readonly file: OpenFile;
  readonly index: TableIndex;
}

/** What was read last: bytes of a table from `start` to `end`. */
interface Window {
  readonly table: OpenTable;
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

export class TableReader {
  readonly #fileSystem: FileSystem;
  readonly #indexes: TableIndexes;
  readonly #tables = new Map<string, TableFile>();
  /** Undefined where a table cannot be read. */
  readonly #open = new Map<string, OpenTable | undefined>();
  #window: Window | undefined;
  #memory = new Uint8Array(0);

  constructor(fileSystem: FileSystem, indexes: TableIndexes) {
    this.#fileSystem = fileSystem;
    this.#indexes = indexes;
  }

  /** Looks into these tables from now on, too. */
  add(tables: readonly TableFile[]): void {
    for (const table of tables) this.#tables.set(table.path, table);
  }

  /** The value under a sequence number, good until the next call; undefined where no table that can be read has one. */
  value(seq: number): Uint8Array | undefined {
    for (const table of this.#tables.values()) {
      if (seq < table.first || seq > table.last) continue;
      const value = this.#valueIn(table, seq);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  close(): void {
    for (const table of this.#open.values()) table?.file.close();
    this.#open.clear();
  }

  #valueIn({ path }: TableFile, seq: number): Uint8Array | undefined {
    const table = this.#open.has(path) ? this.#open.get(path) : this.#openTable(path);
    if (table === undefined) return undefined;
    const at = firstAtLeast(table.index.lasts, seq);
    if (at === table.index.lasts.length) return undefined;
    const block = this.#block(table, at);
    for (const { key, at: start, length } of (block && blockEntries(block)) ?? []) {
      if (key.length === KEY_BYTES && seqOf(key.subarray(0, -8)) === seq) {
        return key.at(-8) === 1 ? block?.subarray(start, start + length) : undefined;
      }
    }
    return undefined;
  }

  /** The bytes of a block; undefined where they cannot be read. */
  #block(table: OpenTable, at: number): Uint8Array | undefined {
    const { offsets, sizes } = table.index;
    const offset = offsets[at] ?? 0;
    const size = sizes[at] ?? 0;
    const end = offset + size + TRAILER_BYTES;
    let window = this.#window;
    if (window?.table !== table || offset < window.start || end > window.end) {
      window = this.#window = this.#read(table, at);
    }
    return window && blockBytes(window.bytes, { offset: offset - window.start, size });
  }

  /** Reads the block `at` and those that follow it, as many as a window holds. */
  #read(table: OpenTable, at: number): Window | undefined {
    const { offsets, sizes } = table.index;
    const start = offsets[at] ?? 0;
    let end = start;
    for (let next = at; next < offsets.length && offsets[next] === end; next++) {
      const behind = end + (sizes[next] ?? 0) + TRAILER_BYTES;
      if (next > at && behind - start > WINDOW_BYTES) break;
      end = behind;
    }
    const length = end - start;
    if (length > MAX_WINDOW_BYTES) return undefined;
    if (this.#memory.length < length) this.#memory = new Uint8Array(Math.max(length, WINDOW_BYTES));
    try {
      const bytes = readInto(table.file, start, this.#memory.subarray(0, length));
      return bytes && { table, start, end, bytes };
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      return undefined;
    }
  }

  /** A table that is gone, was replaced or is damaged is passed over: the store knows more. */
  #openTable(path: string): OpenTable | undefined {
    let table: OpenTable | undefined;
    let file: OpenFile | undefined;
    try {
      file = this.#fileSystem.open(path, { mode: 'read' });
      const index = this.#indexes.of(path, file);
      table = index && { file, index };
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
    }
    if (table === undefined) file?.close();
    this.#open.set(path, table);
    return table;
  }
}

/** Where the first of the rising numbers is that is not below `least`; their count where all are. */
function firstAtLeast(rising: Float64Array, least: number): number {
  let low = 0;
  let high = rising.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rising[middle] ?? Infinity) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
