/**
 * Writes this node's own log: makes entries of versions, hands them to the store and commits them. All of
 * a commit is there after a crash, or nothing.
 */

import { deferred, Mutex, type Deferred } from '../async.ts';
import type { Clock } from '../clock.ts';
import type { EpochKeys } from '../crypto/folder-keys.ts';
import { unlessLost, VaultError } from '../errors.ts';
import type { RandomSource } from '../random.ts';
import type { FolderStore } from '../store/folder-store.ts';
import { metaKey, metaPrefix } from '../store/meta-keys.ts';
import type { MetaOperation } from '../store/meta-store.ts';
import { asClock, clockToValue } from './clock-codec.ts';
import { decode, encode } from '../codec.ts';
import { buildEntries, noEntry, type LogPosition, type NewRecord } from './entry-builder.ts';
import type { EntryReader } from './entry-reader.ts';
import type { EntryRows } from './entry-rows.ts';
import type { FolderMembers, StatingEntry } from './folder-members.ts';
import { isSignedPosition } from './head.ts';
import { nextTime, observeTime } from './hybrid-time.ts';
import { headRow, signedRow } from './log-heads.ts';
import { shortHash } from './log-id.ts';
import type { LogNumberTable } from './log-numbers.ts';
import type { LogSealer } from './log-sealer.ts';
import type { StoredRecord } from './other-record.ts';
import type {
  Body,
  Dot,
  EpochId,
  Head,
  HybridTime,
  Link,
  LogId,
  NamedLink,
  Parent,
  VectorClock,
} from './types.ts';
import { clockDelta, mergeClocks } from './vector-clock.ts';

/** A version without its name and time, which a log gives it. */
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

/** Entries of this node's log that the store has and no head covers yet. */
interface Staged {
  position: LogPosition;
  readonly rows: MetaOperation[];
  /** What the first of the entries tells of other logs. */
  delta: VectorClock;
  /** Heads that are kept when the log goes on. */
  readonly signed: Head[];
  /** Entries with records that are no versions. */
  readonly stating: StatingEntry[];
  /** Fulfilled when a commit has covered them. */
  readonly covered: Deferred<void>;
}

/** What is written with a head. */
interface CommittedHead {
  /** Heads before it that are kept. */
  readonly earlier?: readonly Head[];
  /** When what it covers came, where that is kept: see `first-seen.ts`. */
  readonly seenAt?: HybridTime | undefined;
}

export interface LogWriterParts {
  readonly store: FolderStore;
  readonly log: LogId;
  /** What new entries are sealed under now. */
  readonly currentEpoch: () => EpochId;
  readonly epochs: ReadonlyMap<EpochId, EpochKeys>;
  readonly random: RandomSource;
  readonly clock: Clock;
  readonly numbers: LogNumberTable;
  readonly reader: EntryReader;
  readonly rows: EntryRows;
  /** Of all logs, by line; this node's is kept up to date. */
  readonly heads: Map<LogId, Head>;
  readonly sealer: LogSealer;
  readonly members: FolderMembers;
}

/** What is known of every log: of a forked one, as far as its longest branch goes. */
export function clockOf(heads: ReadonlyMap<LogId, Head>): Map<LogId, number> {
  const clock = new Map<LogId, number>();
  for (const { log, seq } of heads.values()) {
    clock.set(log, Math.max(clock.get(log) ?? 0, seq + 1));
  }
  return clock;
}

export class LogWriter {
  readonly #parts: LogWriterParts;
  readonly #appends = new Mutex();
  #log: LogId;
  #staged: Staged | undefined;
  #time: HybridTime = 0;
  /** What entries of this log have said of others. */
  #told: VectorClock = new Map();

  constructor(parts: LogWriterParts) {
    this.#parts = parts;
    this.#log = parts.log;
  }

  /** Goes on with another log, which nobody has written to; what is staged is committed to the one before. */
  begin(log: LogId): Promise<void> {
    return this.whenCommitted(() => {
      this.#log = log;
      this.#told = new Map();
      return Promise.resolve();
    });
  }

  /** Reads where the log goes on. */
  async load(): Promise<void> {
    const told = await this.#parts.store.meta.get(toldKey);
    if (told !== undefined) this.#told = asClock(decode(told));
    await this.#loadTime();
  }

  /** Takes notice of a time that another node gave. */
  observe(time: HybridTime): void {
    this.#time = observeTime(this.#time, time, this.#parts.clock.wallMs());
  }

  /** Makes entries of versions and hands them to the store; their names, in order. */
  stage(versions: readonly UnnamedVersion[]): Promise<Parent[]> {
    return this.#appends.run(() => {
      const named: NewRecord[] = [];
      for (const { link, body } of versions) {
        named.push({ type: 'version', link: { ...link, time: this.#tick() }, body });
      }
      return this.#stage(named);
    });
  }

  /** Makes everything staged, and these records after it, durable and part of the log. */
  commit(commit: Commit): Promise<void> {
    return this.#appends.run(() => this.#commit(commit));
  }

  /** Writes records of their own: when nothing of this node's own log is between staging and commit. */
  commitAlone(records: NonNullable<Commit['records']>): Promise<void> {
    return this.whenCommitted(() => this.#commit({ records }));
  }

  /** Does `work` when nothing of this node's own log is between staging and commit. */
  async whenCommitted<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      const done = await this.#appends.run(async () => {
        if (this.#staged === undefined) return { value: await work() };
        return { after: this.#staged.covered.promise };
      });
      if ('value' in done) return done.value;
      await done.after;
    }
  }

