/**
 * Whole tables of LevelDB: whether one is sound enough to be opened, and a sound table of what is
 * left of one that is not. LevelDB as shipped checks no checksum when it reads a table.
 *
 * A table: data blocks, filter block, index of filters, index of data blocks, footer (48 bytes with
 * two handles and a magic number).
 */

import { asBuffer } from '../bytes.ts';
import {
  blockAt,
  blockBytes,
  blockEntries,
  compareInternalKeys,
  isIntact,
  isInternalKey,
  isPlain,
  isRowKey,
  TRAILER_BYTES,
  varint,
  type BlockHandle,
} from './level-block.ts';
import { crc32c, maskedCrc } from './crc32c.ts';

export const FOOTER_BYTES = 48;
export const MAGIC = Buffer.from('57fb808b247547db', 'hex');

/** A data block with the key its index entry has: none of its keys is greater. */
interface DataBlock {
  readonly handle: BlockHandle;
  readonly last: Uint8Array;
}

interface Layout {
  readonly filters: BlockHandle;
  /** Whether the footer is filled up with zeros, as LevelDB does. */
  readonly isPadded: boolean;
  readonly blocks: readonly DataBlock[];
}

/**
 * Whether LevelDB can read `table` without stumbling. A plain block with a wrong checksum counts as
 * sound if its keys are in place: then only values can be wrong, and these carry their own proof.
 * With `strict` no wrong checksum is forgiven.
 */
export function isSound(table: Uint8Array, strict: boolean): boolean {
  const layout = layoutOf(table);
  if (layout === undefined || !filtersAreSound(table, layout.filters)) return false;
  if (strict && !layout.isPadded) return false;
  let before: Uint8Array | undefined;
  for (const block of layout.blocks) {
    if (strict ? !isIntact(table, block.handle) : !blockIsSound(table, block, before)) return false;
    before = block.last;
  }
  return true;
}

/** A sound table of the sound blocks of `table`, in pieces; undefined where there is none. */
export function salvage(table: Uint8Array): Uint8Array[] | undefined {
  const layout = layoutOf(table);
  const blocks = layout ? soundBlocks(table, layout.blocks) : blocksWithoutIndex(table);
  return blocks.length === 0 ? undefined : buildTable(table, blocks);
}

function soundBlocks(table: Uint8Array, blocks: readonly DataBlock[]): DataBlock[] {
  let before: Uint8Array | undefined;
  return blocks.filter((block) => {
    const sound = blockIsSound(table, block, before);
    before = block.last;
    return sound;
  });
}

function blockIsSound(
  table: Uint8Array,
  { handle, last }: DataBlock,
  before: Uint8Array | undefined,
): boolean {
  if (isIntact(table, handle)) return true;
  return isPlain(table, handle) && keysOf(table, handle, before, last) !== undefined;
}

/** The keys of a plain block if they are in order, behind `before` and not behind `last`. */
function keysOf(
  table: Uint8Array,
  handle: BlockHandle,
  before: Uint8Array | undefined,
  last: Uint8Array | undefined,
): Uint8Array[] | undefined {
  const block = blockBytes(table, handle);
  const keys = block && blockEntries(block)?.map(({ key }) => key);
  if (keys === undefined || keys.length === 0) return undefined;
  let previous = before;
  for (const key of keys) {
    if (!isRowKey(key)) return undefined;
    if (previous && compareInternalKeys(previous, key) >= 0) return undefined;
    previous = key;
  }
  return last && previous && compareInternalKeys(previous, last) > 0 ? undefined : keys;
}

function layoutOf(table: Uint8Array): Layout | undefined {
  const footer = table.length - FOOTER_BYTES;
  if (footer < 0 || !asBuffer(table.subarray(-8)).equals(MAGIC)) return undefined;
  const filters = handleAt(table, footer, table.length);
  const index = filters && handleAt(table, filters.next, table.length);
  const entries = index && intactEntries(table, index);
  if (!filters || !index || entries === undefined) return undefined;
  const blocks: DataBlock[] = [];
  for (const { key, handle } of entries) {
    if (!isInternalKey(key)) return undefined;
    blocks.push({ handle, last: key });
  }
  const padding = table.subarray(index.next, -MAGIC.length);
  return { filters, blocks, isPadded: padding.every((byte) => byte === 0) };
}

