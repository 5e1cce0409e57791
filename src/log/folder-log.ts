/**
 * One folder's logs on top of its store: appends to this node's own log, reads any, and answers which
 * versions a directory has. Entries are the truth; rows of `meta/` only say where they lie.
 */

import type { Clock } from '../clock.ts';
import { Mutex } from '../async.ts';
import { fromHex } from '../bytes.ts';
import type { EpochKeys, FolderKeys } from '../crypto/folder-keys.ts';
import { sealedBound, sealValue, valueTypes } from '../crypto/sealed-value.ts';
import type { Zstd } from '../crypto/zstd.ts';
import { isLoss, unlessLost, VaultError } from '../errors.ts';
import type { RandomSource } from '../random.ts';
import type { FolderStore, ReplayCounts } from '../store/folder-store.ts';
import type { MetaOperation } from '../store/meta-store.ts';
import {
  buildEntries,
  noEntry,
  type BuiltEntry,
  type LogPosition,
  type NewRecord,
} from './entry-builder.ts';
import { EntryReader, type OpenedRecord } from './entry-reader.ts';
import { EntryRows, UNKNOWN_TIME } from './entry-rows.ts';
import type { Entry } from './entry.ts';
import { encodeHead, signHead, verifyHead, type Sign, type VerifySignature } from './head.ts';
import { nextTime } from './hybrid-time.ts';
import { shortHash } from './log-id.ts';
import { headRow, lastEntrySeq, loadHeads } from './log-heads.ts';
import { LogNumberTable } from './log-numbers.ts';
import { LogReplay } from './log-replay.ts';
import { LostEntries, type EntryName } from './lost-entries.ts';
import type { StoredRecord, UnknownRecord } from './other-record.ts';
import {
  currentLinks,
  directoryLinks,
  type CurrentLinks,
  type DirectoryLinks,
} from './directory-links.ts';
import { PathIndex } from './path-index.ts';
import { RecordIndex } from './record-index.ts';
import { VersionIds } from './version-ids.ts';
import type {
  Body,
  Dot,
  EpochId,
  Head,
  HybridTime,
  Link,
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
  /** What new entries are sealed under. */
  readonly epoch: EpochId;
  readonly zstd: Zstd;
  readonly random: RandomSource;
  readonly clock: Clock;
  /** This node's log. */
  readonly log: LogId;
  readonly node: NodeId;
  readonly sign: Sign;
  readonly verify: VerifySignature;
}

/** A version without its name and time, which {@link FolderLog.append} gives it. */
export interface UnnamedVersion {
  readonly link: Omit<Link, 'time'>;
  readonly body: Body | undefined;
}

export interface Append {
  readonly versions: readonly UnnamedVersion[];
  /** Records that come after the versions; the clock covers these. */
  readonly records?: (clock: VectorClock, time: HybridTime) => readonly StoredRecord[];
  /** Rows that become true with this commit, given the versions' names in order. */
  readonly rows?: (names: readonly Parent[]) => readonly MetaOperation[];
}

export interface Commit {
  /** Records that come after the versions; the clock covers these. */
  readonly records?: (clock: VectorClock, time: HybridTime) => readonly StoredRecord[];
  /** Rows that become true with this commit. */
  readonly rows?: () => readonly MetaOperation[];
}

export class FolderLog {
  readonly paths: PathIndex;
  readonly versionIds: VersionIds;
  readonly #parts: FolderLogParts;
  readonly #numbers: LogNumberTable;
  readonly #reader: EntryReader;
  readonly #records: RecordIndex;
  readonly #rows: EntryRows;
  readonly #heads = new Map<LogId, Head>();
  readonly #appends = new Mutex();
  /** Entries that the store has and no head covers yet, as rows, and where they end. */
  #staged: { position: LogPosition; readonly rows: MetaOperation[] } | undefined;
  #time: HybridTime = 0;

