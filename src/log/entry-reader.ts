/**
 * Reads entries, with their links, bodies and records, from the store. Three failures are kept apart:
 * the index leads nowhere (`VAULT_DAMAGED`: it can be made again), a value is not there any more
 * (`VAULT_CHUNK_MISSING`), a value is not what was written (`VAULT_CHUNK_CORRUPT`).
 */

import { equalBytes, fromHex } from '../bytes.ts';
import type { EpochKeys, FolderKeys } from '../crypto/folder-keys.ts';
import { openValue, valueTypes, type OpenedValue } from '../crypto/sealed-value.ts';
import type { Zstd } from '../crypto/zstd.ts';
import { isLoss, isVaultError, VaultError } from '../errors.ts';
import type { FolderStore } from '../store/folder-store.ts';
import {
  decodeEntryPlace,
  encodeSeq,
  metaKey,
  metaPrefix,
  type EntryPlaceRow,
} from '../store/meta-keys.ts';
import { logCompressor } from './compressed-block.ts';
import { decodePage, type EntryPage } from './entry-page.ts';
import { openBody, openLinks, openOtherRecord, type RecordKeys } from './entry-records.ts';
import { openEntry, type Entry } from './entry.ts';
import { shortHash } from './log-id.ts';
import type { LogLines } from './log-lines.ts';
import type { LostEntries } from './lost-entries.ts';
import type { StoredRecord, UnknownRecord } from './other-record.ts';
import { recordType } from './record-types.ts';
import type { Body, Dot, EpochId, LogId, NamedLink, Parent } from './types.ts';

export interface EntryReaderParts {
  readonly store: FolderStore;
  /** 32-byte folder id. */
  readonly folder: Uint8Array;
  readonly keys: FolderKeys;
  readonly epochs: ReadonlyMap<EpochId, EpochKeys>;
  readonly zstd: Zstd;
}

export interface OpenedEntry {
  readonly entry: Entry;
  /** By their index in the entry. */
  readonly links: ReadonlyMap<number, NamedLink>;
  readonly place: EntryPlaceRow;
  page: EntryPage | undefined;
}

/** An entry as it is stored. */
export interface SealedEntryValues {
  readonly entry: Entry;
  readonly value: Uint8Array;
  readonly page: Uint8Array | undefined;
}

/** A record that is no version, with its index in the entry. */
export interface OpenedRecord {
  readonly index: number;
  readonly record: StoredRecord | UnknownRecord;
}

/** Opened entries in memory: at most so many, and with so many records but for the last one. */
const ENTRIES_KEPT = 48;
const RECORDS_KEPT = 12_288;

export class EntryReader {
  readonly lost: LostEntries;
  readonly lines: LogLines;
  readonly #parts: EntryReaderParts;
  readonly #opened = new Map<string, OpenedEntry>();
  /** Records of all opened entries. */
  #records = 0;
  /** Where entries lie whose rows are not written yet. */
  readonly #placed = new Map<string, EntryPlaceRow>();

  constructor(parts: EntryReaderParts, lines: LogLines, lost: LostEntries) {
    this.#parts = parts;
    this.lines = lines;
    this.lost = lost;
  }

  /** Says where an entry lies until its row is written. */
  place(line: LogId, seq: number, place: EntryPlaceRow): void {
    this.#placed.set(`${line}:${seq}`, place);
    this.#opened.delete(`${line}:${seq}`);
  }

  /** Every row given so far is written. */
  settle(): void {
    this.#placed.clear();
  }

  /** The line that holds this entry: of a forked log, the hash tells which. Throws `VAULT_NOT_FOUND` where none does. */
  async lineOf(name: Dot | Parent): Promise<LogId> {
    const { log, seq } = name;
    if (!('hash8' in name) || !this.lines.isForked(log)) return log;
    for (const line of this.lines.of(log)) {
      if (seq < this.lines.from(line)) continue;
      const entry = await this.entryAlone(line, seq).catch(unlessElsewhere);
      if (entry !== undefined && equalBytes(shortHash(entry.hash), name.hash8)) return line;
    }
    throw new VaultError('VAULT_NOT_FOUND', 'no entry of that name');
  }

