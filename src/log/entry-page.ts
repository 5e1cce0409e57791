/**
 * The sealed bodies and records of one entry, stored together: `[1, entry hash, [index, sealed, …]]`
 * by ascending index. Any of them can be absent, and each is held against the entry by its hash alone.
 */

import { asArray, asBytes, asInteger, decode, encode, type CborValue } from '../codec.ts';
import { VaultError } from '../errors.ts';
import { MAX_ENTRY_RECORDS, MAX_PAGE_BYTES } from '../limits.ts';
import { unsupported } from './feature-flags.ts';
import { invalid } from './link.ts';
import { ID_BYTES } from './log-id.ts';

const PAGE_VERSION = 1;

export interface EntryPage {
  /** Hash of the entry whose records these are; also the id of the stored page. */
  readonly entry: Uint8Array;
  /** Sealed bytes by index in the entry, ascending. Nothing says yet that they are genuine. */
  readonly records: ReadonlyMap<number, Uint8Array>;
}

/** The canonical bytes. Throws `VAULT_LIMIT_EXCEEDED` above {@link MAX_PAGE_BYTES}. */
export function encodePage(page: EntryPage): Uint8Array {
  const flat: CborValue[] = [];
  for (const [index, sealed] of page.records) flat.push(index, sealed);
  const bytes = encode([PAGE_VERSION, page.entry, flat]);
  if (bytes.length > MAX_PAGE_BYTES) {
    throw new VaultError('VAULT_LIMIT_EXCEEDED', `page above ${MAX_PAGE_BYTES} bytes`);
  }
  return bytes;
}

/** The inverse of {@link encodePage}. Throws `VAULT_ENTRY_INVALID`, `VAULT_LIMIT_EXCEEDED` or `VAULT_FORMAT_UNSUPPORTED`. */
export function decodePage(bytes: Uint8Array): EntryPage {
  if (bytes.length > MAX_PAGE_BYTES) {
    throw new VaultError('VAULT_LIMIT_EXCEEDED', `page above ${MAX_PAGE_BYTES} bytes`);
  }
  const value = asArray(decode(bytes), 1);
  const version = asInteger(value[0]);
  if (version !== PAGE_VERSION) throw unsupported(`page format ${version}`, { format: version });
  asArray(value, 3, 3);
  const flat = asArray(value[2], 0, MAX_ENTRY_RECORDS * 2);
  if (flat.length % 2 !== 0) throw invalid('index and bytes');
  const records = new Map<number, Uint8Array>();
  let least = 0;
  for (let at = 0; at < flat.length; at += 2) {
    const index = asInteger(flat[at], least, MAX_ENTRY_RECORDS - 1);
    least = index + 1;
    records.set(index, asBytes(flat[at + 1]));
  }
  return { entry: asBytes(value[1], ID_BYTES), records };
}

/** The page without the records at `indexes`. */
export function withoutRecords(page: EntryPage, indexes: ReadonlySet<number>): EntryPage {
  const records = new Map([...page.records].filter(([index]) => !indexes.has(index)));
  return { entry: page.entry, records };
}