  private constructor(parts: FolderLogParts, numbers: LogNumberTable, lost: LostEntries) {
    const { store, keys, random } = parts;
    this.#parts = parts;
    this.#numbers = numbers;
    this.#reader = new EntryReader(parts, lost);
    this.#records = new RecordIndex(store.meta, keys.metaKey, numbers, random);
    this.paths = new PathIndex(store.meta, keys, numbers, random);
    const { paths } = this;
    const entry = (log: LogId, seq: number): Promise<Entry> => this.entryAlone(log, seq);
    this.versionIds = new VersionIds({ meta: store.meta, numbers, entry });
    this.#rows = new EntryRows({ numbers, paths, records: this.#records, reader: this.#reader });
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
    const log = new FolderLog(parts, numbers, await LostEntries.load(store.meta));
    const { heads, lost } = await loadHeads(store, log.#reader, (head) => log.#isSigned(head));
    for (const head of heads.values()) log.#heads.set(head.log, head);
    const isOwnEmpty = !log.#heads.has(log.own);
    if (isOwnEmpty && (await lastEntrySeq(store, log.#reader, log.own)) >= 0) {
      throw new VaultError('VAULT_DAMAGED', "the index lacks the head of this node's log");
    }
    let replayed: ReplayCounts | undefined;
    const unwritten = [...lost];
    if (store.needsReplay) {
      const replay = log.#replay();
      replayed = await store.replay(replay);
      log.#rows.settle();
      if (replay.signed !== undefined) {
        unwritten.push({ head: replay.signed, damagedSeq: undefined });
      }
    }
    for (const { head, damagedSeq } of unwritten) {
      // One that was replayed since has a value of its own.
      if (log.#heads.get(head.log) !== head) continue;
      await log.#commitHead(head, []);
      if (damagedSeq !== undefined) {
        await store.chunks.write({ deletes: [damagedSeq] }, { sync: true });
      }
    }
    await log.#loadTime();
    return { log, replayed, mended: unwritten.length };
  }

  /** This node's own log. */
  get own(): LogId {
    return this.#parts.log;
  }

  /** What is known of every log. */
  get clock(): VectorClock {
    return new Map([...this.#heads].map(([log, head]) => [log, head.seq + 1]));
  }

  get heads(): ReadonlyMap<LogId, Head> {
    return this.#heads;
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
    return this.#appends.run(() => {
      const named: NewRecord[] = [];
      for (const { link, body } of versions) {
        named.push({ type: 'version', link: { ...link, time: this.#tick() }, body });
      }
      return this.#stage(named);
    });
  }

  /** Makes everything staged, and these records after it, durable and part of the log, in one commit. */
  commit(commit: Commit): Promise<void> {
    return this.#appends.run(() => this.#commit(commit));
  }

  async #stage(given: readonly NewRecord[]): Promise<Parent[]> {
    const { store, log } = this.#parts;
    const staged = (this.#staged ??= {
      position: this.#end(),
      rows: [...this.#numbers.add(log)],
    });
    if (staged.position.seq === 0 && given.length > 0 && given[0]?.type !== 'log-start') {
      throw new VaultError('VAULT_CHUNK_MISSING', "nothing is left of this node's log", {
        hint: 'run vault verify; what is left can still be restored',
      });
    }
    const names: Parent[] = [];
    for (const built of buildEntries(given, staged.position, new Map(), this.#buildContext())) {
      const chunkSeq = store.stageLogValues(this.#sealBuilt(built));
      const { entry } = built;
      const hash8 = shortHash(entry.hash);
      const links: NamedLink[] = [];
      const others: { index: number; record: StoredRecord }[] = [];
      for (let index = 0; index < built.count; index++) {
        const record = given[built.first + index] as NewRecord;
        const dot: Dot = { log, seq: entry.seq, index };
        if (record.type === 'version') {
          links.push({ ...record.link, dot, hash8 });
          names.push({ ...dot, hash8 });
        } else others.push({ index, record });
      }
      staged.rows.push(...(await this.#rows.of(entry, links, others, chunkSeq)));
      staged.position = { log, seq: entry.seq + 1, previous: entry.hash };
    }
    return names;
  }

  async #commit({ records, rows }: Commit): Promise<void> {
    const { store, log, folder } = this.#parts;
    if (records !== undefined) {
      const clock = new Map(this.clock);
      const { seq } = this.#staged?.position ?? this.#end();
      if (seq > 0) clock.set(log, seq);
      await this.#stage(records(clock, this.#tick()));
    }
    const staged = this.#staged;
    this.#staged = undefined;
    const meta = [...(staged?.rows ?? []), ...(rows?.() ?? [])];
    if (staged === undefined || staged.position.seq === this.#end().seq) {
      await store.commit({ rows: () => meta });
      this.#rows.settle();
      return;
    }
    const { seq, previous } = staged.position;
    const head = signHead(this.#parts.sign, folder, { log, seq: seq - 1, hash: previous });
    await this.#commitHead(head, meta);
    this.#heads.set(log, head);
    this.#rows.settle();
  }

  async #commitHead(head: Head, rows: readonly MetaOperation[]): Promise<void> {
    await this.#parts.store.commit({
      head: this.#seal(valueTypes.head, fromHex(head.log), encodeHead(head)),
      rows: (headSeq) => [...rows, headRow(head, headSeq ?? 0)],
    });
  }

  /** Where this node's log goes on after its head. */
  #end(): LogPosition {
    const { log } = this.#parts;
    const head = this.#heads.get(log);
    return { log, seq: (head?.seq ?? -1) + 1, previous: head?.hash ?? noEntry };
  }

  /** Everything known of the names in a directory; undefined where the directory was never recorded. */
  linksIn(directory: string): Promise<DirectoryLinks | undefined> {
    return directoryLinks(this.paths, (dot) => this.link(dot), directory);
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
    const links: NamedLink[] = [];
    for (const { dot } of await this.paths.pointersOf(path)) {
      const link = await this.link(dot).catch(unlessLost);
      if (link !== undefined) links.push(link);
    }
    return links;
  }

  /**
   * The link of a version. Throws `VAULT_CHUNK_MISSING` or `VAULT_CHUNK_CORRUPT` where its entry is lost,
   * `VAULT_DAMAGED` where the index does not lead to it, `VAULT_NOT_FOUND` for a dot that names none.
   */
  async link(dot: Dot): Promise<NamedLink> {
    const link = (await this.#reader.entry(dot.log, dot.seq)).links.get(dot.index);
    if (link === undefined) throw new VaultError('VAULT_NOT_FOUND', 'no version of that name');
    return link;
  }

  /** The body of a version. Throws as {@link link}, and `VAULT_EXPIRED` where it was dropped. */
  body(link: NamedLink): Promise<Body> {
    return this.#reader.body(link);
  }

  /**
   * Records of one type in time order, each with its dot; `onLost` is told of those that cannot be read,
   * with their time where it is known.
   */
  async *records(
    type: number,
    onLost: (error: VaultError, time: HybridTime | undefined) => void,
  ): AsyncGenerator<{ dot: Dot; record: StoredRecord | UnknownRecord }> {
    for (const { dot, time } of await this.#records.all(type)) {
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

  /** The records of an entry that are no versions and were not dropped. Throws as {@link link}. */
  async recordsOf(log: LogId, seq: number): Promise<readonly OpenedRecord[]> {
    return this.#reader.records(await this.#reader.entry(log, seq));
  }

  #replay(): LogReplay {
    const { log, sign, folder } = this.#parts;
    const reader = this.#reader;
    return new LogReplay({
      open: (value) => reader.open(value),
      rowsOf: async (entry, page, chunkSeq) => {
        const records = page === undefined ? undefined : reader.openRecords(entry, page);
        const links = reader.openLinks(entry);
        const rows = await this.#rows.of(entry, links, records, chunkSeq);
        return [...rows, ...this.#rows.unseen(links)];
      },
      settled: () => this.#rows.settle(),
      lose: (id, seq) => reader.lost.add(id, seq),
      nextSeq: (id) => (this.#heads.get(id)?.seq ?? -1) + 1,
      lastHash: (id) => this.#heads.get(id)?.hash ?? noEntry,
      takeHead: (head) => {
        this.#heads.set(head.log, head);
      },
      verifyHead: (head) => this.#isSigned(head),
      own: log,
      sign: (seq, hash) => signHead(sign, folder, { log, seq, hash }),
    });
  }

  #isSigned(head: Head): boolean {
    const { log, verify, folder, node } = this.#parts;
    return head.log !== log || verifyHead(verify, folder, node, head);
  }

  async #loadTime(): Promise<void> {
    const head = this.#heads.get(this.#parts.log);
    if (head === undefined) return;
    // An unreadable last entry costs nothing but order in case the wall clock went back.
    const opened = await this.#reader.entry(head.log, head.seq).catch(unlessLost);
    if (opened === undefined) return;
    for (const link of opened.links.values()) this.#time = Math.max(this.#time, link.time);
    for (const { record } of (await this.#reader.records(opened).catch(unlessLost)) ?? []) {
      if ('time' in record) this.#time = Math.max(this.#time, record.time);
    }
  }

  #tick(): HybridTime {
    this.#time = nextTime(this.#time, this.#parts.clock.wallMs());
    return this.#time;
  }

  #buildContext(): Parameters<typeof buildEntries>[3] {
    const { epoch, random } = this.#parts;
    return { ...this.#reader.recordKeys(epoch), epoch, random };
  }

  #sealBuilt(built: BuiltEntry): Uint8Array[] {
    const values = [this.#seal(valueTypes.entry, built.entry.hash, built.bytes)];
    if (built.page !== undefined) {
      values.push(this.#seal(valueTypes.page, built.entry.hash, built.page));
    }
    return values;
  }

  #seal(type: 3 | 4 | 5, id: Uint8Array, plain: Uint8Array): Uint8Array {
    const { epoch, epochs, zstd, random } = this.#parts;
    const keys = epochs.get(epoch);
    if (keys === undefined) throw new RangeError('expected the keys of the current epoch');
    const out = new Uint8Array(sealedBound(plain.length));
    // Bodies and links are sealed or compressed already: a second pass would find nothing.
    const length = sealValue({
      type,
      id,
      epoch: fromHex(epoch),
      keys,
      plain,
      zstd,
      level: 0,
      random,
      out,
      at: 0,
    });
    return out.subarray(0, length);
  }
}