  /** Entry `seq` of the history that a line ends. */
  async entry(line: LogId, seq: number): Promise<OpenedEntry> {
    const log = this.lines.holder(line, seq);
    const name = `${log}:${seq}`;
    const known = this.#opened.get(name);
    if (known !== undefined) {
      this.#opened.delete(name);
      this.#opened.set(name, known);
      return known;
    }
    const opened = await this.#read(log, seq);
    if (!this.#opened.has(name)) {
      this.#opened.set(name, opened);
      this.#records += opened.entry.records.length;
    }
    for (const [oldest, { entry }] of this.#opened) {
      if (this.#opened.size <= ENTRIES_KEPT && this.#records <= RECORDS_KEPT) break;
      if (oldest === name) break;
      this.#opened.delete(oldest);
      this.#records -= entry.records.length;
    }
    return opened;
  }

  /** The entry with its links left sealed, and kept by nobody. */
  async entryAlone(line: LogId, seq: number): Promise<Entry> {
    const log = this.lines.holder(line, seq);
    return this.#opened.get(`${log}:${seq}`)?.entry ?? (await this.#readEntry(log, seq)).entry;
  }

  /** An entry of the history that a line ends, and its sealed values: its own and its page's, where that is here. */
  async sealed(line: LogId, seq: number): Promise<SealedEntryValues> {
    const { entry, value, place } = await this.#readEntry(this.lines.holder(line, seq), seq);
    const hasPage = entry.records.some(({ hash }) => hash !== undefined);
    if (!hasPage || place.pageSeq === undefined) return { entry, value, page: undefined };
    const [page] = await this.#parts.store.getValues([place.pageSeq]);
    return { entry, value, page };
  }

  /** The body of a version. Throws also `VAULT_EXPIRED` where it was dropped. */
  async body(link: NamedLink): Promise<Body> {
    const { seq, index } = link.dot;
    const opened = await this.entry(await this.lineOf({ ...link.dot, hash8: link.hash8 }), seq);
    const sealed = (await this.#page(opened))?.records.get(index);
    if (sealed === undefined) {
      throw new VaultError(
        'VAULT_EXPIRED',
        `the content of ${JSON.stringify(link.path)} was dropped here`,
      );
    }
    const keys = this.recordKeys(opened.entry.epoch);
    return openBody(opened.entry, index, link.kind, sealed, keys);
  }

  /** All records of an entry that are no versions and were not dropped. */
  async records(opened: OpenedEntry): Promise<OpenedRecord[]> {
    const page = await this.#page(opened);
    return page === undefined ? [] : this.openRecords(opened.entry, page);
  }

  openRecords(entry: Entry, page: EntryPage): OpenedRecord[] {
    const keys = this.recordKeys(entry.epoch);
    return entry.records.flatMap(({ type }, index) => {
      const sealed = page.records.get(index);
      if (type === recordType.version || sealed === undefined) return [];
      return [{ index, record: openOtherRecord(entry, index, sealed, keys) }];
    });
  }

  openLinks(entry: Entry): readonly NamedLink[] {
    return openLinks(entry, this.recordKeys(entry.epoch));
  }

  recordKeys(epoch: EpochId): RecordKeys {
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
      compressor: logCompressor(zstd),
    };
  }

  /**
   * Opens a value of `chunks/`, of whatever type. Throws `VAULT_CHUNK_CORRUPT` for anything that was
   * not stored so: a format or an epoch that nobody here knows is a changed byte too, because the
   * home says which formats it holds, and only what could be opened was stored.
   */
  open(value: Uint8Array): OpenedValue {
    const { epochs, keys, zstd } = this.#parts;
    try {
      return openValue(value, { keyring: epochs, idKey: keys.idKey, zstd });
    } catch (cause) {
      if (!isVaultError(cause)) throw cause;
      throw corrupt('a stored value', undefined, cause);
    }
  }

  async #read(log: LogId, seq: number): Promise<OpenedEntry> {
    const { entry, place } = await this.#readEntry(log, seq);
    return wrapped(whatOf(log, seq), place.chunkSeq, () => {
      const links = new Map(this.openLinks(entry).map((link) => [link.dot.index, link]));
      return { entry, links, place, page: undefined };
    });
  }

