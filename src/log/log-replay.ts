/**
 * Makes the rows of the log again from the values in `chunks/`: entries become part of a log where a
 * signed head covers them and the chain of hashes holds; what no head covers never happened.
 */

import { equalBytes } from '../bytes.ts';
import { valueTypes } from '../crypto/sealed-value.ts';
import { isVaultError } from '../errors.ts';
import type { ReplayLog } from '../store/folder-store.ts';
import type { MetaOperation } from '../store/meta-store.ts';
import { decodePage, type EntryPage } from './entry-page.ts';
import { openEntry, type Entry } from './entry.ts';
import { decodeHead } from './head.ts';
import type { StoredRecord, UnknownRecord } from './other-record.ts';
import type { Head, LogId, NamedLink } from './types.ts';
import { encodeSeq, metaKey, metaPrefix } from '../store/meta-keys.ts';
import { fromHex, toHex } from '../bytes.ts';

type OpenedRecord = { index: number; record: StoredRecord | UnknownRecord };

export interface LogReplayParts {
  /** Plain bytes of a sealed value that must be of this type. */
  readonly open: (value: Uint8Array, type: 3 | 4 | 5) => Uint8Array;
  readonly rowsOf: (
    entry: Entry,
    links: readonly NamedLink[],
    records: readonly OpenedRecord[],
    chunkSeq: number,
  ) => Promise<MetaOperation[]>;
  readonly openLinks: (entry: Entry) => readonly NamedLink[];
  readonly openRecords: (entry: Entry, page: EntryPage) => OpenedRecord[];
  /** How the known part of a log ends. */
  readonly nextSeq: (log: LogId) => number;
  readonly lastHash: (log: LogId) => Uint8Array;
  readonly takeHead: (head: Head) => void;
  readonly verifyHead: (head: Head) => boolean;
}

interface Waiting {
  readonly entry: Entry;
  readonly chunkSeq: number;
}

export class LogReplay implements ReplayLog {
  readonly #parts: LogReplayParts;
  readonly #entries = new Map<string, Waiting>();
  readonly #pages = new Map<string, { page: EntryPage; chunkSeq: number }>();
  readonly #unusable: number[] = [];

  constructor(parts: LogReplayParts) {
    this.#parts = parts;
  }

  async accept(seq: number, type: number, value: Uint8Array): Promise<readonly MetaOperation[]> {
    try {
      if (type === valueTypes.entry) {
        const entry = openEntry(this.#parts.open(value, valueTypes.entry));
        this.#entries.set(`${entry.log}:${entry.seq}`, { entry, chunkSeq: seq });
      } else if (type === valueTypes.page) {
        const page = decodePage(this.#parts.open(value, valueTypes.page));
        this.#pages.set(toHex(page.entry), { page, chunkSeq: seq });
      } else return await this.#takeHead(seq, decodeHead(this.#parts.open(value, valueTypes.head)));
    } catch (error) {
      // A damaged value stays where it is: verify names it, and nothing is deleted for being damaged.
      if (!isVaultError(error) || error.code === 'VAULT_FORMAT_UNSUPPORTED') throw error;
    }
    return [];
  }

  async finish(): Promise<readonly MetaOperation[]> {
    return [];
  }

  leftover(): readonly number[] {
    return [
      ...[...this.#entries.values()].map(({ chunkSeq }) => chunkSeq),
      ...[...this.#pages.values()].map(({ chunkSeq }) => chunkSeq),
      ...this.#unusable,
    ].sort((a, b) => a - b);
  }

  async #takeHead(chunkSeq: number, head: Head): Promise<readonly MetaOperation[]> {
    const { nextSeq, lastHash, takeHead, verifyHead, rowsOf, openLinks, openRecords } = this.#parts;
    const covered: Waiting[] = [];
    let previous = lastHash(head.log);
    for (let seq = nextSeq(head.log); seq <= head.seq; seq++) {
      const waiting = this.#entries.get(`${head.log}:${seq}`);
      // After a hole the chain can only be checked from the next entry on.
      if (waiting === undefined) {
        previous = new Uint8Array(0);
        continue;
      }
      if (previous.length > 0 && !equalBytes(waiting.entry.previous, previous)) return [];
      previous = waiting.entry.hash;
      covered.push(waiting);
    }
    if (previous.length > 0 && !equalBytes(previous, head.hash)) return [];
    if (!verifyHead(head)) return [];
    const rows: MetaOperation[] = [];
    for (const { entry, chunkSeq: at } of covered) {
      const name = toHex(entry.hash);
      const page = this.#pages.get(name)?.page;
      const records = page === undefined ? [] : openRecords(entry, page);
      rows.push(...(await rowsOf(entry, openLinks(entry), records, at)));
      this.#entries.delete(`${entry.log}:${entry.seq}`);
      this.#pages.delete(name);
    }
    takeHead(head);
    rows.push({
      type: 'put',
      key: metaKey(metaPrefix.head, fromHex(head.log)),
      value: encodeSeq(chunkSeq),
    });
    return rows;
  }
}
