/**
 * What vault last saw of one directory of the working copy: one sealed row per directory, in pages,
 * so that names never lie in the open, a scan reads one row per directory, and memory stays flat.
 */

import { concat } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import type { Parent, VersionKind } from '../log/types.ts';
import { pathFromBytes, pathToBytes } from '../path-bytes.ts';
import type { FileStat } from '../system/file-system.ts';

/** One name as it was when its version was recorded. */
export interface SeenEntry {
  readonly kind: Exclude<VersionKind, 'deletion'>;
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly inode: bigint;
  readonly executable: boolean;
  /** The stat was taken so soon after the last change that another could hide behind it. */
  readonly racy: boolean;
  /** Of a directory: another file system was mounted there. */
  readonly mount?: boolean;
  /** Digest of the content, as in its link; empty for a directory. */
  readonly digest: Uint8Array;
  /** The version on disk: what the next one supersedes. */
  readonly version: Parent;
}

/** What was seen in one directory, by name. */
export interface SeenNames extends Iterable<readonly [string, SeenEntry]> {
  readonly size: number;
  get(name: string): SeenEntry | undefined;
  has(name: string): boolean;
}

/** Entries in one page: about 60 KB sealed. */
export const PAGE_ENTRIES = 512;

/** Bytes of a row before its name and that name's length. */
const FIXED = 81;
/** Bytes of a row besides its name. */
export const FIXED_ROW_BYTES = FIXED + 2;
/** In place of the kind: the entry was removed, and its room is still taken. */
const REMOVED = 3;
/** Flags beside the kind. */
const EXECUTABLE = 8;
const RACY = 16;
const MOUNT = 32;
const REPLACEMENT = '\ufffd';
const noDigest = new Uint8Array(0);
const kinds = ['file', 'symlink', 'directory'] as const;

/**
 * A modification time as versions and rows hold it: signed 64 bits of nanoseconds, 1677 to 2262. File
 * systems keep others too, which come back as the nearest one.
 */
export function keptTime(ns: bigint): bigint {
  const bits = BigInt.asIntN(64, ns);
  if (bits === ns) return ns;
  return ns < 0n ? -(2n ** 63n) : 2n ** 63n - 1n;
}

/** Whether the owner may run the file: the only mode bit a version carries. */
export function isExecutable(mode: number): boolean {
  return (mode & 0o100) !== 0;
}

/** Bytes of some entries of one directory, in the order given. */
export function encodeSeenPage(entries: Iterable<readonly [string, SeenEntry]>): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [name, entry] of entries) {
    const nameBytes = pathToBytes(name);
    const out = Buffer.allocUnsafe(FIXED_ROW_BYTES + nameBytes.length);
    writeSeenRow(out, 0, nameBytes, entry);
    parts.push(out);
  }
  return concat(...parts);
}

/** Writes a row at `at`; without `name` over one of the same name. */
export function writeSeenRow(
  out: Buffer,
  at: number,
  name: Uint8Array | undefined,
  entry: SeenEntry,
): void {
  out[at] =
    kinds.indexOf(entry.kind) |
    (entry.executable ? EXECUTABLE : 0) |
    (entry.racy ? RACY : 0) |
    (entry.mount === true ? MOUNT : 0);
  out.writeDoubleBE(entry.size, at + 1);
  out.writeBigInt64BE(entry.mtimeNs, at + 9);
  out.writeBigInt64BE(entry.ctimeNs, at + 17);
  out.writeBigUInt64BE(BigInt.asUintN(64, entry.inode), at + 25);
  out.write(entry.version.log, at + 33, 16, 'hex');
  out.writeUIntBE(entry.version.seq, at + 49, 6);
  out.writeUInt16BE(entry.version.index, at + 55);
  out.set(entry.version.hash8, at + 57);
  out.fill(0, at + 65, at + FIXED);
  out.set(entry.digest, at + 65);
  if (name === undefined) return;
  out.writeUInt16BE(name.length, at + FIXED);
  out.set(name, at + FIXED_ROW_BYTES);
}

