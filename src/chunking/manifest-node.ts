/**
 * The bytes of one manifest node: at most 16 KiB, sealed and stored like a chunk.
 *
 * Header, 4 bytes: "M", level u8, entries u16. Then 40 bytes an entry: at level 1 a run of equal
 * chunks, id 32 | plain length u32 | repeat u32; above, a node one level down, id 32 | plain bytes
 * below it u64. Numbers are big-endian.
 */

import { toHex } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import { MAX_CHUNK_BYTES, MAX_MANIFEST_DEPTH, MAX_NODE_BYTES } from '../limits.ts';

/** Bytes of a chunk id and of a node's id. */
export const ID_BYTES = 32;
const HEADER_BYTES = 4;
const ENTRY_BYTES = ID_BYTES + 8;
const MAGIC = 0x4d;

/** Entries that fit into a node: 409. */
export const MAX_NODE_ENTRIES = Math.floor((MAX_NODE_BYTES - HEADER_BYTES) / ENTRY_BYTES);
/** Longest run of equal chunks in one entry. */
export const MAX_REPEAT = 0xffff_ffff;

export interface NodeEntry {
  /** A chunk's id at level 1, a node's id above. */
  readonly id: Uint8Array;
  /** Plain bytes: of one chunk at level 1, of everything below that node above. */
  readonly length: number;
  /** How many times that chunk comes in a row; 1 above level 1. */
  readonly repeat: number;
}

/** The bytes of a node. The entries must be such that {@link decodeNode} takes them: `RangeError`. */
export function encodeNode(level: number, entries: readonly NodeEntry[]): Uint8Array {
  if (!(level >= 1 && level <= MAX_MANIFEST_DEPTH)) {
    throw new RangeError(`expected a level in 1 … ${MAX_MANIFEST_DEPTH}, got ${level}`);
  }
  if (entries.length < 1 || entries.length > MAX_NODE_ENTRIES) {
    throw new RangeError(`expected 1 … ${MAX_NODE_ENTRIES} entries, got ${entries.length}`);
  }
  const bytes = new Uint8Array(HEADER_BYTES + entries.length * ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, MAGIC);
  view.setUint8(1, level);
  view.setUint16(2, entries.length);
  let at = HEADER_BYTES;
  for (const entry of entries) {
    const fault = entryFault(level, entry);
    if (fault !== undefined) throw new RangeError(`expected a valid entry, got ${fault}`);
    bytes.set(entry.id, at);
    const high = level === 1 ? entry.length : Math.floor(entry.length / 0x1_0000_0000);
    view.setUint32(at + ID_BYTES, high);
    view.setUint32(at + ID_BYTES + 4, level === 1 ? entry.repeat : entry.length % 0x1_0000_0000);
    at += ENTRY_BYTES;
  }
  return bytes;
}

/**
 * The entries of the node `id` of `level`; their ids are views into `bytes`. Throws
 * `VAULT_CHUNK_CORRUPT` for anything {@link encodeNode} cannot have written.
 */
export function decodeNode(
  level: number,
  bytes: Uint8Array,
  id?: Uint8Array,
): readonly NodeEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || view.getUint8(0) !== MAGIC) {
    throw malformed('no node header', id);
  }
  if (view.getUint8(1) !== level) {
    throw malformed(`level ${view.getUint8(1)} instead of ${level}`, id);
  }
  const count = view.getUint16(2);
  if (count < 1 || count > MAX_NODE_ENTRIES) throw malformed(`${count} entries`, id);
  if (bytes.length !== HEADER_BYTES + count * ENTRY_BYTES) {
    throw malformed(`${bytes.length} bytes for ${count} entries`, id);
  }
  const entries: NodeEntry[] = [];
  for (let at = HEADER_BYTES; at < bytes.length; at += ENTRY_BYTES) {
    const entry = {
      id: bytes.subarray(at, at + ID_BYTES),
      length: level === 1 ? view.getUint32(at + ID_BYTES) : innerLength(view, at + ID_BYTES),
      repeat: level === 1 ? view.getUint32(at + ID_BYTES + 4) : 1,
    };
    const fault = entryFault(level, entry);
    if (fault !== undefined) throw malformed(fault, id);
    entries.push(entry);
  }
  return entries;
}

/** The error for a manifest that cannot be, with the id of the node at fault. */
export function malformed(fault: string, id?: Uint8Array): VaultError {
  const details = id === undefined ? {} : { details: { id: toHex(id) } };
  return new VaultError('VAULT_CHUNK_CORRUPT', `malformed manifest: ${fault}`, details);
}

/** Above 2^53 − 1 the number is not exact, but still above it: {@link entryFault} refuses it. */
function innerLength(view: DataView, at: number): number {
  return view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
}

function entryFault(level: number, entry: NodeEntry): string | undefined {
  const longest = level === 1 ? MAX_CHUNK_BYTES : Number.MAX_SAFE_INTEGER;
  const mostRepeats = level === 1 ? MAX_REPEAT : 1;
  if (entry.id.length !== ID_BYTES) return `an id of ${entry.id.length} bytes`;
  if (!isWithin(entry.length, longest)) return `a length of ${entry.length}`;
  if (!isWithin(entry.repeat, mostRepeats)) return `a repeat of ${entry.repeat}`;
  return undefined;
}

function isWithin(value: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && value <= most;
}
