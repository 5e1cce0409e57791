/**
 * A small file kept twice, `<path>.a` and `<path>.b`, so that neither a crash nor one damaged copy
 * loses it.
 *
 * Each copy: magic `VLTTWIN` and format byte 1 (8) | generation u64 | content length u32 | content |
 * SHA-256 of all before (32); numbers big-endian. The checksum finds damage; it does not authenticate.
 */

import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { concat, equalBytes, readU64be, u64be, utf8 } from '../bytes.ts';
import { isVaultError, systemCode, VaultError } from '../errors.ts';
import type { FileSystem } from '../system/file-system.ts';
import { storeFailure } from './store-failure.ts';

/** What both copies say, or the newer one where a crash came between them. */
export interface TwinContent {
  readonly content: Uint8Array;
  /** Rises by one with each {@link writeTwin}. */
  readonly generation: number;
  /** Whether both copies are there and equal; if not, {@link mendTwin} makes them so. */
  readonly whole: boolean;
}

type Copy =
  | { readonly state: 'good'; readonly generation: number; readonly content: Uint8Array }
  | { readonly state: 'absent' | 'damaged' }
  | { readonly state: 'unreadable'; readonly cause: unknown };

const MAGIC = concat(utf8('VLTTWIN'), new Uint8Array([1]));
const HEADER_BYTES = MAGIC.length + 12;
const CHECKSUM_BYTES = 32;
/** Longest content: what reading may allocate. */
export const MAX_TWIN_BYTES = 16 * 1024 * 1024;

/**
 * The newest valid content, undefined where neither copy is there. Changes nothing.
 * Throws `VAULT_DAMAGED` where no copy is valid, `VAULT_IO` where that cannot be told.
 */
export function readTwin(fs: FileSystem, path: string): TwinContent | undefined {
  const copies = bothOf(fs, path);
  const newest = newestOf(copies);
  if (newest) {
    const { content, generation } = newest;
    const whole = copies.every(
      (copy) =>
        copy.state === 'good' &&
        copy.generation === generation &&
        equalBytes(copy.content, content),
    );
    return { content, generation, whole };
  }
  for (const copy of copies) {
    if (copy.state === 'unreadable') throw storeFailure(copy.cause, path, 'read');
  }
  if (copies.every(({ state }) => state === 'absent')) return undefined;
  throw new VaultError('VAULT_DAMAGED', `no copy of ${JSON.stringify(path)} is whole`, {
    details: { path },
  });
}

/**
 * Replaces the content. After a crash at any step reading gives the old or the new content; on
 * return both copies are durable. Throws `VAULT_NO_SPACE`, `VAULT_IO`, and `RangeError` above
 * {@link MAX_TWIN_BYTES}.
 */
export function writeTwin(fs: FileSystem, path: string, content: Uint8Array): void {
  if (content.length > MAX_TWIN_BYTES) {
    throw new RangeError(`expected at most ${MAX_TWIN_BYTES} bytes, got ${content.length}`);
  }
  const copies = bothOf(fs, path);
  const newest = newestOf(copies);
  const bytes = encodeCopy((newest?.generation ?? 0) + 1, content);
  // The newest copy goes last: until then it is what a crash leaves.
  const names = namesOf(path);
  const order = copies[0] === newest ? names.toReversed() : names;
  for (const name of order) replaceFile(fs, name, bytes);
}

/** Makes both copies equal to the newest valid one. Throws as {@link readTwin} and {@link writeTwin}. */
export function mendTwin(fs: FileSystem, path: string): void {
  const twin = readTwin(fs, path);
  if (twin === undefined || twin.whole) return;
  const bytes = encodeCopy(twin.generation, twin.content);
  const copies = bothOf(fs, path);
  namesOf(path).forEach((name, index) => {
    const copy = copies[index];
    if (copy?.state === 'good' && equalBytes(encodeCopy(copy.generation, copy.content), bytes)) {
      return;
    }
    replaceFile(fs, name, bytes);
  });
}

/**
 * As {@link mendTwin}, but a copy that cannot be mended now (a full or read-only disk) is left for another
 * time. Throws `VAULT_DAMAGED` where no copy is valid.
 */
export function mendTwinIfPossible(fs: FileSystem, path: string): void {
  try {
    mendTwin(fs, path);
  } catch (error) {
    if (!isVaultError(error) || error.code === 'VAULT_DAMAGED') throw error;
  }
}

function namesOf(path: string): [string, string] {
  return [`${path}.a`, `${path}.b`];
}

function bothOf(fs: FileSystem, path: string): Copy[] {
  return namesOf(path).map((name) => readCopy(fs, name));
}

function newestOf(copies: readonly Copy[]): (Copy & { state: 'good' }) | undefined {
  let newest: (Copy & { state: 'good' }) | undefined;
  for (const copy of copies) {
    if (copy.state !== 'good') continue;
    if (newest === undefined || copy.generation > newest.generation) newest = copy;
  }
  return newest;
}

function readCopy(fs: FileSystem, name: string): Copy {
  let bytes: Uint8Array;
  try {
    bytes = fs.readFile(name, HEADER_BYTES + MAX_TWIN_BYTES + CHECKSUM_BYTES);
  } catch (cause) {
    const code = systemCode(cause);
    if (code === 'ENOENT') return { state: 'absent' };
    if (code === 'EFBIG' || code === 'EISDIR' || code === 'ELOOP') return { state: 'damaged' };
    return { state: 'unreadable', cause };
  }
  const end = bytes.length - CHECKSUM_BYTES;
  if (
    end < HEADER_BYTES ||
    !equalBytes(bytes.subarray(0, MAGIC.length), MAGIC) ||
    !equalBytes(checksumOf(bytes.subarray(0, end)), bytes.subarray(end))
  ) {
    return { state: 'damaged' };
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(MAGIC.length + 8);
  if (length !== end - HEADER_BYTES) return { state: 'damaged' };
  return {
    state: 'good',
    generation: readU64be(bytes, MAGIC.length),
    content: bytes.slice(HEADER_BYTES, end),
  };
}

function encodeCopy(generation: number, content: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, content.length);
  const body = concat(MAGIC, u64be(generation), length, content);
  return concat(body, checksumOf(body));
}

function checksumOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

function replaceFile(fs: FileSystem, path: string, bytes: Uint8Array): void {
  const temporary = `${path}.tmp`;
  try {
    fs.removeTree(temporary);
    const file = fs.open(temporary, { mode: 'create', permissions: 0o600 });
    try {
      file.write(bytes, 0);
      file.sync();
    } finally {
      file.close();
    }
    fs.rename(temporary, path);
    fs.syncDirectory(dirname(path));
  } catch (error) {
    throw storeFailure(error, path, 'write');
  }
}
