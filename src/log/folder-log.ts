/**
 * One folder's logs on top of its store: appends to this node's own log, reads any, and answers which
 * versions a directory has. Entries are the truth; rows of `meta/` only say where they lie.
 */

import type { Clock } from '../clock.ts';
import { Mutex } from '../async.ts';
import { fromHex, utf8 } from '../bytes.ts';
import type { EpochKeys, FolderKeys } from '../crypto/folder-keys.ts';
import { openValue, sealedBound, sealValue, valueTypes } from '../crypto/sealed-value.ts';
import type { Zstd } from '../crypto/zstd.ts';
import { isVaultError, VaultError } from '../errors.ts';
import type { RandomSource } from '../random.ts';
import type { FolderStore, ReplayCounts } from '../store/folder-store.ts';
import { decodeSeq, encodeSeq, metaKey, metaPrefix, metaRange } from '../store/meta-keys.ts';
import type { MetaOperation } from '../store/meta-store.ts';
import { openBody, openLinks, openOtherRecord, type RecordKeys } from './entry-records.ts';
import { buildEntries, noEntry, type BuiltEntry, type NewRecord } from './entry-builder.ts';
import { decodePage, type EntryPage } from './entry-page.ts';
import { openEntry, type Entry } from './entry.ts';
import {
  decodeHead,
  encodeHead,
  signHead,
  verifyHead,
  type Sign,
  type VerifySignature,
} from './head.ts';
import { nextTime } from './hybrid-time.ts';
import { shortHash } from './log-id.ts';
import { LogNumberTable } from './log-numbers.ts';
import { LogReplay } from './log-replay.ts';
import type { StoredRecord, UnknownRecord } from './other-record.ts';
import { directoryOf } from './folder-tree.ts';
import { PathIndex } from './path-index.ts';
import { recordKey } from './record-rows.ts';
import { recordType } from './record-types.ts';
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

/** Links of one directory by name key, and how many could not be read. */
export interface DirectoryLinks {
  /** For each path: its links, and links elsewhere that superseded one of them. */
  readonly paths: ReadonlyMap<string, readonly NamedLink[]>;
  readonly damage: readonly { readonly dot: Dot; readonly error: VaultError }[];
}

interface OpenedEntry {
  readonly entry: Entry;
  readonly links: ReadonlyMap<number, NamedLink>;
  readonly chunkSeq: number;
  page: EntryPage | undefined;
}

const ENTRIES_KEPT = 48;
const LINK_LEVEL = 3;

export class FolderLog {
  readonly paths: PathIndex;
  readonly #parts: FolderLogParts;
  readonly #numbers: LogNumberTable;
  readonly #heads = new Map<LogId, Head>();
  readonly #opened = new Map<string, OpenedEntry>();
  readonly #appends = new Mutex();
  #time: HybridTime = 0;

  private constructor(parts: FolderLogParts, numbers: LogNumberTable) {
    this.#parts = parts;
    this.#numbers = numbers;
    this.paths = new PathIndex(parts.store.meta, parts.keys, numbers, parts.random);
  }