  async #stage(given: readonly NewRecord[]): Promise<Parent[]> {
    const { store } = this.#parts;
    const log = this.#log;
    const staged = (this.#staged ??= {
      position: this.#end(),
      rows: [...this.#parts.numbers.add(log)],
      delta: this.#untold(),
      signed: [],
      stating: [],
      covered: owned(deferred()),
    });
    if (staged.position.seq === 0 && given.length > 0 && given[0]?.type !== 'log-start') {
      throw new VaultError('VAULT_CHUNK_MISSING', "nothing is left of this node's log", {
        hint: 'run vault verify; what is left can still be restored',
      });
    }
    const names: Parent[] = [];
    const { delta } = staged;
    if (given.length > 0 && delta.size > 0) {
      staged.delta = new Map();
      staged.rows.push(this.told(delta));
    }
    const clock = given.length > 0 ? delta : new Map<LogId, number>();
    const { currentEpoch, random, reader } = this.#parts;
    const epoch = currentEpoch();
    const context = { ...reader.recordKeys(epoch), epoch, random };
    for (const built of buildEntries(given, staged.position, clock, context)) {
      const chunkSeq = store.stageLogValues(this.#parts.sealer.built(built));
      const { entry } = built;
      if (isSignedPosition(entry.seq))
        staged.signed.push(this.#parts.sealer.signed(log, entry.seq, entry.hash));
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
      const place = { chunkSeq, pageSeq: chunkSeq + 1 };
      if (others.length > 0) staged.stating.push({ line: log, entry, records: others });
      staged.rows.push(...(await this.#parts.rows.of(log, entry, links, others, place, true)));
      staged.position = { log, seq: entry.seq + 1, previous: entry.hash };
    }
    return names;
  }

  async #commit({ records, rows }: Commit): Promise<void> {
    const log = this.#log;
    if (records !== undefined) {
      const clock = clockOf(this.#parts.heads);
      const { seq } = this.#staged?.position ?? this.#end();
      if (seq > 0) clock.set(log, seq);
      await this.#stage(records(clock, this.#tick()));
    }
    const staged = this.#staged;
    this.#staged = undefined;
    try {
      await this.#commitStaged(staged, [...(staged?.rows ?? []), ...(rows?.() ?? [])]);
      await this.#state(staged?.stating ?? []);
      staged?.covered.resolve();
    } catch (error) {
      staged?.covered.reject(error);
      throw error;
    }
  }

  async #commitStaged(staged: Staged | undefined, rows: readonly MetaOperation[]): Promise<void> {
    const { store } = this.#parts;
    const log = this.#log;
    if (staged === undefined || staged.position.seq === this.#end().seq) {
      await store.commit({ rows: () => rows });
      this.#parts.rows.settle();
      return;
    }
    const { seq, previous } = staged.position;
    const head = this.#parts.sealer.signed(log, seq - 1, previous);
    const earlier = staged.signed.filter((one) => one.seq < head.seq);
    await this.commitHead(log, head, rows, { earlier });
    this.#parts.heads.set(log, head);
    this.#parts.rows.settle();
  }

  /** Makes a head durable, with the heads before it and rows that become true by it. */
  async commitHead(
    line: LogId,
    head: Head,
    rows: readonly MetaOperation[],
    { earlier = [], seenAt }: CommittedHead = {},
  ): Promise<void> {
    const signed = [...earlier, head].filter(({ seq }) => isSignedPosition(seq));
    await this.#parts.store.commit({
      head: this.#parts.sealer.head(head, seenAt),
      earlierHeads: earlier.map((one) => this.#parts.sealer.head(one, undefined)),
      rows: (headSeq) => [
        ...rows,
        ...signed.map((one) => signedRow(line, one)),
        headRow(line, head, headSeq ?? 0),
      ],
    });
  }

  async #state(entries: readonly StatingEntry[]): Promise<void> {
    const { members } = this.#parts;
    for (const one of entries) members.note(one);
    if (entries.some(({ records }) => records.some(isAboutMembers))) await members.refresh();
  }

  /** What is known of other logs and no entry has told yet. */
  #untold(): VectorClock {
    const clock = clockOf(this.#parts.heads);
    clock.delete(this.#log);
    return clockDelta(this.#told, clock);
  }

  /** Notes what an entry of this log told of others; the row for it. */
  told(delta: VectorClock): MetaOperation {
    this.#told = mergeClocks(this.#told, delta);
    return { type: 'put', key: toldKey, value: encode(clockToValue(this.#told)) };
  }

  /** Where this node's log goes on after its head. */
  #end(): LogPosition {
    const log = this.#log;
    const head = this.#parts.heads.get(log);
    return { log, seq: (head?.seq ?? -1) + 1, previous: head?.hash ?? noEntry };
  }

  async #loadTime(): Promise<void> {
    const head = this.#parts.heads.get(this.#log);
    if (head === undefined) return;
    // An unreadable last entry costs nothing but order in case the wall clock went back.
    const opened = await this.#parts.reader.entry(head.log, head.seq).catch(unlessLost);
    if (opened === undefined) return;
    for (const link of opened.links.values()) this.#time = Math.max(this.#time, link.time);
    for (const { record } of (await this.#parts.reader.records(opened).catch(unlessLost)) ?? []) {
      if ('time' in record) this.#time = Math.max(this.#time, record.time);
    }
  }

  #tick(): HybridTime {
    this.#time = nextTime(this.#time, this.#parts.clock.wallMs());
    return this.#time;
  }
}

function isAboutMembers({ record }: StatingEntry['records'][number]): boolean {
  return record.type === 'log-start' || record.type === 'member';
}

const toldKey = metaKey(metaPrefix.toldClock);

/** A promise that nobody may wait for: its failure is thrown elsewhere. */
function owned(one: Deferred<void>): Deferred<void> {
  one.promise.catch(() => undefined);
  return one;
}