/** Bytes of the row at `at`. */
export function rowLength(bytes: Buffer, at: number): number {
  return FIXED_ROW_BYTES + bytes.readUInt16BE(at + FIXED);
}

/**
 * Where the entries lie in the bytes of one page or of several, one after another, and what their names
 * are; undefined for an entry that was removed. Throws `VAULT_DAMAGED` where they are malformed.
 */
export function eachSeenRow(
  bytes: Buffer,
  visit: (at: number, name: string | undefined) => void,
): void {
  for (let at = 0; at < bytes.length;) {
    const nameAt = at + FIXED_ROW_BYTES;
    const nameLength = nameAt <= bytes.length ? bytes.readUInt16BE(at + FIXED) : -1;
    const end = nameAt + nameLength;
    if (nameLength < 1 || end > bytes.length) {
      throw new VaultError('VAULT_DAMAGED', 'malformed row of the working copy');
    }
    if (((bytes[at] ?? 0) & REMOVED) === REMOVED) visit(at, undefined);
    else {
      const text = bytes.toString('utf8', nameAt, end);
      visit(at, text.includes(REPLACEMENT) ? pathFromBytes(bytes.subarray(nameAt, end)) : text);
    }
    at = end;
  }
}

/** Leaves the room of a row, and takes its meaning away. */
export function removeSeenRow(bytes: Buffer, at: number): void {
  bytes[at] = REMOVED;
}

/** The kind in the row at `at`. */
export function rowKind(bytes: Buffer, at: number): SeenEntry['kind'] {
  return kinds[(bytes[at] ?? 0) & 3] ?? 'file';
}

/** The size in the row at `at`. */
export function rowSize(bytes: Buffer, at: number): number {
  return bytes.readDoubleBE(at + 1);
}

/** Whether the row at `at` is of a stat that another change could hide behind. */
export function isRacyRow(bytes: Buffer, at: number): boolean {
  return ((bytes[at] ?? 0) & RACY) !== 0;
}

/** Whether another file system was mounted on the directory at `at`; undefined where no scan recorded it. */
export function rowMount(bytes: Buffer, at: number): boolean | undefined {
  if (bytes.readBigUInt64BE(at + 25) === 0n) return undefined;
  return ((bytes[at] ?? 0) & MOUNT) !== 0;
}

/** Whether a stat shows what the row at `at` recorded, of the same kind. */
export function isRowOf(bytes: Buffer, at: number, stat: FileStat): boolean {
  return (
    stat.size === bytes.readDoubleBE(at + 1) &&
    keptTime(stat.mtimeNs) === bytes.readBigInt64BE(at + 9) &&
    keptTime(stat.ctimeNs) === bytes.readBigInt64BE(at + 17) &&
    stat.inode === bytes.readBigUInt64BE(at + 25) &&
    (stat.kind !== 'file' || isExecutable(stat.mode) === (((bytes[at] ?? 0) & EXECUTABLE) !== 0))
  );
}

/** The entry in the row at `at`. Log ids are stored by their first half and completed by `fullLog`. */
export function readSeenRow(
  buffer: Buffer,
  at: number,
  fullLog: (half: string) => string,
): SeenEntry {
  const kind = rowKind(buffer, at);
  const flags = buffer[at] ?? 0;
  return {
    kind,
    size: rowSize(buffer, at),
    mtimeNs: buffer.readBigInt64BE(at + 9),
    ctimeNs: buffer.readBigInt64BE(at + 17),
    inode: buffer.readBigUInt64BE(at + 25),
    executable: (flags & EXECUTABLE) !== 0,
    racy: (flags & RACY) !== 0,
    ...((flags & MOUNT) === 0 ? {} : { mount: true }),
    digest: kind === 'directory' ? noDigest : new Uint8Array(buffer.subarray(at + 65, at + FIXED)),
    version: {
      log: fullLog(buffer.toString('hex', at + 33, at + 49)),
      seq: buffer.readUIntBE(at + 49, 6),
      index: buffer.readUInt16BE(at + 55),
      hash8: new Uint8Array(buffer.subarray(at + 57, at + 65)),
    },
  };
}