  /**
   * Opens the logs; after an unclean stop, or where `meta/` is gone, replays the values first.
   * `replayed` says what that found.
   */
  static async open(
    parts: FolderLogParts,
  ): Promise<{ log: FolderLog; replayed: ReplayCounts | undefined }> {
    const numbers = await LogNumberTable.load(parts.store.meta);
    const log = new FolderLog(parts, numbers);
    await log.#loadHeads();
    let replayed: ReplayCounts | undefined;
    if (parts.store.needsReplay) {
      const replay = new LogReplay({
        open: (value, type) => log.#openValue(value, type),
        rowsOf: (entry, links, records, chunkSeq) =>
          log.#entryRows(entry, links, records, chunkSeq),
        openLinks: (entry) => openLinks(entry, log.#recordKeys(entry.epoch)),
        openRecords: (entry, page) => log.#openRecords(entry, page),
        nextSeq: (id) => (log.#heads.get(id)?.seq ?? -1) + 1,
        lastHash: (id) => log.#heads.get(id)?.hash ?? noEntry,
        takeHead: (head) => {
          log.#heads.set(head.log, head);
        },
        verifyHead: (head) =>
          head.log !== parts.log || verifyHead(parts.verify, parts.folder, parts.node, head),
      });
      replayed = await parts.store.replay(replay);
      log.paths.settle();
    }
    await log.#loadTime();
    return { log, replayed };
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

  /** The id of a known log from its first 32 hex digits. */
  fullLogId(half: string): LogId {
    return this.#numbers.byPrefix(half);
  }

  /**
   * Writes versions and records as entries of this node's log, and everything staged in the store,
   * in one commit: all of it or nothing is there after a crash. The versions' names, in order.
   */
  append(append: Append): Promise<Parent[]> {
    return this.#appends.run(() => this.#append(append));
  }

  async #append({ versions, records, rows }: Append): Promise<Parent[]> {
    const { store, log, folder } = this.#parts;
    const meta: MetaOperation[] = [...this.#numbers.add(log)];
    const names: Parent[] = [];
    let position = {
      log,
      seq: (this.#heads.get(log)?.seq ?? -1) + 1,
      previous: this.#heads.get(log)?.hash ?? noEntry,
    };
    const stage = async (given: readonly NewRecord[]): Promise<void> => {
      for (const built of buildEntries(given, position, new Map(), this.#buildContext())) {
        const chunkSeq = store.stageLogValues(this.#sealBuilt(built));
        const { entry } = built;
        const group = given.slice(built.first, built.first + built.count);
        const hash8 = shortHash(entry.hash);
        const links: NamedLink[] = [];
        const others: { index: number; record: StoredRecord }[] = [];
        group.forEach((record, index) => {
          const dot: Dot = { log, seq: entry.seq, index };
          if (record.type === 'version') {
            links.push({ ...record.link, dot, hash8 });
            names.push({ ...dot, hash8 });
          } else others.push({ index, record });
        });
        meta.push(...(await this.#entryRows(entry, links, others, chunkSeq)));
        position = { log, seq: entry.seq + 1, previous: entry.hash };
      }
    };
    await stage(
      versions.map(({ link, body }) => ({
        type: 'version',
        link: { ...link, time: this.#tick() },
        body,
      })),
    );
    if (records !== undefined) {
      const clock = new Map(this.clock);
      if (position.seq > 0) clock.set(log, position.seq);
      await stage(records(clock, this.#tick()));
    }
    if (rows !== undefined) meta.push(...rows(names));
    if (position.previous === noEntry || position.seq === (this.#heads.get(log)?.seq ?? -1) + 1) {
      await store.commit({ rows: () => meta });
      this.paths.settle();
      return names;
    }
    const head = signHead(this.#parts.sign, folder, {
      log,
      seq: position.seq - 1,
      hash: position.previous,
    });
    await store.commit({
      head: this.#seal(valueTypes.head, fromHex(log), encodeHead(head)),
      rows: (headSeq) => [
        ...meta,
        {
          type: 'put',
          key: metaKey(metaPrefix.head, fromHex(log)),
          value: encodeSeq(headSeq ?? 0),
        },
      ],
    });
    this.#heads.set(log, head);
    this.paths.settle();
    return names;
  }

  /** Everything known of the names in a directory; undefined where the directory was never recorded. */
  async linksIn(directory: string): Promise<DirectoryLinks | undefined> {
    const pointers = await this.paths.pointers(directory);
    if (pointers === undefined) return undefined;
    const byName = new Map<string, { path: string | undefined; links: NamedLink[] }>();
    const damage: { dot: Dot; error: VaultError }[] = [];
    pointers.sort((a, b) => a.dot.seq - b.dot.seq || a.dot.index - b.dot.index);
    for (const { nameKey, dot } of pointers) {
      const name = Buffer.from(nameKey).toString('latin1');
      let found = byName.get(name);
      if (found === undefined) byName.set(name, (found = { path: undefined, links: [] }));
      try {
        const link = await this.link(dot);
        found.links.push(link);
        if (
          found.path === undefined &&
          directoryOf(link.path) === directory &&
          Buffer.compare(this.paths.nameKey(link.path), nameKey) === 0
        ) {
          found.path = link.path;
        }
      } catch (error) {
        if (!isVaultError(error)) throw error;
        damage.push({ dot, error });
      }
    }
    const paths = new Map<string, readonly NamedLink[]>();
    for (const { path, links } of byName.values()) if (path !== undefined) paths.set(path, links);
    return { paths, damage };
  }

  /** Everything known of one path, superseding links elsewhere included. */
  async linksOf(path: string): Promise<NamedLink[]> {
    const pointers = await this.paths.pointersOf(path);
    return Promise.all(pointers.map(({ dot }) => this.link(dot)));
  }

  /** The link of a version. Throws `VAULT_NOT_FOUND` for a dot that names none, `VAULT_DAMAGED` where its entry is unreadable. */
  async link(dot: Dot): Promise<NamedLink> {
    const link = (await this.#entry(dot.log, dot.seq)).links.get(dot.index);
    if (link === undefined) throw new VaultError('VAULT_NOT_FOUND', 'no version of that name');
    return link;
  }

  /** The body of a version. Throws `VAULT_EXPIRED` where it was dropped, `VAULT_DAMAGED` where it is unreadable. */
  async body(link: NamedLink): Promise<Body> {
    const opened = await this.#entry(link.dot.log, link.dot.seq);
    const page = await this.#page(opened);
    const sealed = page?.records.get(link.dot.index);
    if (sealed === undefined) {
      throw new VaultError(
        'VAULT_EXPIRED',
        `the content of ${JSON.stringify(link.path)} was dropped here`,
      );
    }
    return openBody(
      opened.entry,
      link.dot.index,
      link.kind,
      sealed,
      this.#recordKeys(opened.entry.epoch),
    );
  }

  /** Records of one type in time order, each with its dot. */
  async *records(type: number): AsyncGenerator<{ dot: Dot; record: StoredRecord | UnknownRecord }> {
    const range = metaRange(metaKey(metaPrefix.record, Uint8Array.of(type)));
    for await (const { key } of this.#parts.store.meta.scan(range)) {
      const dot = recordKey.dot(key, this.#numbers);
      const opened = await this.#entry(dot.log, dot.seq);
      const sealed = (await this.#page(opened))?.records.get(dot.index);
      if (sealed === undefined) continue;
      const keys = this.#recordKeys(opened.entry.epoch);
      yield { dot, record: openOtherRecord(opened.entry, dot.index, sealed, keys) };
    }
  }

  /** An entry as it was written, with its links, for checking and for other nodes. */
  async entry(log: LogId, seq: number): Promise<{ entry: Entry; links: readonly NamedLink[] }> {
    const opened = await this.#entry(log, seq);
    return { entry: opened.entry, links: [...opened.links.values()] };
  }

  async #loadHeads(): Promise<void> {
    const { store } = this.#parts;
    const found: { log: Uint8Array; seq: number }[] = [];
    for await (const row of store.meta.scan(metaRange(metaKey(metaPrefix.head)))) {
      found.push({ log: row.key.slice(1), seq: decodeSeq(row.value) ?? -1 });
    }
    const values = await store.getValues(found.map(({ seq }) => seq));
    for (const [at, { log }] of found.entries()) {
      const value = values[at];
      if (value === undefined) throw damaged('the head of a log is missing');
      const head = decodeHead(this.#openValue(value, valueTypes.head, log));
      this.#heads.set(head.log, head);
    }
  }

  async #loadTime(): Promise<void> {
    const head = this.#heads.get(this.#parts.log);
    if (head === undefined) return;
    const opened = await this.#entry(head.log, head.seq).catch((error: unknown) => {
      if (isVaultError(error)) return undefined;
      throw error;
    });
    // An unreadable last entry costs nothing but order in case the wall clock went back.
    for (const link of opened?.links.values() ?? []) this.#time = Math.max(this.#time, link.time);
    for (const { record } of opened ? await this.#readRecords(opened) : []) {
      if ('time' in record) this.#time = Math.max(this.#time, record.time);
    }
  }

  #tick(): HybridTime {
    this.#time = nextTime(this.#time, this.#parts.clock.wallMs());
    return this.#time;
  }

  async #entry(log: LogId, seq: number): Promise<OpenedEntry> {
    const name = `${log}:${seq}`;
    const known = this.#opened.get(name);
    if (known !== undefined) {
      this.#opened.delete(name);
      this.#opened.set(name, known);
      return known;
    }
    const { store } = this.#parts;
    const row = await store.meta.get(metaKey(metaPrefix.entry, fromHex(log), encodeSeq(seq)));
    const chunkSeq = decodeSeq(row);
    if (chunkSeq === undefined) throw damaged(`entry ${seq} of a log is missing`);
    const [value] = await store.getValues([chunkSeq]);
    if (value === undefined) throw damaged(`entry ${seq} of a log is missing`);
    let opened: OpenedEntry;
    try {
      const entry = openEntry(this.#openValue(value, valueTypes.entry), { log, seq });
      const links = openLinks(entry, this.#recordKeys(entry.epoch));
      opened = {
        entry,
        links: new Map(links.map((link) => [link.dot.index, link])),
        chunkSeq,
        page: undefined,
      };
    } catch (cause) {
      if (isVaultError(cause, 'VAULT_FORMAT_UNSUPPORTED')) throw cause;
      throw damaged(`entry ${seq} of a log is damaged`, cause);
    }
    this.#opened.set(name, opened);
    if (this.#opened.size > ENTRIES_KEPT) {
      this.#opened.delete(this.#opened.keys().next().value ?? name);
    }
    return opened;
  }

  async #page(opened: OpenedEntry): Promise<EntryPage | undefined> {
    if (opened.page !== undefined) return opened.page;
    if (opened.entry.records.every(({ hash }) => hash === undefined)) return undefined;
    const [value] = await this.#parts.store.getValues([opened.chunkSeq + 1]);
    if (value === undefined) throw damaged('the page of an entry is missing');
    try {
      opened.page = decodePage(this.#openValue(value, valueTypes.page, opened.entry.hash));
    } catch (cause) {
      throw damaged('the page of an entry is damaged', cause);
    }
    return opened.page;
  }

  async #readRecords(
    opened: OpenedEntry,
  ): Promise<{ index: number; record: StoredRecord | UnknownRecord }[]> {
    const page = await this.#page(opened);
    return page === undefined ? [] : this.#openRecords(opened.entry, page);
  }

  #openRecords(
    entry: Entry,
    page: EntryPage,
  ): { index: number; record: StoredRecord | UnknownRecord }[] {
    const keys = this.#recordKeys(entry.epoch);
    const found: { index: number; record: StoredRecord | UnknownRecord }[] = [];
    entry.records.forEach(({ type }, index) => {
      const sealed = page.records.get(index);
      if (type === recordType.version || sealed === undefined) return;
      found.push({ index, record: openOtherRecord(entry, index, sealed, keys) });
    });
    return found;
  }

  async #entryRows(
    entry: Entry,
    links: readonly NamedLink[],
    records: readonly { index: number; record: StoredRecord | UnknownRecord }[],
    chunkSeq: number,
  ): Promise<MetaOperation[]> {
    const { log, seq } = entry;
    const rows: MetaOperation[] = [
      ...this.#numbers.add(log),
      {
        type: 'put',
        key: metaKey(metaPrefix.entry, fromHex(log), encodeSeq(seq)),
        value: encodeSeq(chunkSeq),
      },
    ];
    const pointers: { path: string; dot: Dot }[] = [];
    const directories: string[] = seq === 0 ? [''] : [];
    for (const link of links) {
      pointers.push({ path: link.path, dot: link.dot });
      if (link.kind === 'directory') directories.push(link.path);
      if (link.parents.length < 2) continue;
      // Only a rename names versions of another path, and it names the old place's and the new one's.
      for (const path of await this.#otherPaths(link)) pointers.push({ path, dot: link.dot });
    }
    rows.push(...(await this.paths.addDirectories(directories)));
    rows.push(...(await this.paths.add(pointers)));
    for (const { index, record } of records) {
      const time = 'time' in record ? record.time : 0;
      const type = entry.records[index]?.type ?? 0;
      rows.push({
        type: 'put',
        key: recordKey.encode(type, time, { log, seq, index }, this.#numbers),
        value: utf8(''),
      });
    }
    return rows;
  }

  async #otherPaths(link: NamedLink): Promise<Set<string>> {
    const paths = new Set<string>();
    for (const parent of link.parents) {
      const { path } = await this.link(parent);
      if (path !== link.path) paths.add(path);
    }
    return paths;
  }

  #recordKeys(epoch: EpochId): RecordKeys {
    const { folder, epochs, zstd } = this.#parts;
    const keys = epochs.get(epoch);
    if (keys === undefined) {
      throw new VaultError('VAULT_NOT_PERMITTED', `no keys for epoch ${epoch}`, {
        details: { epoch },
      });
    }
    return {
      folder,
      recordKey: keys.recordKey,
      compressor: {
        compress: (bytes) => zstd.compress(bytes, LINK_LEVEL),
        decompress: (bytes, length) => zstd.decompress(bytes, length),
      },
    };
  }

  #buildContext(): Parameters<typeof buildEntries>[3] {
    const { epoch, random } = this.#parts;
    return { ...this.#recordKeys(epoch), epoch, random };
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

  #openValue(value: Uint8Array, type: 3 | 4 | 5, id?: Uint8Array): Uint8Array {
    const opener = {
      keyring: this.#parts.epochs,
      idKey: this.#parts.keys.idKey,
      zstd: this.#parts.zstd,
    };
    const opened = openValue(value, opener, id && { type, id });
    if (opened.type !== type)
      throw new VaultError('VAULT_CHUNK_CORRUPT', 'a value of another type');
    return opened.plain;
  }
}

function damaged(message: string, cause?: unknown): VaultError {
  return new VaultError('VAULT_DAMAGED', message, cause === undefined ? {} : { cause });
}
