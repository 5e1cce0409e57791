/**
 * The values in one table of a chunk store, read from the file itself: for worker threads, which
 * cannot share a LevelDB, and without mapping the file. Every key, length and offset is held against
 * its neighbours, so that what is yielded is what LevelDB would find; values carry their own proof.
 */

import type { OpenFile } from '../system/file-system.ts';
import {
  blockBytes,
  blockEntries,
  compareInternalKeys,
  isInternalKey,
  isRowKey,
  TRAILER_BYTES,
  type BlockHandle,
} from './level-block.ts';
import { seqOf } from './level-scan.ts';
import { FOOTER_BYTES, handleAt, intactEntries, MAGIC } from './level-table.ts';

/** One row of a table. A newer row of the same sequence number may lie in another table. */
export interface TableValue {
  readonly seq: number;
  /** Undefined where the row says that the value was deleted. Good until the next row is taken. */
  readonly value: Uint8Array | undefined;
}

/** Blocks read at once. */
const WINDOW_BYTES = 1024 * 1024;
/** LevelDB ends a block behind its first row above 4 KiB, and no row here comes near this. */
const MAX_BLOCK_BYTES = 64 * 1024 * 1024;
const MAX_INDEX_BYTES = 256 * 1024 * 1024;

interface IndexEntry {
  /** No key of the block is greater. */
  readonly key: Uint8Array;
  readonly handle: BlockHandle;
}

/**
 * All rows of the table `file` in the order of its keys; blocks that LevelDB would stumble over are
 * left out. Undefined where the table's index cannot be read. Holds about a MiB.
 */
export function tableValues(file: OpenFile): Iterable<TableValue> | undefined {
  const index = tableIndex(file);
  return index && valuesOf(file, index);
}

/** The blocks of the table `file` in order; undefined where its index cannot be read. */
export function tableIndex(file: OpenFile): IndexEntry[] | undefined {
  const { size } = file.stat();
  const footer = readAt(file, size - FOOTER_BYTES, FOOTER_BYTES);
  if (footer === undefined || !MAGIC.equals(footer.subarray(-MAGIC.length))) return undefined;
  const filters = handleAt(footer, 0, FOOTER_BYTES);
  const handle = filters && handleAt(footer, filters.next, FOOTER_BYTES);
  if (!handle || handle.size > MAX_INDEX_BYTES) return undefined;
  const block = readAt(file, handle.offset, handle.size + TRAILER_BYTES);
  const entries = block && intactEntries(block, { offset: 0, size: handle.size });
  return entries?.every(({ key }) => isInternalKey(key)) === true ? entries : undefined;
}

function* valuesOf(file: OpenFile, index: readonly IndexEntry[]): Generator<TableValue> {
  let before: Uint8Array | undefined;
  let scratch = new Uint8Array(0);
  for (let at = 0; at < index.length;) {
    const [start, end, next] = windowFrom(index, at);
    if (scratch.length < end - start) scratch = new Uint8Array(end - start);
    const window = readInto(file, start, scratch.subarray(0, end - start));
    for (; at < next; at++) {
      const { key: last, handle } = index[at] as IndexEntry;
      const { offset, size } = handle;
      if (window !== undefined && offset >= start && offset + size + TRAILER_BYTES <= end) {
        yield* rowsOf(window, { offset: offset - start, size }, before, last);
      }
      before = last;
    }
  }
}

/** The blocks from `at` on that are read together: where they begin and end in the file, and the block behind them. */
function windowFrom(index: readonly IndexEntry[], at: number): [number, number, number] {
  const first = (index[at] as IndexEntry).handle;
  const start = first.offset;
  let end = start + Math.min(first.size, MAX_BLOCK_BYTES) + TRAILER_BYTES;
  let next = at + 1;
  for (; next < index.length; next++) {
    const { offset, size } = (index[next] as IndexEntry).handle;
    if (offset !== end || offset + size - start > WINDOW_BYTES) break;
    end = offset + size + TRAILER_BYTES;
  }
  return [start, end, next];
}

function* rowsOf(
  window: Uint8Array,
  handle: BlockHandle,
  before: Uint8Array | undefined,
  last: Uint8Array,
): Generator<TableValue> {
  const block = blockBytes(window, handle);
  const entries = block && blockEntries(block);
  if (block === undefined || entries === undefined) return;
  let previous = before;
  for (const { key } of entries) {
    if (!isRowKey(key) || (previous && compareInternalKeys(previous, key) >= 0)) return;
    previous = key;
  }
  if (previous && compareInternalKeys(previous, last) > 0) return;
  for (const { key, at, length } of entries) {
    const seq = seqOf(key.subarray(0, -8));
    if (seq === undefined) continue;
    yield { seq, value: key.at(-8) === 1 ? block.subarray(at, at + length) : undefined };
  }
}

function readAt(file: OpenFile, at: number, length: number): Uint8Array | undefined {
  return at < 0 ? undefined : readInto(file, at, new Uint8Array(length));
}

/** `into`, filled; undefined where the file ends before. */
export function readInto(file: OpenFile, at: number, into: Uint8Array): Uint8Array | undefined {
  for (let done = 0; done < into.length;) {
    const count = file.read(into.subarray(done), at + done);
    if (count === 0) return undefined;
    done += count;
  }
  return into;
}
