/**
 * Blocks of LevelDB's tables: whether one can be handed to LevelDB, which trusts what it reads and
 * ends the process over a key that is too short. Format: LevelDB's `doc/table_format.md`.
 */

import { crc32c, maskedCrc } from './crc32c.ts';
import { unsnap } from './snappy.ts';

/** After each block: compression type (1) and masked CRC-32C of block and type (4). */
export const TRAILER_BYTES = 5;
/** LevelDB's `block_restart_interval`, which is never set. */
const RESTART_INTERVAL = 16;
const UNCOMPRESSED = 0;
const SNAPPY = 1;
const MAX_BLOCK_BYTES = 256 * 1024 * 1024;

export interface BlockHandle {
  readonly offset: number;
  /** Without the trailer. */
  readonly size: number;
}

export interface BlockEntry {
  readonly key: Uint8Array;
  /** Offset of the value in the block, and its length. */
  readonly at: number;
  readonly length: number;
}

/** Whether block and trailer lie in the table and the checksum fits. */
export function isIntact(table: Uint8Array, { offset, size }: BlockHandle): boolean {
  const end = offset + size;
  if (end + TRAILER_BYTES > table.length) return false;
  return maskedCrc(crc32c(table, offset, end + 1)) === uint32(table, end + 1);
}

/** Whether the block says it is not compressed, whatever its checksum. */
export function isPlain(table: Uint8Array, { offset, size }: BlockHandle): boolean {
  return table[offset + size] === UNCOMPRESSED;
}

/** The bytes of a block as they were before compression; undefined where that cannot be undone. */
export function blockBytes(
  table: Uint8Array,
  { offset, size }: BlockHandle,
): Uint8Array | undefined {
  const end = offset + size;
  if (end + TRAILER_BYTES > table.length) return undefined;
  const stored = table.subarray(offset, end);
  switch (table[end]) {
    case UNCOMPRESSED:
      return stored;
    case SNAPPY:
      return unsnap(stored, MAX_BLOCK_BYTES);
    default:
      return undefined;
  }
}

/** The entries of a block's plain bytes; undefined where LevelDB would stumble over one. */
export function blockEntries(block: Uint8Array): BlockEntry[] | undefined {
  if (block.length < 8) return undefined;
  const restarts = uint32(block, block.length - 4);
  const end = block.length - 4 - 4 * restarts;
  if (restarts < 1 || end < 0) return undefined;
  const starts = new Set<number>();
  const entries: BlockEntry[] = [];
  let before: Uint8Array = new Uint8Array(0);
  for (let at = 0; at < end;) {
    const entry = parseEntry(block, at, end, before);
    if (entry === undefined) return undefined;
    if (entry.shared === 0) starts.add(at);
    entries.push(entry);
    before = entry.key;
    at = entry.at + entry.length;
  }
  for (let index = 0; index < restarts; index++) {
    const start = uint32(block, end + 4 * index);
    if (!starts.has(start) && !(start === 0 && entries.length === 0)) return undefined;
  }
  return entries;
}

/**
 * The plain block that begins at `offset`, found by its entries alone: for tables whose index is
 * lost. Its checksum must fit unless `trusting`, which takes a single entry that looks right.
 */
export function blockAt(
  table: Uint8Array,
  offset: number,
  trusting: boolean,
): BlockHandle | undefined {
  let before: Uint8Array = new Uint8Array(0);
  let at = offset;
  for (let count = 1; ; count++) {
    const entry = parseEntry(table, at, table.length, before);
    if (entry === undefined) return undefined;
    before = entry.key;
    at = entry.at + entry.length;
    const restarts = Math.ceil(count / RESTART_INTERVAL);
    const handle = { offset, size: at - offset + 4 * restarts + 4 };
    const end = offset + handle.size;
    if (end + TRAILER_BYTES > table.length) return undefined;
    if (uint32(table, end - 4) !== restarts || !isPlain(table, handle)) continue;
    if (isIntact(table, handle)) return handle;
    const stored = table.subarray(offset, end);
    if (trusting && count === 1 && blockEntries(stored) !== undefined) return handle;
  }
}

/** Whether `key` is one of LevelDB's internal keys: user key, then sequence number and type in 8 bytes. */
export function isInternalKey(key: Uint8Array): boolean {
  return key.length >= 8 && (key[key.length - 8] ?? 255) <= 1;
}

/**
 * Whether `key` is the internal key of a row. An index may name rows by a greater key with the highest
 * sequence number there is; as a row's it would leave LevelDB none to go on with. No folder sees 2^48
 * writes.
 */
export function isRowKey(key: Uint8Array): boolean {
  return isInternalKey(key) && key[key.length - 1] === 0;
}

/** LevelDB's order: user keys ascending, newer before older. */
export function compareInternalKeys(a: Uint8Array, b: Uint8Array): number {
  const byUser = Buffer.compare(a.subarray(0, -8), b.subarray(0, -8));
  if (byUser !== 0) return byUser;
  for (let at = 1; at <= 8; at++) {
    const difference = (b[b.length - at] ?? 0) - (a[a.length - at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** A little-endian base-128 number of at most 53 bits; undefined where there is none. */
export function varint(
  bytes: Uint8Array,
  start: number,
  end: number,
): { value: number; next: number } | undefined {
  let value = 0;
  let scale = 1;
  for (let at = start; at < end && scale <= 2 ** 49; at++, scale *= 128) {
    const byte = bytes[at] as number;
    value += (byte & 127) * scale;
    if (byte < 128) return Number.isSafeInteger(value) ? { value, next: at + 1 } : undefined;
  }
  return undefined;
}

export function uint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true);
}

function parseEntry(
  table: Uint8Array,
  start: number,
  end: number,
  before: Uint8Array,
): (BlockEntry & { shared: number }) | undefined {
  const shared = varint(table, start, end);
  const own = shared && varint(table, shared.next, end);
  const length = own && varint(table, own.next, end);
  if (!shared || !own || !length) return undefined;
  const at = length.next + own.value;
  if (shared.value > before.length || at + length.value > end) return undefined;
  const key = new Uint8Array(shared.value + own.value);
  key.set(before.subarray(0, shared.value));
  key.set(table.subarray(length.next, at), shared.value);
  return { key, at, length: length.value, shared: shared.value };
}
