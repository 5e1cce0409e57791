/**
 * Every kind of row in `meta/`, in one table. Rows are derived: all of them can be made again from
 * `chunks/`, so their layout may change without a new format.
 *
 * | first byte | key                                   | value                                |
 * | ---------- | ------------------------------------- | ------------------------------------ |
 * | 01         |                                       | committed sequence number            |
 * | 10         | chunk or node id (32)                 | sequence number (8), value bytes (4) |
 * | 20         | log id (32), entry seq (8)            | sequence number of the entry value   |
 * | 21         | log id (32)                           | sequence number of the head value    |
 * | 22         | log number (2)                        | log id (32)                          |
 * | 30         | directory key (16), name key (16), dot (10) | empty: a version of that path, or one that superseded a version of it |
 * | 31         | directory key (16)                    | sealed: how many 30 rows, and their sum |
 * | 40         | record type (1), time (8), dot (10)   | empty: a record that is not a version |
 * | 50         | directory key (16), page (4)          | sealed: working-copy state           |
 */

import { concat, readU64be, u64be } from '../bytes.ts';

export const metaPrefix = {
  committed: 0x01,
  chunk: 0x10,
  entry: 0x20,
  head: 0x21,
  logNumber: 0x22,
  version: 0x30,
  directory: 0x31,
  record: 0x40,
  workingCopy: 0x50,
} as const;

/** A key: the prefix byte, then the parts. */
export function metaKey(prefix: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return concat(Uint8Array.of(prefix), ...parts);
}

/** The range of all keys that begin with `key`. */
export function metaRange(key: Uint8Array): { gte: Uint8Array; lt: Uint8Array } {
  const lt = key.slice();
  for (let at = lt.length - 1; at >= 0; at--) {
    const byte = lt[at] ?? 0;
    if (byte < 0xff) {
      lt[at] = byte + 1;
      return { gte: key, lt: lt.subarray(0, at + 1) };
    }
  }
  throw new RangeError('expected a key below ff ff …');
}

/** Key of a chunk's or node's row. */
export function chunkKey(id: Uint8Array): Uint8Array {
  const key = new Uint8Array(33);
  key[0] = metaPrefix.chunk;
  key.set(id, 1);
  return key;
}

export interface ChunkRow {
  readonly seq: number;
  readonly bytes: number;
}

export function encodeChunkRow(row: ChunkRow): Uint8Array {
  const out = new Uint8Array(12);
  const view = new DataView(out.buffer);
  view.setUint32(0, Math.floor(row.seq / 0x1_0000_0000));
  view.setUint32(4, row.seq % 0x1_0000_0000);
  view.setUint32(8, row.bytes);
  return out;
}

/** The row, or undefined where its bytes are not one. */
export function decodeChunkRow(value: Uint8Array): ChunkRow | undefined {
  if (value.length !== 12 || (value[0] ?? 1) !== 0 || (value[1] ?? 0xff) >= 0x20) return undefined;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return { seq: readU64be(value), bytes: view.getUint32(8) };
}

/** A sequence number as a row's value. */
export const encodeSeq = u64be;

/** The sequence number of a row, or undefined where its bytes are not one. */
export function decodeSeq(value: Uint8Array | undefined): number | undefined {
  if (value?.length !== 8 || (value[0] ?? 1) !== 0 || (value[1] ?? 0xff) >= 0x20) return undefined;
  return readU64be(value);
}