function filtersAreSound(table: Uint8Array, filters: BlockHandle): boolean {
  const entries = intactEntries(table, filters);
  return entries !== undefined && entries.every(({ handle }) => isIntact(table, handle));
}

/** The entries of an index whose checksum fits: keys with handles. */
export function intactEntries(
  table: Uint8Array,
  index: BlockHandle,
): { key: Uint8Array; handle: BlockHandle }[] | undefined {
  const block = isIntact(table, index) ? blockBytes(table, index) : undefined;
  const found = block && blockEntries(block);
  if (block === undefined || found === undefined) return undefined;
  const entries: { key: Uint8Array; handle: BlockHandle }[] = [];
  for (const { key, at, length } of found) {
    const handle = handleAt(block, at, at + length);
    if (handle === undefined) return undefined;
    entries.push({ key, handle });
  }
  return entries;
}

export function handleAt(
  bytes: Uint8Array,
  start: number,
  end: number,
): (BlockHandle & { next: number }) | undefined {
  const offset = varint(bytes, start, end);
  const size = offset && varint(bytes, offset.next, end);
  return size && { offset: offset.value, size: size.value, next: size.next };
}

/** Plain blocks one after the other from the start; where one is lost, the next is looked for. */
function blocksWithoutIndex(table: Uint8Array): DataBlock[] {
  const blocks: DataBlock[] = [];
  let before: Uint8Array | undefined;
  let astray = false;
  for (let at = 0; at + FOOTER_BYTES <= table.length;) {
    const handle = mayBegin(table, at) ? blockAt(table, at, !astray) : undefined;
    const last = handle && keysOf(table, handle, before, undefined)?.at(-1);
    if (!handle || !last) {
      astray = true;
      at++;
      continue;
    }
    astray = false;
    blocks.push({ handle, last });
    before = last;
    at = handle.offset + handle.size + TRAILER_BYTES;
  }
  return blocks;
}

/** Whether an entry with a whole internal key of the usual length could begin here. */
function mayBegin(table: Uint8Array, at: number): boolean {
  const length = table[at + 1] as number;
  return table[at] === 0 && length >= 8 && length < 128;
}

/** A table of these blocks as they are, without filters. */
function buildTable(table: Uint8Array, blocks: readonly DataBlock[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const entries: Uint8Array[] = [];
  const starts: number[] = [];
  let offset = 0;
  let indexed = 0;
  for (const { handle, last } of blocks) {
    pieces.push(table.subarray(handle.offset, handle.offset + handle.size + TRAILER_BYTES));
    const value = [...encodeVarint(offset), ...encodeVarint(handle.size)];
    const entry = new Uint8Array([
      0,
      ...encodeVarint(last.length),
      value.length,
      ...last,
      ...value,
    ]);
    starts.push(indexed);
    entries.push(entry);
    indexed += entry.length;
    offset += handle.size + TRAILER_BYTES;
  }
  const filters = seal([uint32Bytes(0), uint32Bytes(1)]);
  const index = seal([...entries, ...starts.map(uint32Bytes), uint32Bytes(starts.length)]);
  const footer = new Uint8Array(FOOTER_BYTES);
  footer.set([
    ...encodeVarint(offset),
    ...encodeVarint(filters.length - TRAILER_BYTES),
    ...encodeVarint(offset + filters.length),
    ...encodeVarint(index.length - TRAILER_BYTES),
  ]);
  footer.set(MAGIC, FOOTER_BYTES - MAGIC.length);
  return [...pieces, filters, index, footer];
}

function seal(parts: readonly Uint8Array[]): Uint8Array {
  const block = Buffer.concat([...parts, new Uint8Array(TRAILER_BYTES)]);
  const end = block.length - TRAILER_BYTES;
  block.writeUInt32LE(maskedCrc(crc32c(block, 0, end + 1)), end + 1);
  return block;
}

function uint32Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function encodeVarint(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) | 128);
  return [...bytes, left];
}
