/**
 * One folder's logs on top of its store: appends to this node's own log, reads any, and answers which
 * versions a directory has. Entries are the truth; rows of `meta/` only say where they lie.
 */

import type { Clock } from '../clock.ts';
import type { EpochKeys, FolderKeys } from '../crypto/folder-keys.ts';
import type { OpenedValue } from '../crypto/sealed-value.ts';
import type { Zstd } from '../crypto/zstd.ts';
import { isLoss, VaultError } from '../errors.ts';
import type { RandomSource } from '../random.ts';
import type { FolderStore } from '../store/folder-store.ts';
import type { ReplayCounts } from '../store/replay-log.ts';
import { EpochChoice, type EpochSecrets } from './epoch-choice.ts';
import { EntryReader, type OpenedRecord, type SealedEntryValues } from './entry-reader.ts';
import { EntryRows, UNKNOWN_TIME } from './entry-rows.ts';
import type { Entry } from './entry.ts';
import { FolderMembers } from './folder-members.ts';
import { loadFirstSeen } from './first-seen.ts';
import { loadMembers } from './load-members.ts';
import { verifyHead, type Sign, type VerifySignature } from './head.ts';
import { LogExchange } from './log-exchange.ts';
import { loadHeads } from './log-heads.ts';
import { LogLines } from './log-lines.ts';
import { LogNumberTable } from './log-numbers.ts';
import { recoverLog } from './log-recovery.ts';
import { LogSealer } from './log-sealer.ts';
import { clockOf, LogWriter, type Append, type Commit, type UnnamedVersion } from './log-writer.ts';
import { LostEntries, type EntryName } from './lost-entries.ts';
import type { StoredRecord, UnknownRecord } from './other-record.ts';
import {
  currentLinks,
  directoryLinks,
  linksAt,
  type CurrentLinks,
  type DirectoryLinks,
  type LinkSource,
} from './directory-links.ts';
import { PathIndex } from './path-index.ts';
import { RecordIndex } from './record-index.ts';
import { recordType } from './record-types.ts';
import type { DenyList } from './standing.ts';
import { VersionIds } from './version-ids.ts';
import type {
  Body,
  Dot,
  EpochId,
  Head,
  HybridTime,
  LogId,
  NamedLink,
  NodeId,
  Parent,
  VectorClock,
} from './types.ts';

export interface FolderLogParts {
  readonly store: FolderStore;
  /** 32-byte folder id. */
  readonly folder: Uint8Array;
  readonly keys: FolderKeys;
  readonly epochs: ReadonlyMap<EpochId, EpochKeys>;
  /** What new entries are sealed under now. */
  readonly currentEpoch: () => EpochId;
  /** Takes the secrets of epochs that come; default: none is taken. */
  readonly secrets?: EpochSecrets;
  readonly zstd: Zstd;
  readonly random: RandomSource;
  readonly clock: Clock;
  /** This node's log. */
  readonly log: LogId;
  readonly node: NodeId;
  readonly sign: Sign;
  readonly verify: VerifySignature;
  /** Nodes that this one locked out by itself; default nobody. */
  readonly denied?: () => DenyList;
  /** Told after each commit how many entries this node's log has. */
  readonly onCommitted?: (log: LogId, count: number) => void;
}

const noDenied: DenyList = new Map();

export class FolderLog {
  readonly paths: PathIndex;
  readonly versionIds: VersionIds;
  readonly members: FolderMembers;
  /** What other nodes give and ask for. */
  readonly exchange: LogExchange;
  readonly #parts: FolderLogParts;
  readonly #numbers: LogNumberTable;
  readonly #reader: EntryReader;
  readonly #sealer: LogSealer;
  readonly #records: RecordIndex;
  readonly #rows: EntryRows;
  readonly #heads = new Map<LogId, Head>();
  readonly #writer: LogWriter;
  readonly #epochs: EpochChoice;
  #own: LogId;

