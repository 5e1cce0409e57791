/**
 * From versions and other records to entries of one log: split so that every limit holds, sealed,
 * hashed, chained. Nothing is stored or signed here; randomness and keys are handed in.
 */

import { encode } from '../codec.ts';
import { RECORD_OVERHEAD, type PlainRecord } from '../crypto/record-seal.ts';
import { sha256 } from '../crypto/hash.ts';
import { VaultError } from '../errors.ts';
import {
  MAX_CLOCK_DELTA,
  MAX_ENTRY_BYTES,
  MAX_ENTRY_RECORDS,
  MAX_LINKS_BYTES,
  MAX_PAGE_BYTES,
} from '../limits.ts';
import type { RandomSource } from '../random.ts';
import { bodyKind, encodeBody } from './body.ts';
import { clockToValue } from './clock-codec.ts';
import { packBlock } from './compressed-block.ts';
import { encodePage } from './entry-page.ts';
import { checkHasBody, sealEntryRecords, type RecordKeys } from './entry-records.ts';
import { sealedEntry, type Entry, type EntryRecord } from './entry.ts';
import { noFeatures } from './feature-flags.ts';
import { encodeLinkBlock, linkSizeBound } from './link-block.ts';
import { invalid } from './link.ts';
import { ID_BYTES } from './log-id.ts';
import { encodeOtherRecord, recordNumber, type StoredRecord } from './other-record.ts';
import { recordType } from './record-types.ts';
import type { Body, EpochId, Link, LogId, VectorClock } from './types.ts';

/** A version before it has a name. Parents are versions of entries that already exist. */
export interface NewVersion {
  readonly type: 'version';
  readonly link: Link;
  /** Of files and symlinks always, of deletions never. */
  readonly body: Body | undefined;
}

export type NewRecord = NewVersion | StoredRecord;

/** Where the log goes on. */
export interface LogPosition {
  readonly log: LogId;
  /** Of the next entry. */
  readonly seq: number;
  /** Hash of the entry before, zeros at 0. */
  readonly previous: Uint8Array;
}

export interface BuildContext extends RecordKeys {
  readonly epoch: EpochId;
  readonly random: RandomSource;
}

export interface BuiltEntry {
  readonly entry: Entry;
  /** The entry as it is hashed, stored and sent. */
  readonly bytes: Uint8Array;
  /** Its page, undefined where no record has sealed bytes. */
  readonly page: Uint8Array | undefined;
  /** Which of the records given it holds: `first`, and `count` from there; the i-th has index i − first. */
  readonly first: number;
  readonly count: number;
}

/** 32 zeros: what stands before the first entry. */
export const noEntry = new Uint8Array(ID_BYTES);

/** What an entry holds besides clock, links, types and hashes, with every length at its greatest. */
const FIXED_BYTES = 192;
/** CBOR of one record in a page. */
const PAGE_RECORD_BYTES = 8 + RECORD_OVERHEAD;
const PAGE_FIXED_BYTES = 64;

interface Prepared {
  readonly type: number;
  readonly link: Link | undefined;
  readonly plain: Uint8Array | undefined;
}

/**
 * Entries that hold `records` in their order, after `position`; the first carries `clock`, the
 * author's clock delta. Reads ahead by at most one entry's records, so any number can be streamed
 * through. Without records there is an entry only for a clock that is not empty. Throws
 * `VAULT_ENTRY_INVALID`, `VAULT_LIMIT_EXCEEDED` or `VAULT_PATH_UNSAFE` for a record that could not be
 * read back; what was given before then is whole.
 */
export function* buildEntries(
  records: Iterable<NewRecord>,
  position: LogPosition,
  clock: VectorClock,
  context: BuildContext,
): Generator<BuiltEntry, void, void> {
  const source = records[Symbol.iterator]();
  const pending: Prepared[] = [];
  const { log } = position;
  let { seq, previous } = position;
  let first = 0;
  let rest = clock;
  let ended = false;
  /** Bytes that the link of one record took up in the last entry; at first, about what zstd makes of it. */
  let perLink = 30;

  for (;;) {
    while (!ended && pending.length < MAX_ENTRY_RECORDS) {
      const next = source.next();
      if (next.done) ended = true;
      else pending.push(prepare(next.value, position, context));
    }
    if (pending.length === 0 && rest.size === 0) return;
    if (rest.size > MAX_CLOCK_DELTA) {
      // Only a log-start record may come before all of the clock is there.
      const [now, later] = splitClock(rest);
      const group = pending.splice(0, seq === 0 ? 1 : 0);
      const built = seal({ log, seq, previous }, group, now, undefined, first, context);
      ({ seq, previous, first } = after(built));
      yield built;
      rest = later;
      continue;
    }
    const room = MAX_ENTRY_BYTES - FIXED_BYTES - encode(clockToValue(rest)).length;
    let count = Math.min(
      fitting(pending),
      Math.max(1, Math.floor(room / (ID_BYTES + 1 + perLink))),
    );
    let block: Uint8Array | undefined;
    for (;;) {
      const group = pending.slice(0, count);
      block = linkBlock(group, context);
      const size = entrySize(group, block);
      if (size <= room) break;
      if (count > 1) count = fewer(count, room / size);
      else if (rest.size > 0) count = 0;
      else throw new VaultError('VAULT_LIMIT_EXCEEDED', 'a version has too many parents');
    }
    if (block !== undefined) perLink = block.length / count;
    const group = pending.splice(0, count);
    const built = seal({ log, seq, previous }, group, rest, block, first, context);
    ({ seq, previous, first } = after(built));
    yield built;
    rest = new Map();
    if (pending.length === 0 && ended) return;
  }
}

