/**
 * Makes the rows of the log again from the values in `chunks/`: entries become part of a log where a
 * signed head covers them and the chain of hashes holds; what no head covers never happened. Where
 * values are damaged, one of them may have been a head: then this node's own entries that go on from
 * its last head are taken too, because losing what was committed is worse than keeping what was not.
 */

import { equalBytes, toHex } from '../bytes.ts';
import { valueTypes, type OpenedValue } from '../crypto/sealed-value.ts';
import { isLoss, isVaultError } from '../errors.ts';
import type { ReplayLog } from '../store/replay-log.ts';
import type { EntryPlaceRow } from '../store/meta-keys.ts';
import type { MetaOperation } from '../store/meta-store.ts';
import { decodePage, type EntryPage } from './entry-page.ts';
import { openEntry, type Entry } from './entry.ts';
import { decodeStoredHead, isSignedPosition, type StoredHead } from './head.ts';
import { firstSeenRow, SEEN_UNKNOWN } from './first-seen.ts';
import { headRow, signedRow } from './log-heads.ts';
import type { Head, LogId } from './types.ts';

export interface LogReplayParts {
  /** Opens a value; throws `VAULT_CHUNK_CORRUPT` for a damaged one. */
  readonly open: (value: Uint8Array) => OpenedValue;
  /** Rows of an entry of a line. */
  readonly rowsOf: (
    line: LogId,
    entry: Entry,
    page: EntryPage | undefined,
    place: EntryPlaceRow,
  ) => Promise<MetaOperation[]>;
  /** Rows of a page whose entry was known before it; none where that has one or is not known. */
  readonly rowsOfPage: (page: EntryPage, chunkSeq: number) => Promise<MetaOperation[]>;
  /** All rows given so far are written. */
  readonly settled: () => void;
  /** Notes an entry that a head covers and no value is left of; the row for it. */
  readonly lose: (line: LogId, seq: number) => MetaOperation;
  /** How the known part of a line ends. */
  readonly nextSeq: (line: LogId) => number;
  readonly lastHash: (line: LogId) => Uint8Array;
  readonly takeHead: (line: LogId, head: Head) => void;
  readonly verifyHead: (head: Head) => boolean;
  /** The lines of a log, its own first. */
  readonly linesOf: (log: LogId) => readonly LogId[];
  /** The line that holds this entry of a log, among those that are known; undefined where none does. */
  readonly holderOf: (log: LogId, seq: number, hash: Uint8Array) => Promise<LogId | undefined>;
  /** Begins a line for a branch that leaves `parent` with this entry; its id and its rows. */
  readonly branch: (
    parent: LogId,
    entry: Entry,
  ) => { readonly line: LogId; readonly rows: readonly MetaOperation[] };
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
  /** Entries that no head covered yet, by hash. */
  readonly #entries = new Map<string, Waiting>();
  /** The last of them at each place. */
  readonly #places = new Map<string, Waiting>();
  readonly #pages = new Map<string, { page: EntryPage; chunkSeq: number }>();

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
    const first = nextSeq(own);
    for (let seq = first; ; seq++) {
      const waiting = this.#places.get(`${own}:${seq}`);
      if (waiting === undefined || !equalBytes(waiting.entry.previous, lastHash(own))) break;
      rows.push(...(await this.#adopt(own, waiting)));
      this.signed = sign(seq, waiting.entry.hash);
      takeHead(own, this.signed);
    }
    // The head that is lost would have said whether another copy of this home wrote them.
    if (this.signed !== undefined)
      rows.push(firstSeenRow(own, { first, last: this.signed.seq }, SEEN_UNKNOWN));
    return rows;
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
    if (type === valueTypes.head) return this.#takeHead(seq, decodeStoredHead(plain));
    const name = type === valueTypes.entry ? '' : toHex(id);
    if (type === valueTypes.entry) {
      const entry = openEntry(plain);
      const { log, hash } = entry;
      const isOld = this.#parts.linesOf(log).some((line) => entry.seq < this.#parts.nextSeq(line));
      if (isOld && (await this.#parts.holderOf(log, entry.seq, hash)) !== undefined) return [];
      const waiting = { entry, chunkSeq: seq };
      this.#entries.set(toHex(hash), waiting);
      this.#places.set(`${log}:${entry.seq}`, waiting);
    } else if (this.#entries.has(name)) {
      this.#pages.set(name, { page: decodePage(plain), chunkSeq: seq });
    } else {
      return this.#parts.rowsOfPage(decodePage(plain), seq);
    }
    return [];
  }

  async #takeHead(
    chunkSeq: number,
    { head, seenAt }: StoredHead,
  ): Promise<readonly MetaOperation[]> {
    const { nextSeq, takeHead, verifyHead, linesOf } = this.#parts;
    const { log } = head;
    if (!verifyHead(head)) return [];
    const rows: MetaOperation[] = [];
    const lines = linesOf(log).filter((line) => head.seq >= nextSeq(line));
    const found =
      (await this.#continued(head, lines, false, rows)) ??
      (await this.#branched(head, rows)) ??
      // What is missing on the way was lost.
      (await this.#continued(head, lines, true, rows));
    if (found === undefined) return [];
    const { line, from } = found;
    takeHead(line, head);
    rows.push(headRow(line, head, chunkSeq));
    if (isSignedPosition(head.seq)) rows.push(signedRow(line, head));
    if (seenAt !== undefined) {
      rows.push(firstSeenRow(line, { first: from, last: head.seq }, seenAt));
    }
    return rows;
  }

  /** Adopts what leads from the end of one of these lines to a head. */
  async #continued(
    head: Head,
    lines: readonly LogId[],
    withHoles: boolean,
    rows: MetaOperation[],
  ): Promise<{ readonly line: LogId; readonly from: number } | undefined> {
    for (const line of lines) {
      const from = this.#parts.nextSeq(line);
      const covered = this.#covered(line, head);
      if (covered === undefined) continue;
      if (!withHoles && covered.some((entry) => typeof entry === 'number')) continue;
      for (const entry of covered) {
        if (typeof entry === 'number') rows.push(this.#parts.lose(line, entry));
        else rows.push(...(await this.#adopt(line, entry)));
      }
      return { line, from };
    }
    return undefined;
  }

  /** What leads from the end of a line to a head, holes as their numbers; undefined where it does not. */
  #covered(line: LogId, head: Head): (Waiting | number)[] | undefined {
    const { nextSeq, lastHash } = this.#parts;
    const first = nextSeq(line);
    const covered: (Waiting | number)[] = [];
    let hash = head.hash;
    for (let seq = head.seq; seq >= first; seq--) {
      // Before a hole, only the place tells which entry it was.
      const waiting =
        hash === UNKNOWN_HASH
          ? this.#places.get(`${head.log}:${seq}`)
          : this.#entries.get(toHex(hash));
      if (waiting !== undefined && waiting.entry.seq !== seq) return undefined;
      if (waiting === undefined && hash !== UNKNOWN_HASH) {
        // Another is there: then this is another branch, not one that lost an entry.
        if (this.#places.has(`${head.log}:${seq}`)) return undefined;
      }
      hash = waiting?.entry.previous ?? UNKNOWN_HASH;
      covered.push(waiting ?? seq);
    }
    return follows(hash, lastHash(line)) ? covered.toReversed() : undefined;
  }

  /** Adopts what leads to a head from the middle of a line, as a branch. */
  async #branched(
    head: Head,
    rows: MetaOperation[],
  ): Promise<{ readonly line: LogId; readonly from: number } | undefined> {
    const { log } = head;
    const chain: Waiting[] = [];
    let hash = head.hash;
    for (;;) {
      const waiting = this.#entries.get(toHex(hash));
      if (waiting === undefined || waiting.entry.log !== log) break;
      chain.push(waiting);
      hash = waiting.entry.previous;
    }
    const first = chain.at(-1);
    if (first === undefined) return undefined;
    const { seq } = first.entry;
    const parent = seq === 0 ? log : await this.#parts.holderOf(log, seq - 1, hash);
    if (parent === undefined) return undefined;
    const branch = this.#parts.branch(parent, first.entry);
    rows.push(...branch.rows);
    for (const waiting of chain.toReversed()) {
      rows.push(...(await this.#adopt(branch.line, waiting)));
    }
    return { line: branch.line, from: seq };
  }

  async #adopt(line: LogId, { entry, chunkSeq }: Waiting): Promise<MetaOperation[]> {
    const name = toHex(entry.hash);
    const found = this.#pages.get(name);
    this.#entries.delete(name);
    this.#places.delete(`${entry.log}:${entry.seq}`);
    this.#pages.delete(name);
    return this.#parts.rowsOf(line, entry, found?.page, { chunkSeq, pageSeq: found?.chunkSeq });
  }
}

function follows(hash: Uint8Array, previous: Uint8Array): boolean {
  return hash === UNKNOWN_HASH || previous === UNKNOWN_HASH || equalBytes(hash, previous);
}
