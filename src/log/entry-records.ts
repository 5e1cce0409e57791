/** What an entry seals: its links and, one by one, its bodies and other records. */

import { equalBytes } from '../bytes.ts';
import {
  openRecord,
  sealRecords,
  type PlainRecord,
  type RecordContext,
} from '../crypto/record-seal.ts';
import { sha256, type SecretKey } from '../crypto/hash.ts';
import { VaultError } from '../errors.ts';
import { MAX_LINKS_BYTES } from '../limits.ts';
import type { RandomSource } from '../random.ts';
import { bodyKind, decodeBody } from './body.ts';
import { idToBytes } from './clock-codec.ts';
import { unpackBlock, type Compressor } from './compressed-block.ts';
import type { Entry } from './entry.ts';
import { decodeLinkBlock } from './link-block.ts';
import { hasContent, invalid } from './link.ts';
import { shortHash } from './log-id.ts';
import { decodeOtherRecord, type StoredRecord, type UnknownRecord } from './other-record.ts';
import { recordType } from './record-types.ts';
import { epochToBytes } from './rotation-record.ts';
import type { Body, NamedLink, VersionKind } from './types.ts';

/** What opens the records of one epoch in one folder. */
export interface RecordKeys {
  /** 32-byte folder id. */
  readonly folder: Uint8Array;
  /** Of the entry's epoch. */
  readonly recordKey: SecretKey;
  /** Needed where anything was compressed. */
  readonly compressor?: Compressor;
}

type Place = Pick<Entry, 'log' | 'seq' | 'epoch'>;

/** Seals records of one entry: each opens only as its type, at its index, in this entry. */
export function sealEntryRecords(
  place: Place,
  records: readonly PlainRecord[],
  keys: RecordKeys,
  random: RandomSource,
): Uint8Array[] {
  const context = contextOf(place, keys);
  return sealRecords({ recordKey: keys.recordKey, context, records, random });
}

/**
 * The links of `entry`, in order of their dots. Throws `VAULT_ENTRY_INVALID` (also where key or
 * folder are not the ones they were sealed under), `VAULT_LIMIT_EXCEEDED` or `VAULT_PATH_UNSAFE`.
 */
export function openLinks(entry: Entry, keys: RecordKeys): readonly NamedLink[] {
  if (entry.links === undefined) return [];
  const block = openRecord({
    recordKey: keys.recordKey,
    context: { ...contextOf(entry, keys), type: recordType.links, index: 0 },
    sealed: entry.links,
  });
  const { links, names } = decodeLinkBlock(unpackBlock(block, MAX_LINKS_BYTES, keys.compressor));
  if (names !== undefined) throw invalid('links named by their entry');
  const hash8 = shortHash(entry.hash);
  const { log, seq } = entry;
  const named: NamedLink[] = [];
  entry.records.forEach((record, index) => {
    if (record.type !== recordType.version) return;
    const link = links[named.length];
    if (link === undefined) throw invalid('a link for each version');
    checkHasBody(link.kind, record.hash !== undefined);
    if (link.parents.some((parent) => parent.log === log && parent.seq >= seq)) {
      throw invalid('parents that came before');
    }
    named.push({ ...link, dot: { log, seq, index }, hash8 });
  });
  if (named.length !== links.length) throw invalid('a version for each link');
  return named;
}

/**
 * The body of the version at `index`. `sealed` may come from anywhere: it is held against the entry.
 * Throws `VAULT_ENTRY_INVALID` or `VAULT_LIMIT_EXCEEDED`.
 */
export function openBody(
  entry: Entry,
  index: number,
  kind: VersionKind,
  sealed: Uint8Array,
  keys: RecordKeys,
): Body {
  const body = decodeBody(openOne(entry, index, sealed, keys, recordType.version));
  if (bodyKind(body) !== kind) throw invalid(`the body of a ${kind}`);
  return body;
}

/** The record at `index` that is not a version. As {@link openBody} otherwise. */
export function openOtherRecord(
  entry: Entry,
  index: number,
  sealed: Uint8Array,
  keys: RecordKeys,
): StoredRecord | UnknownRecord {
  const type = entry.records[index]?.type ?? recordType.links;
  if (type === recordType.version) throw new TypeError('expected another record, got a version');
  return decodeOtherRecord(type, openOne(entry, index, sealed, keys, type), keys.compressor);
}

/** Whether `sealed` is, byte for byte, what the entry names at `index`. */
export function isSealedRecord(entry: Entry, index: number, sealed: Uint8Array): boolean {
  const hash = entry.records[index]?.hash;
  return hash !== undefined && equalBytes(sha256(sealed), hash);
}

/** Throws `VAULT_ENTRY_INVALID` unless exactly contents, and perhaps a directory, have a body. */
export function checkHasBody(kind: VersionKind, hasBody: boolean): void {
  if (hasContent(kind) ? !hasBody : kind === 'deletion' && hasBody) {
    throw invalid(`${hasBody ? 'no' : 'a'} body of a ${kind}`);
  }
}

function openOne(
  entry: Entry,
  index: number,
  sealed: Uint8Array,
  keys: RecordKeys,
  type: number,
): Uint8Array {
  if (entry.records[index]?.type !== type || !isSealedRecord(entry, index, sealed)) {
    throw new VaultError('VAULT_ENTRY_INVALID', `record ${index} is not what its entry names`, {
      details: { seq: entry.seq, index },
    });
  }
  const context = { ...contextOf(entry, keys), type, index };
  return openRecord({ recordKey: keys.recordKey, context, sealed });
}

function contextOf(place: Place, keys: RecordKeys): Omit<RecordContext, 'type' | 'index'> {
  return {
    folder: keys.folder,
    log: idToBytes(place.log),
    seq: place.seq,
    epoch: epochToBytes(place.epoch),
  };
}