/** Where the entry after it begins. */
function after({ entry, first, count }: BuiltEntry): {
  seq: number;
  previous: Uint8Array;
  first: number;
} {
  return { seq: entry.seq + 1, previous: entry.hash, first: first + count };
}

function prepare(record: NewRecord, position: LogPosition, context: BuildContext): Prepared {
  if (record.type !== 'version') {
    const plain = encodeOtherRecord(record, context.compressor);
    return { type: recordNumber(record), link: undefined, plain };
  }
  const { link, body } = record;
  checkHasBody(link.kind, body !== undefined);
  if (body !== undefined && bodyKind(body) !== link.kind) {
    throw invalid(`the body of a ${link.kind}`);
  }
  // An entry that is not made yet has no hash that a parent could carry.
  for (const { log, seq } of link.parents) {
    if (log === position.log && seq >= position.seq) throw invalid('parents of entries that exist');
  }
  const plain = body === undefined ? undefined : encodeBody(body);
  return { type: recordType.version, link, plain };
}

/** The next count to try where `count` was too many: by what share, with a little to spare. */
function fewer(count: number, share: number): number {
  return Math.max(1, Math.min(count - 1, Math.floor(count * share * 0.95)));
}

/** How many of `pending` fit one page and, before compression, one block of links. */
function fitting(pending: readonly Prepared[]): number {
  let page = PAGE_FIXED_BYTES;
  let links = 0;
  for (let at = 0; at < pending.length; at++) {
    const { link, plain } = pending[at] as Prepared;
    if (plain !== undefined) page += plain.length + PAGE_RECORD_BYTES;
    if (link !== undefined) links += linkSizeBound(link);
    if (page > MAX_PAGE_BYTES || links > MAX_LINKS_BYTES) return Math.max(1, at);
  }
  return pending.length;
}

function linkBlock(group: readonly Prepared[], context: BuildContext): Uint8Array | undefined {
  const links = group.flatMap(({ link }) => (link === undefined ? [] : [link]));
  return links.length === 0 ? undefined : packBlock(encodeLinkBlock(links), context.compressor);
}

function entrySize(group: readonly Prepared[], block: Uint8Array | undefined): number {
  let sealed = 0;
  for (const { plain } of group) if (plain !== undefined) sealed++;
  return (
    group.length + sealed * ID_BYTES + (block === undefined ? 0 : block.length + RECORD_OVERHEAD)
  );
}

function seal(
  position: LogPosition,
  group: readonly Prepared[],
  clock: VectorClock,
  block: Uint8Array | undefined,
  first: number,
  context: BuildContext,
): BuiltEntry {
  const { log, seq, previous } = position;
  const { epoch } = context;
  const plain: PlainRecord[] = [];
  const records: EntryRecord[] = [];
  for (const [index, record] of group.entries()) {
    records.push({ type: record.type, hash: undefined });
    if (record.plain !== undefined) plain.push({ type: record.type, index, plain: record.plain });
  }
  const blocks = block === undefined ? [] : [{ type: recordType.links, index: 0, plain: block }];
  const [links] = sealEntryRecords({ log, seq, epoch }, blocks, context, context.random);
  const sealed = sealEntryRecords({ log, seq, epoch }, plain, context, context.random);
  const page = new Map<number, Uint8Array>();
  for (const [at, { type, index }] of plain.entries()) {
    const bytes = sealed[at] as Uint8Array;
    records[index] = { type, hash: sha256(bytes) };
    page.set(index, bytes);
  }
  const { entry, bytes } = sealedEntry({
    features: noFeatures,
    log,
    seq,
    previous,
    clock,
    epoch,
    links,
    records,
  });
  return {
    entry,
    bytes,
    page: page.size === 0 ? undefined : encodePage({ entry: entry.hash, records: page }),
    first,
    count: group.length,
  };
}

/** The first {@link MAX_CLOCK_DELTA} logs, and the others. */
function splitClock(clock: VectorClock): [VectorClock, VectorClock] {
  const all = [...clock];
  return [new Map(all.slice(0, MAX_CLOCK_DELTA)), new Map(all.slice(MAX_CLOCK_DELTA))];
}
