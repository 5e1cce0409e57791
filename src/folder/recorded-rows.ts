/**
 * The rows of one directory as they cross to the worker lanes: sealed as they lie in `meta/`, so that
 * the thread that reads them does not open them.
 */

import { concat } from '../bytes.ts';
import type { SecretKey } from '../crypto/hash.ts';
import { openRow, ROW_OVERHEAD } from '../crypto/row-seal.ts';
import { VaultError } from '../errors.ts';
import { workingCopyKey } from '../store/meta-keys.ts';
import {
  encodeSeenPage,
  FIXED_ROW_BYTES,
  PAGE_ENTRIES,
  type SeenEntry,
} from './working-copy-row.ts';

/** Either the pages in order, sealed under this directory key, or the rows in the open. */
export type RecordedRows =
  | { readonly directoryKey: Uint8Array; readonly pages: readonly Uint8Array[] }
  | { readonly plain: Uint8Array };

/** Page number and, true of the first, number of pages, before the rows of a page. */
export const PAGE_HEAD = 8;

/** A first page of fewer bytes than a full one can have is the only one. */
export const FULL_PAGE_BYTES = PAGE_HEAD + ROW_OVERHEAD + PAGE_ENTRIES * (FIXED_ROW_BYTES + 1);

/** The rows of entries held in memory. */
export function plainRows(entries: Iterable<readonly [string, SeenEntry]>): RecordedRows {
  return { plain: encodeSeenPage(entries) };
}

/** The rows in the open. Throws `VAULT_DAMAGED` where a page is missing or does not authenticate. */
export function openPages(key: SecretKey, rows: RecordedRows): Uint8Array {
  if ('plain' in rows) return rows.plain;
  const { directoryKey, pages } = rows;
  const opened = pages.map((sealed, page) => {
    const { count, rows: plain } = openPage(key, directoryKey, page, sealed);
    // The others may have been written when there were fewer or more.
    if (page === 0 && count !== pages.length) throw damagedRows();
    return plain;
  });
  return opened.length === 1 && opened[0] !== undefined ? opened[0] : concat(...opened);
}

/** Bytes of the rows as they cross. */
export function rowBytes(rows: RecordedRows): number {
  if ('plain' in rows) return rows.plain.length;
  return rows.pages.reduce((sum, { length }) => sum + length, 0);
}

/** The same directories with all their rows in one new buffer, which can move to another thread as one. */
export function packRows<T extends { readonly rows: RecordedRows | undefined }>(
  directories: readonly T[],
): { readonly packed: readonly T[]; readonly buffer: ArrayBuffer } {
  const length = directories.reduce((sum, { rows }) => sum + (rows ? rowBytes(rows) : 0), 0);
  const bytes = new Uint8Array(length);
  let at = 0;
  const pack = (part: Uint8Array): Uint8Array => {
    bytes.set(part, at);
    at += part.length;
    return bytes.subarray(at - part.length, at);
  };
  const packed = directories.map((directory) => {
    const { rows } = directory;
    if (rows === undefined) return directory;
    if ('plain' in rows) return { ...directory, rows: { plain: pack(rows.plain) } };
    // Keys may be views of something larger, which would come along.
    const { directoryKey, pages } = rows;
    return { ...directory, rows: { directoryKey: directoryKey.slice(), pages: pages.map(pack) } };
  });
  return { packed, buffer: bytes.buffer };
}

/** One page: how many there are of the directory, and its rows. Throws `VAULT_DAMAGED`. */
export function openPage(
  key: SecretKey,
  directoryKey: Uint8Array,
  page: number,
  sealed: Uint8Array,
): { readonly count: number; readonly rows: Uint8Array } {
  const plain = openRow(key, workingCopyKey(directoryKey, page), sealed);
  if (plain.length < PAGE_HEAD) throw damagedRows();
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  if (view.getUint32(0) !== page) throw damagedRows();
  return { count: view.getUint32(4), rows: plain.subarray(PAGE_HEAD) };
}

export function damagedRows(): VaultError {
  return new VaultError('VAULT_DAMAGED', 'the state of the working copy is damaged');
}