  async #readEntry(
    log: LogId,
    seq: number,
  ): Promise<{ readonly entry: Entry; readonly value: Uint8Array; readonly place: EntryPlaceRow }> {
    const { store } = this.#parts;
    const what = whatOf(log, seq);
    if (this.lost.has(log, seq)) throw missing(what);
    const place = await this.placeOf(log, seq);
    if (place === undefined) throw astray(what);
    const { chunkSeq } = place;
    const [value] = await store.getValues([chunkSeq]);
    if (value === undefined) throw missing(what);
    const opened = this.#openAs(value, valueTypes.entry, what, chunkSeq);
    return wrapped(what, chunkSeq, () => {
      const entry = openEntry(opened.plain);
      if (entry.log !== this.lines.origin(log) || entry.seq !== seq) throw astray(what);
      return { entry, value, place };
    });
  }

  /** Where an entry that lies in this line itself has its values; undefined where the index has none. */
  async placeOf(line: LogId, seq: number): Promise<EntryPlaceRow | undefined> {
    return (
      this.#placed.get(`${line}:${seq}`) ??
      decodeEntryPlace(
        await this.#parts.store.meta.get(metaKey(metaPrefix.entry, fromHex(line), encodeSeq(seq))),
      )
    );
  }

  /** The sealed page of an entry, as it is stored; undefined where it has none, or none here. */
  async sealedPage(line: LogId, seq: number): Promise<Uint8Array | undefined> {
    const holder = this.lines.holder(line, seq);
    const { entry, place } = await this.#readEntry(holder, seq);
    const { pageSeq } = place;
    if (pageSeq === undefined || entry.records.every(({ hash }) => hash === undefined))
      return undefined;
    const [value] = await this.#parts.store.getValues([pageSeq]);
    return value;
  }

  async #page(opened: OpenedEntry): Promise<EntryPage | undefined> {
    if (opened.page !== undefined) return opened.page;
    const { log, seq, records, hash } = opened.entry;
    if (records.every((record) => record.hash === undefined)) return undefined;
    const what = `the bodies of entry ${seq} of log ${log.slice(0, 8)}`;
    const chunkSeq = opened.place.pageSeq;
    if (chunkSeq === undefined) {
      throw new VaultError('VAULT_CHUNK_MISSING', `${what} have not come here yet`);
    }
    const [value] = await this.#parts.store.getValues([chunkSeq]);
    if (value === undefined) throw missing(what);
    const { id, plain } = this.#openAs(value, valueTypes.page, what, chunkSeq);
    if (!equalBytes(id, hash)) throw corrupt(what, chunkSeq, undefined);
    opened.page = wrapped(what, chunkSeq, () => decodePage(plain));
    return opened.page;
  }

  /** A sound value of another type was never what the index meant. */
  #openAs(value: Uint8Array, type: 3 | 4, what: string, chunkSeq: number): OpenedValue {
    const opened = wrapped(what, chunkSeq, () => this.open(value));
    if (opened.type !== type) throw astray(what);
    return opened;
  }
}

/** For `catch`: undefined where the line has no such entry, or where it is lost. */
function unlessElsewhere(error: unknown): undefined {
  if (!isLoss(error) && !isVaultError(error, 'VAULT_DAMAGED')) throw error;
}

function whatOf(log: LogId, seq: number): string {
  return `entry ${seq} of log ${log.slice(0, 8)}`;
}

function wrapped<T>(what: string, chunkSeq: number, run: () => T): T {
  try {
    return run();
  } catch (error) {
    // What authenticates and needs a newer vault was written by one.
    const isTelling =
      isVaultError(error, 'VAULT_FORMAT_UNSUPPORTED') || isVaultError(error, 'VAULT_DAMAGED');
    if (isTelling || !isVaultError(error)) throw error;
    throw corrupt(what, chunkSeq, error);
  }
}

function missing(what: string): VaultError {
  return new VaultError('VAULT_CHUNK_MISSING', `${what} is missing`);
}

/** `chunkSeq`: the place of the damaged value. */
function corrupt(what: string, chunkSeq: number | undefined, cause: unknown): VaultError {
  return new VaultError('VAULT_CHUNK_CORRUPT', `${what} is damaged`, {
    cause,
    ...(chunkSeq === undefined ? {} : { details: { value: chunkSeq } }),
  });
}

function astray(what: string): VaultError {
  return new VaultError('VAULT_DAMAGED', `the index does not lead to ${what}`);
}
