/**
 * A log entry in canonical CBOR, named by the SHA-256 of its bytes:
 *
 *   [1, features, log, seq, previous, clock, epoch, links, types, hashes]
 *
 * previous: the hash of the entry before, zeros at seq 0; clock: what the author saw since its entry
 * before; epoch: under whose record key links and records are sealed; links: the sealed block, null
 * where there is no version; types: one byte a record, 128 added where it has no sealed bytes (a
 * version without a body); hashes: SHA-256 of the sealed bytes of each other record, in order.
 */

import { equalBytes, toHex } from '../bytes.ts';
import { asArray, asBytes, asInteger, decode, encode } from '../codec.ts';
import { sha256 } from '../crypto/hash.ts';
import { VaultError } from '../errors.ts';
import { MAX_CLOCK_DELTA, MAX_ENTRY_BYTES, MAX_ENTRY_RECORDS } from '../limits.ts';
import { asClock, asId, clockToValue, idToBytes } from './clock-codec.ts';
import {
  asFeatures,
  featuresToValue,
  knownEntryFeatures,
  unsupported,
  type FeatureFlags,
} from './feature-flags.ts';
import { invalid } from './link.ts';
import { ID_BYTES } from './log-id.ts';
import { MAX_RECORD_TYPE, recordType } from './record-types.ts';
import { EPOCH_ID_BYTES, epochToBytes } from './rotation-record.ts';
import type { EpochId, LogId, VectorClock } from './types.ts';

const ENTRY_VERSION = 1;
const FIELDS = 10;
/** Fields that an entry with unknown optional features may have. */
const MAX_FIELDS = 64;
const WITHOUT_BYTES = 0x80;

/** One record as its entry names it; `hash` is undefined where there are no sealed bytes. */
export interface EntryRecord {
  readonly type: number;
  readonly hash: Uint8Array | undefined;
}

export interface EntryFields {
  readonly features: FeatureFlags;
  readonly log: LogId;
  readonly seq: number;
  readonly previous: Uint8Array;
  /** What the author saw of other logs since its entry before: counts of entries. */
  readonly clock: VectorClock;
  readonly epoch: EpochId;
  /** The sealed block of links, one for each record that is a version. */
  readonly links: Uint8Array | undefined;
  readonly records: readonly EntryRecord[];
}

export interface Entry extends EntryFields {
  /** SHA-256 of the entry's bytes. */
  readonly hash: Uint8Array;
}

/** What is known of an entry before it is read. */
export interface ExpectedEntry {
  readonly log?: LogId;
  readonly seq?: number;
  readonly previous?: Uint8Array;
  readonly hash?: Uint8Array;
}

/**
 * The entry of these fields, with its canonical bytes: what {@link openEntry} gives for them, without
 * reading them again. Throws as that where the fields contradict each other or the bytes are too many.
 */
export function sealedEntry(fields: EntryFields): { entry: Entry; bytes: Uint8Array } {
  const bytes = encodeEntry(fields);
  if (bytes.length > MAX_ENTRY_BYTES) throw tooLarge();
  const entry: Entry = { ...fields, hash: sha256(bytes) };
  if (entry.records.length > MAX_ENTRY_RECORDS) {
    throw invalid(`at most ${MAX_ENTRY_RECORDS} records`);
  }
  checkEntry(entry);
  return { entry, bytes };
}

/** The canonical bytes. {@link openEntry} on them throws where the fields were out of range. */
export function encodeEntry(entry: EntryFields): Uint8Array {
  const types = new Uint8Array(entry.records.length);
  const hashes: Uint8Array[] = [];
  for (const [at, { type, hash }] of entry.records.entries()) {
    types[at] = type | (hash === undefined ? WITHOUT_BYTES : 0);
    if (hash !== undefined) hashes.push(hash);
  }
  return encode([
    ENTRY_VERSION,
    featuresToValue(entry.features),
    idToBytes(entry.log),
    entry.seq,
    entry.previous,
    clockToValue(entry.clock),
    epochToBytes(entry.epoch),
    entry.links ?? null,
    types,
    Buffer.concat(hashes),
  ]);
}

