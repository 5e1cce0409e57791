/**
 * What vault last saw of one directory of the working copy: one sealed row per directory, in pages,
 * so that names never lie in the open, a scan reads one row per directory, and memory stays flat.
 */

import { asBuffer, concat, type Bytes } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import type { Parent, VersionKind } from '../log/types.ts';
import { pathFromBytes, pathToBytes } from '../path-bytes.ts';

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
  /** Digest of the content, as in its link; empty for a directory. */
  readonly digest: Uint8Array;
  /** The version on disk: what the next one supersedes. */
  readonly version: Parent;
}

/** Entries in one page: about 60 KB sealed. */
export const PAGE_ENTRIES = 512;

const FIXED = 81;
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

/** Bytes of some entries of one directory, in the order given. */
export function encodeSeenPage(entries: Iterable<readonly [string, SeenEntry]>): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [name, entry] of entries) {
    const nameBytes = pathToBytes(name);
    const out = Buffer.allocUnsafe(FIXED + 2 + nameBytes.length);
    out[0] = kinds.indexOf(entry.kind) | (entry.executable ? 8 : 0) | (entry.racy ? 16 : 0);
    out.writeDoubleBE(entry.size, 1);
    out.writeBigInt64BE(entry.mtimeNs, 9);
    out.writeBigInt64BE(entry.ctimeNs, 17);
    out.writeBigUInt64BE(BigInt.asUintN(64, entry.inode), 25);
    out.write(entry.version.log, 33, 16, 'hex');
    out.writeUIntBE(entry.version.seq, 49, 6);
    out.writeUInt16BE(entry.version.index, 55);
    out.set(entry.version.hash8, 57);
    out.fill(0, 65, FIXED);
    out.set(entry.digest, 65);
    out.writeUInt16BE(nameBytes.length, FIXED);
    out.set(nameBytes, FIXED + 2);
    parts.push(out);
  }
  return concat(...parts);
}

/** Adds the entries of a page to `into`. Log ids are stored by their first half and completed by `fullLog`. */
export function decodeSeenPage(
  bytes: Bytes,
  fullLog: (half: string) => string,
  into: Map<string, SeenEntry>,
): void {
  const buffer = asBuffer(bytes);
  for (let at = 0; at < buffer.length;) {
    const nameLength = at + FIXED + 2 <= buffer.length ? buffer.readUInt16BE(at + FIXED) : -1;
    const end = at + FIXED + 2 + nameLength;
    const kind = kinds[(buffer[at] ?? 3) & 3];
    if (nameLength < 1 || end > buffer.length || kind === undefined) {
      throw new VaultError('VAULT_DAMAGED', 'malformed row of the working copy');
    }
    const flags = buffer[at] ?? 0;
    into.set(pathFromBytes(buffer.subarray(at + FIXED + 2, end)), {
      kind,
      size: buffer.readDoubleBE(at + 1),
      mtimeNs: buffer.readBigInt64BE(at + 9),
      ctimeNs: buffer.readBigInt64BE(at + 17),
      inode: buffer.readBigUInt64BE(at + 25),
      executable: (flags & 8) !== 0,
      racy: (flags & 16) !== 0,
      digest:
        kind === 'directory' ? noDigest : new Uint8Array(buffer.subarray(at + 65, at + FIXED)),
      version: {
        log: fullLog(buffer.toString('hex', at + 33, at + 49)),
        seq: buffer.readUIntBE(at + 49, 6),
        index: buffer.readUInt16BE(at + 55),
        hash8: new Uint8Array(buffer.subarray(at + 57, at + 65)),
      },
    });
    at = end;
  }
}
