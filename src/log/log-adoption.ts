/**
 * Takes over what other nodes wrote: a stretch of one log that ends at a signed head. Nothing is taken
 * on trust: the chain of hashes must lead from what is known to the head, the head must be signed by the
 * node that the log's id commits to, and that node must be, or have been, a member. Where the stretch
 * leaves what is known in the middle, both are kept: the log has forked.
 */

import { equalBytes } from '../bytes.ts';
import type { Clock } from '../clock.ts';
import type { EpochKeys } from '../crypto/folder-keys.ts';
import { isVaultError, VaultError } from '../errors.ts';
import { MAX_EPOCHS } from '../limits.ts';
import type { FolderStore } from '../store/folder-store.ts';
import type { MetaOperation } from '../store/meta-store.ts';
import { secretOf, type EpochSecrets } from './epoch-choice.ts';
import type { EpochSecret } from './epoch-ring.ts';
import type { EntryReader, OpenedRecord } from './entry-reader.ts';
import type { EntryRows } from './entry-rows.ts';
import type { Entry } from './entry.ts';
import { isStartOf, type FolderMembers, type StatingEntry } from './folder-members.ts';
import {
  checkedPage,
  isWhole,
  openStretch,
  type ReadEntry,
  type SignedStretch,
} from './given-stretch.ts';
import { isSignedPosition, verifyHead, type VerifySignature } from './head.ts';
import { branchLogId } from './log-id.ts';
import { firstSeenRow } from './first-seen.ts';
import { headRow, signedRow } from './log-heads.ts';
import type { LogSealer } from './log-sealer.ts';
import { includesRole } from './permission.ts';
import { epochIdOf } from './rotation-record.ts';
import type { EpochId, Head, HybridTime, LogId, NodeId, RotationRecord } from './types.ts';

/**
 * `adopted`: verified, durable and part of the log, or known before. `detached`: it does not follow
 * anything that is known. `early`: sound, but nothing here says yet whose log it is, that its author is
 * a member, or how to open it. `refused`: malformed, or its hashes, signature or place are wrong.
 */
export type StretchOutcome =
  | {
      readonly outcome: 'adopted';
      /** The line that holds it now, and its entries that are new. */
      readonly line: LogId;
      readonly from: number;
      readonly to: number;
      /** Entries whose pages came along. */
      readonly pages: readonly number[];
    }
  | { readonly outcome: 'detached' | 'early' | 'refused' };

/**
 * `stored`: it is complete and readable from now on. `incomplete`: genuine, and its sender dropped records
 * of it. `unwanted`: no entry waits for it. `corrupt`: not what it says it is.
 */
export type PageOutcome =
  | { readonly outcome: 'stored'; readonly line: LogId; readonly entry: Entry }
  | { readonly outcome: 'incomplete' | 'unwanted' | 'corrupt' };

/** Told of entries that are durable, just before they become part of their line. */
export type OnTaken = (line: LogId, from: number, to: number) => void;

export interface LogAdoptionParts {
  readonly store: FolderStore;
  /** 32-byte folder id. */
  readonly folder: Uint8Array;
  readonly clock: Clock;
  readonly verify: VerifySignature;
  readonly reader: EntryReader;
  readonly rows: EntryRows;
  readonly members: FolderMembers;
  /** By line. */
  readonly heads: Map<LogId, Head>;
  readonly sealer: LogSealer;
  /** Of the epochs that can be opened now. */
  readonly epochs: ReadonlyMap<EpochId, EpochKeys>;
  readonly secrets?: EpochSecrets;
  /** The log that this node writes. */
  readonly own: () => LogId;
  /** Takes notice of a time that another node gave. */
  readonly observe: (time: HybridTime) => void;
}

/** Where a stretch goes on from what is known. */
interface Joint {
  readonly line: LogId;
  /** Entries of the stretch that are known already. */
  readonly skip: number;
  /** Rows that begin a new line. */
  readonly rows: readonly MetaOperation[];
}

export class LogAdoption {
  readonly #parts: LogAdoptionParts;

  constructor(parts: LogAdoptionParts) {
    this.#parts = parts;
  }

