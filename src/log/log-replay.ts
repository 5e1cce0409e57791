/**
 * Makes the rows of the log again from the values in `chunks/`: entries become part of a log where a
 * signed head covers them and the chain of hashes holds; what no head covers never happened. Where
 * values are damaged, one of them may have been a head: then this node's own entries that go on from
 * its last head are taken too, because losing what was committed is worse than keeping what was not.
 */

import { equalBytes, toHex } from '../bytes.ts';
import { valueTypes, type OpenedValue } from '../crypto/sealed-value.ts';
import { isLoss, isVaultError } from '../errors.ts';
import type { ReplayLog } from '../store/folder-store.ts';
import type { MetaOperation } from '../store/meta-store.ts';
import { decodePage, type EntryPage } from './entry-page.ts';
import { openEntry, type Entry } from './entry.ts';
import { decodeHead } from './head.ts';
import { headRow } from './log-heads.ts';
import type { Head, LogId } from './types.ts';

export interface LogReplayParts {
  /** Opens a value; throws `VAULT_CHUNK_CORRUPT` for a damaged one. */
  readonly open: (value: Uint8Array) => OpenedValue;
  /** Rows of an entry whose value lies at `chunkSeq`. */
  readonly rowsOf: (
    entry: Entry,
    page: EntryPage | undefined,
    chunkSeq: number,
  ) => Promise<MetaOperation[]>;
  /** All rows given so far are written. */
  readonly settled: () => void;
  /** Notes an entry that a head covers and no value is left of; the row for it. */
  readonly lose: (log: LogId, seq: number) => MetaOperation;
  /** How the known part of a log ends. */
  readonly nextSeq: (log: LogId) => number;
  readonly lastHash: (log: LogId) => Uint8Array;
  readonly takeHead: (head: Head) => void;
  readonly verifyHead: (head: Head) => boolean;
  /** This node's log, and a head of it signed anew. */
  readonly own: LogId;
  readonly sign: (seq: number, hash: Uint8Array) => Head;
}

interface Waiting {
  readonly entry: Entry;
  readonly chunkSeq: number;
}

const UNKNOWN_HASH = new Uint8Array(0);

export class LogReplay implements ReplayLog {
  readonly damaged: number[] = [];
  /** The head that had to be signed anew; its value is not written yet. */
  signed: Head | undefined;
  readonly #parts: LogReplayParts;
  readonly #entries = new Map<string, Waiting>();
  readonly #pages = new Map<string, { page: EntryPage; chunkSeq: number }>();
  /** Entries that the index had before, by the hash that their pages name. */
  readonly #known = new Set<string>();

  constructor(parts: LogReplayParts) {
    this.#parts = parts;
  }

  async accept(seq: number, value: Uint8Array): Promise<readonly MetaOperation[]> {
    let opened: OpenedValue;
    try {
      opened = this.#parts.open(value);
    } catch (error) {
      if (!isLoss(error)) throw error;
      // It stays where it is: verify names it, and nothing is deleted for being damaged.
      this.damaged.push(seq);
      return [];
    }
    try {
      return await this.#take(seq, opened);
    } catch (error) {
      // What authenticates and needs a newer vault was written by one.
      const isTelling =
        isVaultError(error, 'VAULT_FORMAT_UNSUPPORTED') || isVaultError(error, 'VAULT_DAMAGED');
      if (isTelling || !isVaultError(error)) throw error;
      this.damaged.push(seq);
      return [];
    }
  }

  settled(): void {
    this.#parts.settled();
  }

  async finish(isDamaged: boolean): Promise<readonly MetaOperation[]> {
    if (!isDamaged && this.damaged.length === 0) return [];
    const { own, nextSeq, lastHash, sign, takeHead } = this.#parts;
    const rows: MetaOperation[] = [];
    for (let seq = nextSeq(own); ; seq++) {
      const waiting = this.#entries.get(`${own}:${seq}`);
      if (waiting === undefined || !equalBytes(waiting.entry.previous, lastHash(own))) return rows;
      rows.push(...(await this.#adopt(waiting)));
      this.signed = sign(seq, waiting.entry.hash);
      takeHead(this.signed);
    }
  }

  leftover(): readonly number[] {
    const seqs: number[] = [];
    for (const { entry, chunkSeq } of this.#entries.values()) {
      seqs.push(chunkSeq);
      // Only pages of such entries: one whose entry came before this replay belongs to the log.
      const page = this.#pages.get(toHex(entry.hash));
      if (page !== undefined) seqs.push(page.chunkSeq);
    }
    return seqs.sort((a, b) => a - b);
  }

  async #take(seq: number, { type, id, plain }: OpenedValue): Promise<readonly MetaOperation[]> {
    if (type === valueTypes.head) return this.#takeHead(seq, decodeHead(plain));
    if (type === valueTypes.entry) {
      const entry = openEntry(plain);
      if (entry.seq < this.#parts.nextSeq(entry.log)) this.#known.add(toHex(entry.hash));
      else this.#entries.set(`${entry.log}:${entry.seq}`, { entry, chunkSeq: seq });
    } else if (!this.#known.has(toHex(id))) {
      this.#pages.set(toHex(id), { page: decodePage(plain), chunkSeq: seq });
    }
    return [];
  }

  async #takeHead(chunkSeq: number, head: Head): Promise<readonly MetaOperation[]> {
    const { nextSeq, lastHash, takeHead, verifyHead, lose } = this.#parts;
    const first = nextSeq(head.log);
    if (head.seq < first || !verifyHead(head)) return [];
    const covered: (Waiting | number)[] = [];
    let previous = lastHash(head.log);
    for (let seq = first; seq <= head.seq; seq++) {
      const waiting = this.#entries.get(`${head.log}:${seq}`);
      // After a hole the chain can only be checked from the next entry on.
      if (waiting !== undefined && !follows(waiting.entry.previous, previous)) return [];
      previous = waiting?.entry.hash ?? UNKNOWN_HASH;
      covered.push(waiting ?? seq);
    }
    if (!follows(head.hash, previous)) return [];
    const rows: MetaOperation[] = [];
    for (const entry of covered) {
      if (typeof entry === 'number') rows.push(lose(head.log, entry));
      else rows.push(...(await this.#adopt(entry)));
    }
    takeHead(head);
    rows.push(headRow(head, chunkSeq));
    return rows;
  }

  async #adopt({ entry, chunkSeq }: Waiting): Promise<MetaOperation[]> {
    const name = toHex(entry.hash);
    const page = this.#pages.get(name)?.page;
    this.#entries.delete(`${entry.log}:${entry.seq}`);
    this.#pages.delete(name);
    return this.#parts.rowsOf(entry, page, chunkSeq);
  }
}

function follows(hash: Uint8Array, previous: Uint8Array): boolean {
  return previous === UNKNOWN_HASH || equalBytes(hash, previous);
}