  private constructor(
    parts: FolderLogParts,
    numbers: LogNumberTable,
    lines: LogLines,
    lost: LostEntries,
  ) {
    const { store, keys, random } = parts;
    this.#parts = parts;
    this.#own = parts.log;
    this.#numbers = numbers;
    this.#reader = new EntryReader(parts, lines, lost);
    this.#sealer = new LogSealer(parts);
    const { meta } = store;
    this.#records = new RecordIndex(meta, keys.metaKey, numbers, random);
    this.paths = new PathIndex(meta, keys, numbers, random);
    const { paths } = this;
    const entry = (log: LogId, seq: number): Promise<Entry> => this.entryAlone(log, seq);
    this.versionIds = new VersionIds({ meta, numbers, entry });
    const reader = this.#reader;
    this.#rows = new EntryRows({ meta, numbers, paths, records: this.#records, reader });
    this.members = new FolderMembers({
      folder: parts.folder,
      verify: parts.verify,
      lines,
      own: parts.node,
      denied: parts.denied ?? (() => noDenied),
      entry: (line, seq) => reader.entryAlone(line, seq),
      last: (line) => this.#heads.get(line)?.seq ?? -1,
    });
    this.#epochs = new EpochChoice({ members: this.members, lines, entry });
    this.#writer = new LogWriter({
      ...parts,
      numbers,
      reader,
      rows: this.#rows,
      heads: this.#heads,
      sealer: this.#sealer,
      members: this.members,
    });
    this.exchange = new LogExchange({
      ...parts,
      reader,
      rows: this.#rows,
      members: this.members,
      heads: this.#heads,
      sealer: this.#sealer,
      writer: this.#writer,
      own: () => this.#own,
    });
  }

  /**
   * Opens the logs; after an unclean stop, or where `meta/` is gone, replays the values first.
   * `replayed` says what that found; `mended`, how many damaged heads were written anew. Throws
   * `VAULT_DAMAGED` where the index is wrong.
   */
  static async open(parts: FolderLogParts): Promise<{
    readonly log: FolderLog;
    readonly replayed: ReplayCounts | undefined;
    readonly mended: number;
  }> {
    const { store } = parts;
    const numbers = await LogNumberTable.load(store.meta);
    const lines = await LogLines.load(store.meta);
    const log = new FolderLog(parts, numbers, lines, await LostEntries.load(store.meta));
    const { heads, lost } = await loadHeads(store, log.#reader, (head) => log.#isSigned(head));
    for (const [line, head] of heads) {
      log.#heads.set(line, head);
      log.exchange.note(line, head);
    }
    const { replayed, mended } = await recoverLog({
      parts,
      reader: log.#reader,
      rows: log.#rows,
      heads: log.#heads,
      sealer: log.#sealer,
      writer: log.#writer,
      isSigned: (head) => log.#isSigned(head),
      lost,
    });
    await log.#writer.load();
    await log.exchange.load();
    await loadMembers(log.members, log.#records, log.#reader);
    if ([...log.#heads.values()].some((head) => head.log !== log.own)) store.expectGaps();
    return { log, replayed, mended };
  }

  /** This node's own log. */
  get own(): LogId {
    return this.#own;
  }

  /** Entries of this node's own log. */
  get ownCount(): number {
    return (this.#heads.get(this.own)?.seq ?? -1) + 1;
  }

  /** Whether this node writes or wrote a log: its own, or one that it has left. */
  isOwn(log: LogId): boolean {
    return log === this.own || this.members.ownerOf(log)?.node === this.#parts.node;
  }

  /**
   * From now on this node writes `log`, which begins with these records: durable on return. The log before
   * stays as one that this node has left. Nothing may be staged.
   */
  async begin(log: LogId, records: readonly StoredRecord[]): Promise<void> {
    await this.#writer.begin(log);
    this.#own = log;
    await this.append({ versions: [], records: () => records });
  }

  /** Which epoch new content belongs under, and what a new one comes after. */
  get epochs(): EpochChoice {
    return this.#epochs;
  }

  /** What is known of every log: of a forked one, as far as its longest branch goes. */
  get clock(): VectorClock {
    return clockOf(this.#heads);
  }

  /** The heads by line: of a forked log, one for each branch. */
  get heads(): ReadonlyMap<LogId, Head> {
    return this.#heads;
  }

  /** Where the branches of forked logs lie. */
  get lines(): Pick<LogLines, 'origin' | 'from' | 'of' | 'isForked' | 'holder'> {
    return this.#reader.lines;
  }

  /** Entries of which nothing is left, not even which names they spoke of. */
  get lostEntries(): readonly EntryName[] {
    return this.#reader.lost.all;
  }

  /** The id of a known log from its first 32 hex digits. */
  fullLogId(half: string): LogId {
    return this.#numbers.byPrefix(half);
  }

  /**
   * Writes versions and records as entries of this node's log, and everything staged in the store,
   * in one commit: all of it or nothing is there after a crash. The versions' names, in order.
   */
  async append({ versions, records, rows }: Append): Promise<Parent[]> {
    const names = await this.stage(versions);
    await this.commit({
      ...(records === undefined ? {} : { records }),
      rows: () => rows?.(names) ?? [],
    });
    return names;
  }

  /**
   * Makes entries of versions and hands them to the store; they become part of the log with the next
   * {@link commit}, which must follow before anything else is done with this folder: if it cannot, the
   * folder is to be closed. The versions' names, in order.
   */
  stage(versions: readonly UnnamedVersion[]): Promise<Parent[]> {
    return this.#writer.stage(versions);
  }

  /** When a link was first seen here, or its own time where that is the earlier one or as good. */
  firstSeen(): Promise<(link: NamedLink) => HybridTime> {
    return loadFirstSeen(this.#parts.store, (line) => this.#reader.lines.origin(line));
  }

  /** A sealed value of whatever type, opened. Throws `VAULT_CHUNK_CORRUPT`. */
  openValue(value: Uint8Array): OpenedValue {
    return this.#reader.open(value);
  }

  /** The plain bytes of a stored chunk or node. Throws `VAULT_CHUNK_MISSING` or `VAULT_CHUNK_CORRUPT`. */
  async openContent(id: Uint8Array): Promise<Uint8Array> {
    const [value] = await this.#parts.store.getSealed([id]);
    if (value === undefined) throw new VaultError('VAULT_CHUNK_MISSING', 'a chunk is missing');
    return this.#reader.open(value).plain;
  }

  /** Makes everything staged, and these records after it, durable and part of the log, in one commit. */
  async commit(commit: Commit): Promise<void> {
    await this.#writer.commit(commit);
    this.#parts.onCommitted?.(this.own, this.ownCount);
  }

  /**
   * Writes records that belong to no recording, when nobody is between staging and commit: durable on
   * return. Throws as {@link commit}, and where what was staged could not be committed.
   */
  async state(records: NonNullable<Commit['records']>): Promise<void> {
    await this.#writer.commitAlone(records);
    this.#parts.onCommitted?.(this.own, this.ownCount);
  }

  /** Everything known of the names in a directory; undefined where the directory was never recorded. */
  linksIn(directory: string): Promise<DirectoryLinks | undefined> {
    return directoryLinks(this.paths, this.#source, directory);
  }

  /**
   * What was current in a directory among the versions that `isThere` lets in: for a folder with one log,
   * of which nothing is lost. Reads the last versions only: see {@link currentLinks}.
   */
  currentIn(
    directory: string,
    isThere: (dot: Dot) => boolean,
    only?: string,
  ): Promise<CurrentLinks | 'unclear' | undefined> {
    return currentLinks(this.paths, (dot) => this.link(dot), directory, isThere, only);
  }

  /** Everything that can be read of one path, superseding links elsewhere included. */
  async linksOf(path: string): Promise<NamedLink[]> {
    return linksAt(await this.paths.pointersOf(path), this.#source);
  }

  /**
   * The link of a version. Throws `VAULT_CHUNK_MISSING` or `VAULT_CHUNK_CORRUPT` where its entry is lost,
   * `VAULT_DAMAGED` where the index does not lead to it, `VAULT_NOT_FOUND` for a dot that names none, or none that has come.
   */
  async link(dot: Dot | Parent): Promise<NamedLink> {
    const line = await this.#reader.lineOf(dot);
    const isAhead = dot.seq > (this.#heads.get(line)?.seq ?? -1);
    if (isAhead && (await this.#reader.placeOf(line, dot.seq)) === undefined)
      throw new VaultError('VAULT_NOT_FOUND', 'its entry has not come here yet');
    const link = (await this.#reader.entry(line, dot.seq)).links.get(dot.index);
    if (link === undefined) throw new VaultError('VAULT_NOT_FOUND', 'no version of that name');
    return link;
  }

  /** The line in whose history a version lies. Throws as {@link link}. */
  lineOf(name: Parent): Promise<LogId> {
    return this.#reader.lineOf(name);
  }

  /** The body of a version. Throws as {@link link}, and `VAULT_EXPIRED` where it was dropped. */
  body(link: NamedLink): Promise<Body> {
    return this.#reader.body(link);
  }

  /**
   * Records of one type in time order, each with its dot; `onLost` is told of those that cannot be read,
   * with their time where it is known. Snapshots by who may take none are passed over.
   */
  async *records(
    type: number,
    onLost: (error: VaultError, time: HybridTime | undefined) => void,
  ): AsyncGenerator<{ dot: Dot; record: StoredRecord | UnknownRecord }> {
    const isLimited = type === recordType.snapshot && !this.members.isPlain;
    for (const { dot, time } of await this.#records.all(type)) {
      if (isLimited && this.members.standing(dot.log, dot.seq, 'snapshot') !== 'accepted') continue;
      let records: readonly OpenedRecord[];
      try {
        const opened = await this.#reader.entry(dot.log, dot.seq);
        records = await this.#reader.records(opened);
      } catch (error) {
        if (!isLoss(error)) throw error;
        onLost(error, time === UNKNOWN_TIME ? undefined : time);
        continue;
      }
      const found = records.find(({ index }) => index === dot.index);
      if (found !== undefined) yield { dot, record: found.record };
    }
  }

  /** An entry as it was written, with its links, for checking and for other nodes. */
  async entry(log: LogId, seq: number): Promise<{ entry: Entry; links: readonly NamedLink[] }> {
    const { entry, links } = await this.#reader.entry(log, seq);
    return { entry, links: [...links.values()] };
  }

  /** An entry without opening its links: for looking through many. Throws as {@link link}. */
  entryAlone(log: LogId, seq: number): Promise<Entry> {
    return this.#reader.entryAlone(log, seq);
  }

  /** An entry with its values as they are stored, for opening elsewhere. Throws as {@link link}. */
  sealedEntry(log: LogId, seq: number): Promise<SealedEntryValues> {
    return this.#reader.sealed(log, seq);
  }

  /** The records of an entry that are no versions and were not dropped. Throws as {@link link}. */
  async recordsOf(log: LogId, seq: number): Promise<readonly OpenedRecord[]> {
    return this.#reader.records(await this.#reader.entry(log, seq));
  }

  get #source(): LinkSource {
    const { members } = this;
    return {
      linkOf: (dot) => this.link(dot),
      counts: members.isPlain
        ? undefined
        : ({ log, seq }) => members.standing(log, seq) === 'accepted',
    };
  }

  #isSigned(head: Head): boolean {
    const { log, verify, folder, node } = this.#parts;
    return head.log !== log || verifyHead(verify, folder, node, head);
  }
}
