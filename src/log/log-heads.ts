/**
 * The heads of all logs. A row of the index holds the head itself beside the place of its value, so
 * that a log still knows its end when values at its end were lost; the value is then written anew.
 */

import { concat, equalBytes, fromHex, toHex } from '../bytes.ts';
import { parseHeader, valueTypes } from '../crypto/sealed-value.ts';
import { isVaultError, VaultError } from '../errors.ts';
import type { FolderStore } from '../store/folder-store.ts';
import { decodeSeq, encodeSeq, metaKey, metaPrefix, metaRange } from '../store/meta-keys.ts';
import type { MetaOperation } from '../store/meta-store.ts';
import type { EntryReader } from './entry-reader.ts';
import { decodeHead, decodeStoredHead, encodeHead } from './head.ts';
import type { Head, LogId } from './types.ts';

/** A head whose value is lost. */
export interface LostHead {
  readonly line: LogId;
  readonly head: Head;
  /** The damaged value that was found in its place, if any. */
  readonly damagedSeq: number | undefined;
}

export interface LoadedHeads {
  readonly heads: Map<LogId, Head>;
  readonly lost: readonly LostHead[];
}

/** The row for the head of a line whose value lies at `chunkSeq`. */
export function headRow(line: LogId, head: Head, chunkSeq: number): MetaOperation {
  const value = concat(encodeSeq(chunkSeq), encodeHead(head));
  return { type: 'put', key: metaKey(metaPrefix.head, fromHex(line)), value };
}

/** The row for a head that is kept when its line goes on. */
export function signedRow(line: LogId, head: Head): MetaOperation {
  const key = metaKey(metaPrefix.signed, fromHex(line), encodeSeq(head.seq));
  return { type: 'put', key, value: encodeHead(head) };
}

/** The first head of a line that is kept at or after entry `seq`, but for the one that ends it. */
export async function signedFrom(
  store: FolderStore,
  line: LogId,
  seq: number,
): Promise<Head | undefined> {
  const range = metaRange(metaKey(metaPrefix.signed, fromHex(line)));
  const gte = metaKey(metaPrefix.signed, fromHex(line), encodeSeq(seq));
  for await (const { value } of store.meta.scan({ gte, lt: range.lt, limit: 1 })) {
    const head = headOf(value);
    if (head === undefined) throw wrong();
    return head;
  }
  return undefined;
}

/** All heads, by line. Throws `VAULT_DAMAGED` where the index is wrong. */
export async function loadHeads(
  store: FolderStore,
  reader: EntryReader,
  isSigned: (head: Head) => boolean,
): Promise<LoadedHeads> {
  const found: { line: LogId; head: Head; chunkSeq: number }[] = [];
  for await (const { key, value } of store.meta.scan(metaRange(metaKey(metaPrefix.head)))) {
    const chunkSeq = decodeSeq(value.subarray(0, 8));
    const head = headOf(value.subarray(8));
    if (chunkSeq === undefined || head === undefined) throw wrong();
    const line = toHex(key.subarray(1));
    if (head.log !== reader.lines.origin(line) || !isSigned(head)) throw wrong();
    // A head that is older than its log's last entry would begin a fork.
    if ((await lastEntrySeq(store, reader, line)) !== head.seq) throw wrong();
    found.push({ line, head, chunkSeq });
  }
  const values = await store.getValues(found.map(({ chunkSeq }) => chunkSeq));
  const lost = found.flatMap(({ line, head, chunkSeq }, index) => {
    const value = values[index];
    if (value === undefined) return [{ line, head, damagedSeq: undefined }];
    if (holds(reader, value, head)) return [];
    return [{ line, head, damagedSeq: looksLikeHead(value) ? chunkSeq : undefined }];
  });
  return { heads: new Map(found.map(({ line, head }) => [line, head])), lost };
}

/** The number of the last entry of a log that the index speaks of, or −1. */
export async function lastEntrySeq(
  store: FolderStore,
  reader: EntryReader,
  log: LogId,
): Promise<number> {
  const lost = reader.lost.all.filter((entry) => entry.log === log).map(({ seq }) => seq);
  let last = lost.reduce((a, b) => Math.max(a, b), -1);
  const range = metaRange(metaKey(metaPrefix.entry, fromHex(log)));
  for await (const { key } of store.meta.scan({ ...range, reverse: true, limit: 1 })) {
    last = Math.max(last, decodeSeq(key.subarray(33)) ?? -1);
  }
  return last;
}

function headOf(bytes: Uint8Array): Head | undefined {
  try {
    return decodeHead(bytes);
  } catch (error) {
    if (!isVaultError(error)) throw error;
    return undefined;
  }
}

/** Whether the value is this head. Throws `VAULT_DAMAGED` where it is another sound value. */
function holds(reader: EntryReader, value: Uint8Array, head: Head): boolean {
  try {
    const { type, plain } = reader.open(value);
    if (type !== valueTypes.head) throw wrong();
    if (!equalBytes(encodeHead(decodeStoredHead(plain).head), encodeHead(head))) throw wrong();
    return true;
  } catch (error) {
    if (!isVaultError(error, 'VAULT_CHUNK_CORRUPT')) throw error;
    return false;
  }
}

function looksLikeHead(value: Uint8Array): boolean {
  try {
    return parseHeader(value).type === valueTypes.head;
  } catch (error) {
    if (!isVaultError(error)) throw error;
    return false;
  }
}

function wrong(): VaultError {
  return new VaultError('VAULT_DAMAGED', 'the index of heads is damaged');
}