/**
 * The entry of `bytes`, whose arrays may share their memory. Links and records stay sealed: see
 * `entry-records.ts`. Throws `VAULT_ENTRY_INVALID` where it is malformed or not what is expected,
 * `VAULT_LIMIT_EXCEEDED` above {@link MAX_ENTRY_BYTES}, `VAULT_FORMAT_UNSUPPORTED` naming the version
 * or critical feature where a newer program is needed.
 */
export function openEntry(bytes: Uint8Array, expected: ExpectedEntry = {}): Entry {
  const hash = sha256(bytes);
  if (expected.hash !== undefined && !equalBytes(hash, expected.hash)) {
    throw new VaultError('VAULT_ENTRY_INVALID', 'entry does not have the expected hash');
  }
  if (bytes.length > MAX_ENTRY_BYTES) {
    throw tooLarge();
  }
  const value = asArray(decode(bytes), 2);
  const version = asInteger(value[0]);
  if (version !== ENTRY_VERSION) throw unsupported(`entry format ${version}`, { format: version });
  const features = asFeatures(value[1], knownEntryFeatures);
  const hasUnknown = features.optional.some((name) => !knownEntryFeatures.has(name));
  asArray(value, FIELDS, hasUnknown ? MAX_FIELDS : FIELDS);
  const entry: Entry = {
    features,
    log: asId(value[2]),
    seq: asInteger(value[3]),
    previous: asBytes(value[4], ID_BYTES),
    clock: asClock(value[5], MAX_CLOCK_DELTA),
    epoch: toHex(asBytes(value[6], EPOCH_ID_BYTES)),
    links: value[7] === null ? undefined : asBytes(value[7]),
    records: asRecords(asBytes(value[8]), asBytes(value[9])),
    hash,
  };
  checkEntry(entry);
  checkExpected(entry, expected);
  return entry;
}

function asRecords(types: Uint8Array, hashes: Uint8Array): EntryRecord[] {
  if (types.length > MAX_ENTRY_RECORDS) throw invalid(`at most ${MAX_ENTRY_RECORDS} records`);
  let at = 0;
  const records: EntryRecord[] = [];
  for (const byte of types) {
    const type = byte & MAX_RECORD_TYPE;
    if (type === recordType.links) throw invalid('a type of record');
    if (byte === type) {
      records.push({ type, hash: hashes.subarray(at, at + ID_BYTES) });
      at += ID_BYTES;
    } else {
      if (type !== recordType.version) throw invalid('sealed bytes for each record');
      records.push({ type, hash: undefined });
    }
  }
  if (at !== hashes.length) throw invalid('a hash for each sealed record');
  return records;
}

function tooLarge(): VaultError {
  return new VaultError('VAULT_LIMIT_EXCEEDED', `entry above ${MAX_ENTRY_BYTES} bytes`);
}

function checkEntry(entry: Entry): void {
  if (entry.clock.has(entry.log)) throw invalid('a clock of other logs');
  const isFirst = entry.seq === 0;
  if (isFirst && entry.previous.some((byte) => byte !== 0)) throw invalid('zeros before the first');
  let hasVersions = false;
  for (const [index, { type }] of entry.records.entries()) {
    if ((type === recordType.logStart) !== (isFirst && index === 0)) {
      throw invalid('a log-start record first in the log, and nowhere else');
    }
    if (type === recordType.version) hasVersions = true;
  }
  if (isFirst && entry.records.length === 0) throw invalid('a log-start record');
  if (hasVersions !== (entry.links !== undefined)) throw invalid('links exactly for versions');
}

function checkExpected(entry: Entry, expected: ExpectedEntry): void {
  const { log, seq, previous } = expected;
  if (
    (log !== undefined && entry.log !== log) ||
    (seq !== undefined && entry.seq !== seq) ||
    (previous !== undefined && !equalBytes(entry.previous, previous))
  ) {
    throw new VaultError('VAULT_ENTRY_INVALID', 'entry belongs elsewhere in the log', {
      details: { log: entry.log, seq: entry.seq },
    });
  }
}
