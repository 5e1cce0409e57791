/**
 * Every kind of row in `meta/`, in one table. Rows are derived: all of them can be made again from
 * `chunks/`, so their layout may change without a new format.
 *
 * | first byte | key                                   | value                                |
 * | ---------- | ------------------------------------- | ------------------------------------ |
 * | 01         |                                       | one more than the committed sequence number (8), CRC-32 of that (4) |
 * | 10         | chunk or node id (32)                 | sequence number (8), value bytes (4); `lost` where no value is left |
 * | 20         | log id (32), entry seq (8)            | sequence number of the entry value; where its page is not the next value, one more than the page's, 0 for none |
 * | 21         | log id (32)                           | sequence number of the head value (8), the head |
 * | 22         | log number (2)                        | log id (32)                          |
 * | 23         | log id (32), entry seq (8)            | empty: an entry that a head covers and no value is left of |
 * | 24         | start of a version id (8), dot (10)   | empty: where a version of that id is |
 * | 25         | log id (32)                           | of how many entries there are 24 rows |
 * | 26         | branch id (32)                        | log (32), the line it left (32), its first entry (8) |
 * | 27         | log id (32), entry seq (8)            | a head that is kept though its log goes on |
 * | 28         | log id (32)                           | of how many entries all wanted content is here (8) |
 * | 29         | entry hash (32)                       | log id (32), entry seq (8): an entry whose page is not here yet |
 * | 2a         | log id (32), entry seq (8)            | when it was first seen here, where its author's clock was ahead or another copy of this home wrote it (8), through which entry (8) |
 * | 2b         |                                       | the clock that entries of this node's log have told so far |
 * | 2c         | log id (32), entry seq (8), record index (2), dot of the superseding version (10) | hash of that entry (8): a version that is superseded elsewhere and has not come |
 * | 30         | directory key (16), name key (16), dot (10) | empty: a version of that path; 01: one elsewhere that superseded a version of it |
 * | 31         | directory key (16)                    | sealed: how many 30 rows, and their sum |
 * | 40         | record type (1), time (8), dot (10)   | empty: a record that is not a version |
 * | 41         | record type (1)                       | sealed: how many 40 rows, and their sum |
 * | 50         | directory key (16), page (4)          | sealed: working-copy state           |
 * | 51         | path key (16)                         | sealed: an alias: 01 where the disk refuses the name, else 00; path here, 00, true name |
 */

import { crc32 } from 'node:zlib';
import { concat, equalBytes, readU64be, u64be, utf8 } from '../bytes.ts';

export const metaPrefix = {
  committed: 0x01,
  chunk: 0x10,
  entry: 0x20,
  head: 0x21,
  logNumber: 0x22,
  lost: 0x23,
  versionId: 0x24,
  versionIdsOf: 0x25,
  branch: 0x26,
  signed: 0x27,
  through: 0x28,
  wantedPage: 0x29,
  firstSeen: 0x2a,
  toldClock: 0x2b,
  awaited: 0x2c,
  version: 0x30,
  directory: 0x31,
  record: 0x40,
  recordSum: 0x41,
  workingCopy: 0x50,
  alias: 0x51,
} as const;

/** A key: the prefix byte, then the parts. */
export function metaKey(prefix: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return concat(Uint8Array.of(prefix), ...parts);
}

/** Key of a page of what was last seen in a directory; without page 0 nothing is known of it. */
export function workingCopyKey(directoryKey: Uint8Array, page: number): Uint8Array {
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, page);
  return metaKey(metaPrefix.workingCopy, directoryKey, number);
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

// Keys and values by the hundred thousand: slices of Node's buffer pool, so that they are no separate
// allocations when they cross into the database.

/** Key of a chunk's or node's row. */
export function chunkKey(id: Uint8Array): Uint8Array {
  const key = Buffer.allocUnsafe(33);
  key[0] = metaPrefix.chunk;
  key.set(id, 1);
  return key;
}

export interface ChunkRow {
  readonly seq: number;
  readonly bytes: number;
}

export function encodeChunkRow(row: ChunkRow): Uint8Array {
  const out = Buffer.allocUnsafe(12);
  out.writeUInt32BE(Math.floor(row.seq / 0x1_0000_0000), 0);
  out.writeUInt32BE(row.seq % 0x1_0000_0000, 4);
  out.writeUInt32BE(row.bytes, 8);
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

/** Where an entry's value lies, and that of its page. */
export interface EntryPlaceRow {
  readonly chunkSeq: number;
  /** Undefined where the page is not here. */
  readonly pageSeq: number | undefined;
}

/** The row of an entry: short where the page is the next value, as it nearly always is. */
export function encodeEntryPlace({ chunkSeq, pageSeq }: EntryPlaceRow): Uint8Array {
  if (pageSeq === chunkSeq + 1) return encodeSeq(chunkSeq);
  return concat(encodeSeq(chunkSeq), encodeSeq(pageSeq === undefined ? 0 : pageSeq + 1));
}

/** The row, or undefined where its bytes are not one. */
export function decodeEntryPlace(value: Uint8Array | undefined): EntryPlaceRow | undefined {
  const chunkSeq = decodeSeq(value?.subarray(0, 8));
  if (chunkSeq === undefined || value === undefined) return undefined;
  if (value.length === 8) return { chunkSeq, pageSeq: chunkSeq + 1 };
  const page = decodeSeq(value.subarray(8));
  if (page === undefined) return undefined;
  return { chunkSeq, pageSeq: page === 0 ? undefined : page - 1 };
}

/** The row of the committed sequence number, −1 for none: what a wrong one would make of `chunks/` has no other check. */
export function encodeCommitted(seq: number): Uint8Array {
  const bytes = u64be(seq + 1);
  const sum = new Uint8Array(4);
  new DataView(sum.buffer).setUint32(0, crc32(bytes));
  return concat(bytes, sum);
}

/** The committed sequence number, or undefined where the bytes are none. */
export function decodeCommitted(value: Uint8Array): number | undefined {
  const next = value.length === 12 ? decodeSeq(value.subarray(0, 8)) : undefined;
  return next !== undefined && equalBytes(encodeCommitted(next - 1), value) ? next - 1 : undefined;
}

/** The row of a chunk that is known to be lost: it is stored again when it comes by. */
export const LOST_CHUNK = utf8('lost');

export function isLostChunk(value: Uint8Array): boolean {
  return equalBytes(value, LOST_CHUNK);
}