  /** Verifies and takes over all of a stretch or nothing: durable on return. Throws what the store throws. */
  adopt(stretch: SignedStretch, onTaken: OnTaken = () => undefined): Promise<StretchOutcome> {
    const { secrets } = this.#parts;
    if (secrets === undefined) return this.#adopt(stretch, onTaken, []);
    // What a rotation in it begins is needed to read on, and not held before all of it is verified.
    const came: EpochSecret[] = [];
    return secrets.ring.lending((lend) =>
      this.#adopt(stretch, onTaken, came, (epoch, rotation) => {
        const secret = secretOf(secrets, epoch, rotation);
        if (secret === undefined || came.length >= MAX_EPOCHS) return;
        came.push(secret);
        lend(secret);
      }),
    );
  }

  async #adopt(
    stretch: SignedStretch,
    onTaken: OnTaken,
    came: readonly EpochSecret[],
    begun: (epoch: EpochId, rotation: RotationRecord) => void = () => undefined,
  ): Promise<StretchOutcome> {
    let read: readonly ReadEntry[];
    try {
      read = openStretch(this.#parts, stretch, begun);
    } catch (error) {
      if (!isVaultError(error)) throw error;
      // Under an epoch, or in a format, that this node does not know yet.
      const isEarly =
        isVaultError(error, 'VAULT_NOT_PERMITTED') ||
        isVaultError(error, 'VAULT_FORMAT_UNSUPPORTED');
      return { outcome: isEarly ? 'early' : 'refused' };
    }
    const first = read[0];
    if (first === undefined) return { outcome: 'refused' };
    const owner = this.#ownerOf(first);
    if ('outcome' in owner) return owner;
    const { node } = owner;
    const { folder, verify, members } = this.#parts;
    if (!verifyHead(verify, folder, node, stretch.head)) return { outcome: 'refused' };
    const stating: StatingEntry[] = read.map(({ entry, page }) => ({
      line: entry.log,
      entry,
      records: page?.records ?? [],
    }));
    if (!(await members.mayWrite(node, stating))) return { outcome: 'early' };
    const joint = await this.#joint(read);
    if (joint === undefined) return { outcome: 'detached' };
    // Durable before anything that they seal is.
    this.#keep(node, came);
    return this.#take(stretch.head, read.slice(joint.skip), joint, onTaken);
  }

  /** Takes a sealed page that came after its entry: durable on return. Throws what the store throws. */
  async adoptPage(value: Uint8Array): Promise<PageOutcome> {
    const { reader, store, rows, members } = this.#parts;
    const unwanted = { outcome: 'unwanted' } as const;
    let entry: Entry;
    let line: LogId;
    let records: readonly OpenedRecord[];
    try {
      const opened = reader.open(value);
      const wanted = await rows.wantedPage(opened.id);
      if (wanted === undefined) return unwanted;
      ({ line } = wanted);
      entry = await reader.entryAlone(line, wanted.seq);
      const page = checkedPage(entry, opened);
      if (!isWhole(entry, page)) return { outcome: 'incomplete' };
      records = reader.openRecords(entry, page);
    } catch (error) {
      if (isVaultError(error, 'VAULT_DAMAGED') || !isVaultError(error)) throw error;
      return { outcome: 'corrupt' };
    }
    const place = await reader.placeOf(line, entry.seq);
    if (place === undefined) throw new VaultError('VAULT_DAMAGED', 'the index lacks an entry');
    const pageSeq = store.stageLatePage(value);
    const made = await rows.ofPage(line, entry, records, { chunkSeq: place.chunkSeq, pageSeq });
    await store.commit({ rows: () => made });
    rows.settle();
    members.note({ line, entry, records });
    await members.refresh();
    const { secrets } = this.#parts;
    const owner = members.ownerOf(reader.lines.origin(line));
    if (secrets !== undefined && owner !== undefined) {
      const came = records.flatMap(({ record }) =>
        record.type === 'rotation' ? (secretOf(secrets, epochIdOf(record), record) ?? []) : [],
      );
      this.#keep(owner.node, came);
    }
    return { outcome: 'stored', line, entry };
  }

  /** Holds secrets that a node gave with its rotations, where it may begin epochs. */
  #keep(node: NodeId, came: readonly EpochSecret[]): void {
    const { secrets, members } = this.#parts;
    if (secrets === undefined || came.length === 0) return;
    const role = members.membership?.members.get(node)?.role;
    if (members.membership !== undefined && !includesRole(role, 'write')) return;
    const room = MAX_EPOCHS - secrets.ring.held.length;
    secrets.ring.keep(came.slice(0, Math.max(0, room)));
  }

  #ownerOf({
    entry,
    page,
  }: ReadEntry): { readonly node: NodeId } | { readonly outcome: 'early' | 'refused' } {
    const { folder, members } = this.#parts;
    const known = members.ownerOf(entry.log);
    if (known !== undefined) return known;
    if (entry.seq > 0 || page === undefined) return { outcome: 'early' };
    const start = page.records[0]?.record;
    return start?.type === 'log-start' && isStartOf(folder, start, entry.log)
      ? start
      : { outcome: 'refused' };
  }

  /** Finds where a stretch joins what is known; undefined where it does not. */
  async #joint(read: readonly ReadEntry[]): Promise<Joint | undefined> {
    const { heads, reader } = this.#parts;
    const first = read[0] as ReadEntry;
    const { log, seq, previous } = first.entry;
    const lines = reader.lines.of(log).filter((line) => line === log || heads.has(line));
    let best: { line: LogId; skip: number } | undefined;
    for (const line of lines) {
      const end = (heads.get(line)?.seq ?? -1) + 1;
      if (seq > end) continue;
      const before = seq === 0 ? undefined : await this.#hashAt(line, seq - 1);
      if (seq > 0 && (before === undefined || !equalBytes(before, previous))) continue;
      let skip = 0;
      while (skip < read.length && seq + skip < end) {
        const there = await this.#hashAt(line, seq + skip);
        if (there === undefined || !equalBytes(there, (read[skip] as ReadEntry).entry.hash)) break;
        skip++;
      }
      if (best === undefined || skip > best.skip) best = { line, skip };
      if (skip === read.length || seq + skip === end) return { line, skip, rows: [] };
    }
    if (best === undefined) return undefined;
    const diverging = (read[best.skip] as ReadEntry).entry;
    const branch = {
      id: branchLogId(log, diverging.hash),
      origin: log,
      parent: reader.lines.holder(best.line, diverging.seq),
      from: diverging.seq,
    };
    return { line: branch.id, skip: best.skip, rows: [reader.lines.add(branch)] };
  }

  /** The hash of an entry of a line's history; undefined where it is lost: what replaces it cannot be told from a fork. */
  async #hashAt(line: LogId, seq: number): Promise<Uint8Array | undefined> {
    const { reader, heads } = this.#parts;
    const head = heads.get(line);
    if (head?.seq === seq) return head.hash;
    try {
      return (await reader.entryAlone(line, seq)).hash;
    } catch (error) {
      if (
        !isVaultError(error, 'VAULT_CHUNK_MISSING') &&
        !isVaultError(error, 'VAULT_CHUNK_CORRUPT')
      )
        throw error;
    }
    try {
      // The next one names it.
      return (await reader.entryAlone(line, seq + 1)).previous;
    } catch (error) {
      if (!isVaultError(error)) throw error;
      return undefined;
    }
  }

  async #take(
    head: Head,
    fresh: readonly ReadEntry[],
    joint: Joint,
    onTaken: OnTaken,
  ): Promise<StretchOutcome> {
    const { store, rows, members, heads, clock, reader } = this.#parts;
    const { line } = joint;
    const end = head.seq + 1;
    const pages: number[] = [];
    const first = fresh[0];
    if (first === undefined) return { outcome: 'adopted', line, from: end, to: end, pages };
    store.expectGaps();
    const now = clock.wallMs() * 1000;
    let newest = 0;
    const operations: MetaOperation[] = [...joint.rows];
    for (const { bytes, entry, links, page } of fresh) {
      const sealed = this.#parts.sealer.entry(entry.hash, bytes);
      const chunkSeq = store.stageLogValues(page === undefined ? [sealed] : [sealed, page.value]);
      const needsPage = entry.records.some(({ hash }) => hash !== undefined);
      const place = {
        chunkSeq,
        pageSeq: page === undefined && needsPage ? undefined : chunkSeq + 1,
      };
      if (page !== undefined) pages.push(entry.seq);
      operations.push(...(await rows.of(line, entry, links, page?.records ?? [], place)));
      members.note({ line, entry, records: page?.records ?? [] });
      for (const { time } of links) newest = Math.max(newest, time);
    }
    // What came under the log that this home writes is told by this from what it wrote: see first-seen.ts.
    const isKept = newest > now || head.log === this.#parts.own();
    const seenAt = isKept ? Math.max(0, Math.floor(now)) : undefined;
    const from = first.entry.seq;
    if (seenAt !== undefined)
      operations.push(firstSeenRow(line, { first: from, last: head.seq }, seenAt));
    if (isSignedPosition(head.seq)) operations.push(signedRow(line, head));
    await store.commit({
      head: this.#parts.sealer.head(head, seenAt),
      rows: (headSeq) => [...operations, headRow(line, head, headSeq ?? 0)],
    });
    onTaken(line, from, end);
    heads.set(line, head);
    rows.settle();
    this.#parts.observe(newest);
    await members.refresh();
    return { outcome: 'adopted', line: reader.lines.holder(line, head.seq), from, to: end, pages };
  }
}
