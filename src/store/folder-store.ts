/**
 * One folder's store: sealed values in `chunks/`, found by id through `meta/`. It knows bytes, ids
 * and value types; not paths, and of log values only that a head is what commits them.
 *
 * Order of a commit (docs/decisions/0004): all values, a barrier, the head synced, then one synced
 * `meta/` batch. Small commits put values and head into one synced batch instead.
 */

import { Mutex } from '../async.ts';
import { equalBytes } from '../bytes.ts';
import { parseHeader } from '../crypto/sealed-value.ts';
import { isVaultError, VaultError } from '../errors.ts';
import type { ChunkStore } from './chunk-store.ts';
import { astray, ChunkIndex } from './chunk-index.ts';
import { decodeCommitted, encodeCommitted, metaKey, metaPrefix } from './meta-keys.ts';
import type { MetaOperation, MetaStore } from './meta-store.ts';
import type { ReplayCounts, ReplayLog } from './replay-log.ts';
import { replayValues } from './replay-values.ts';
import { StagedValues } from './staged-values.ts';

interface CommitOptions {
  /** Covers all log values staged before it. */
  readonly head?: Uint8Array;
  /** Heads of entries before that one: written with it, all or none. */
  readonly earlierHeads?: readonly Uint8Array[];
  readonly rows?: CommitRows;
}

interface StagedCounts {
  /** Chunks and nodes that were not stored before. */
  chunks: number;
  plainBytes: number;
  /** Bytes of their values, and of the log's. */
  sealedBytes: number;
}

/** What a commit adds to `meta/`, given the sequence number of the head (undefined without one). */
export type CommitRows = (headSeq: number | undefined) => readonly MetaOperation[];

export class FolderStore {
  readonly meta: MetaStore;
  readonly chunks: ChunkStore;
  readonly #staged: StagedValues;
  #committedSeq: number;
  readonly #lastSeqAtOpen: number;
  readonly #index: ChunkIndex;
  /** The first log value that no head covers yet. */
  #openLogSeq: number | undefined;
  readonly #commits = new Mutex();
  #stored: StagedCounts = { chunks: 0, plainBytes: 0, sealedBytes: 0 };

  private constructor(chunks: ChunkStore, meta: MetaStore, committedSeq: number, lastSeq: number) {
    this.chunks = chunks;
    this.meta = meta;
    this.#committedSeq = committedSeq;
    this.#lastSeqAtOpen = lastSeq;
    this.#staged = new StagedValues(chunks, Math.max(committedSeq, lastSeq) + 1);
    this.#index = new ChunkIndex(meta, this.#staged, committedSeq < 0);
  }

  /**
   * Takes over both stores: {@link close} closes them. Throws `VAULT_DAMAGED` where `meta/` is not empty
   * and does not say how far it goes.
   */
  static async open(chunks: ChunkStore, meta: MetaStore): Promise<FolderStore> {
    const row = await meta.get(metaKey(metaPrefix.committed));
    const committed = row === undefined ? -1 : decodeCommitted(row);
    if (committed === undefined || (row === undefined && !(await isEmpty(meta)))) {
      throw new VaultError('VAULT_DAMAGED', 'the index does not say how far it goes');
    }
    return new FolderStore(chunks, meta, committed, await chunks.lastSeq());
  }

  /** The greatest sequence number that `meta/` covers, or −1. */
  get committedSeq(): number {
    return this.#committedSeq;
  }

  /** Values lie above the last commit: an unclean stop, or a `meta/` that is gone. */
  get needsReplay(): boolean {
    return this.#lastSeqAtOpen > this.#committedSeq;
  }

  /** What was staged since the last call. */
  takeStagedCounts(): Readonly<StagedCounts> {
    const counts = this.#stored;
    this.#stored = { chunks: 0, plainBytes: 0, sealedBytes: 0 };
    return counts;
  }

  /** Chunks and nodes staged since the last commit. */
  get pendingChunks(): number {
    return this.#index.pendingChunks;
  }

  /**
   * For each 32-byte id in `ids` a {@link Want}. Who was told to bring a chunk must stage it or give up
   * the whole run; what speaks of a promised one must not be committed before {@link isPromised} is
   * false for it.
   */
  wanted(ids: Uint8Array): Promise<Uint8Array> {
    return this.#index.wanted(ids);
  }

  /** Whether somebody was told to bring a chunk of this id and did not yet. */
  isPromised(id: Uint8Array): boolean {
    return this.#index.isPromised(id);
  }

  /**
   * Whether a value of each id, which the log speaks of, should be there. Throws `VAULT_DAMAGED` where
   * the index lacks one and was not made anew since it was opened.
   */
  async has(ids: readonly Uint8Array[]): Promise<boolean[]> {
    return (await this.placesOf(ids)).map((seq) => seq >= 0);
  }

  /**
   * Takes sealed chunks and nodes that lie one after another in `bytes`. Resolves when more may be
   * staged; they are readable at once and durable after the next {@link commit}. `bytes` must not
   * be changed until `onWritten` is called, once, also where writing them failed.
   */
  async stage(bytes: Uint8Array, onWritten: () => void = () => undefined): Promise<void> {
    let last: number | undefined;
    for (let at = 0; at < bytes.length;) {
      const header = parseHeader(bytes.subarray(at));
      const value = bytes.subarray(at, at + header.totalLength);
      at += header.totalLength;
      if (!this.#index.arrived(header.id)) continue;
      const seq = this.#staged.add(value);
      last = seq;
      this.#index.add(header.id, { seq, bytes: value.length });
      this.#stored.chunks++;
      this.#stored.plainBytes += header.plainLength;
      this.#stored.sealedBytes += value.length;
    }
    if (last === undefined) onWritten();
    else this.#staged.whenWritten(last, onWritten);
    await this.#staged.flow();
  }

  /**
   * Takes log values that belong together: they get neighbouring sequence numbers, the first returned.
   * They count once a commit with a head follows; until then a crash undoes them.
   */
  stageLogValues(values: readonly Uint8Array[]): number {
    const first = this.#staged.nextSeq;
    if (values.length > 0) this.#openLogSeq ??= first;
    for (const value of values) {
      this.#staged.add(value);
      this.#stored.sealedBytes += value.length;
    }
    return first;
  }

  /** Takes one log value that belongs to what is committed already: it counts with the next commit. */
  stageLatePage(value: Uint8Array): number {
    this.#stored.sealedBytes += value.length;
    return this.#staged.add(value);
  }

  /** From now on the log may speak of chunks that have not come yet: what the index lacks is not there. */
  expectGaps(): void {
    this.#index.expectGaps();
  }

  /**
   * Makes everything staged before the call durable, then visible: with a head, the entries it covers
   * become part of the log; without one, log values stay what a replay would undo. Throws `VAULT_NO_SPACE` or `VAULT_IO`; then the store must be reopened.
   */
  commit(options: CommitOptions): Promise<void> {
    return this.#commits.run(() => this.#commit(options));
  }

  /** Whether a value of each id lies here, whatever the log speaks of. */
  holds(ids: readonly Uint8Array[]): Promise<boolean[]> {
    return this.#index.holds(ids);
  }

  /**
   * Sealed values of chunks or nodes that the log speaks of, in the order asked; undefined where there
   * is none any more. Throws `VAULT_DAMAGED` where the index is wrong and was not made anew yet.
   */
  async getSealed(ids: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    const values = await this.getValues(await this.placesOf(ids));
    values.forEach((value, at) => {
      const id = ids[at];
      const isAnother =
        value && id && value.length >= 64 && !equalBytes(value.subarray(32, 64), id);
      if (isAnother === true && this.#index.isTrusted) throw astray();
    });
    return values;
  }

  /**
   * The sequence numbers under which values of chunks or nodes lie that the log speaks of, in the order
   * asked; −1 for those that are lost, which is remembered. Throws as {@link getSealed}.
   */
  placesOf(ids: readonly Uint8Array[]): Promise<number[]> {
    return this.#index.placesOf(ids);
  }

  /** Values by sequence number, staged ones included; undefined where there is none. */
  async getValues(seqs: readonly number[]): Promise<(Uint8Array | undefined)[]> {
    const values = this.#staged.read(seqs);
    const open = [...seqs.keys()].filter((at) => {
      const seq = seqs[at] ?? -1;
      return values[at] === undefined && seq >= 0 && seq < this.#staged.nextSeq;
    });
    if (open.length === 0) return values;
    const stored = await this.#storedValues(open.map((at) => seqs[at] ?? -1));
    for (const [index, at] of open.entries()) values[at] = stored[index];
    return values;
  }

  /**
   * Goes through the values above the last commit (all of them where `meta/` is gone): chunks are
   * indexed; log values are handed to `log` in order. `log.accept` answers with the rows that a head
   * makes true; `log.leftover` names values no head covers, which are deleted. Then `meta/` covers all.
   * May be cut short anywhere and begun again.
   */
  async replay(log: ReplayLog): Promise<ReplayCounts> {
    const { chunks, meta } = this;
    const guard = <T>(run: () => Promise<T>): Promise<T> => this.#staged.guard(run);
    const counts = await replayValues({ chunks, meta, guard }, this.#committedSeq + 1, log);
    const committed = await this.chunks.lastSeq();
    await this.#staged.guard(() => this.meta.write([committedRow(committed)], { sync: true }));
    this.#committedSeq = committed;
    return counts;
  }

  /** Waits for writes in progress and closes both stores. What no commit covered is replayed at the next open. Idempotent. */
  async close(): Promise<void> {
    await this.#staged.idle();
    await this.chunks.close();
    await this.meta.close();
  }

  async #commit(options: CommitOptions): Promise<void> {
    this.#staged.assertSound();
    const upTo = this.#staged.nextSeq - 1;
    // Numbered before anything is awaited: what others stage meanwhile comes after the head.
    const earlier = (options.earlierHeads ?? []).map((value) => this.#staged.number(value));
    const head = options.head === undefined ? undefined : this.#staged.number(options.head);
    const heads = head === undefined ? earlier : [...earlier, head];
    const last = head?.seq ?? upTo;
    if (head !== undefined) this.#openLogSeq = undefined;
    // A replay begins early enough to meet every entry that no head covers yet.
    const committed = Math.min(last, (this.#openLogSeq ?? Infinity) - 1);
    await this.#staged.settle(heads);
    const rows = [...this.#index.rowsUpTo(last)];
    for (const row of options.rows?.(head?.seq) ?? []) rows.push(row);
    rows.push(committedRow(committed));
    await this.#staged.guard(() => this.meta.write(rows, { sync: true }));
    this.#committedSeq = committed;
    this.#index.settle(last);
  }

  /** One value that cannot be looked up hides no other. */
  async #storedValues(seqs: readonly number[]): Promise<(Uint8Array | undefined)[]> {
    try {
      return await this.chunks.getMany(seqs);
    } catch (error) {
      if (!isVaultError(error, 'VAULT_DAMAGED')) throw error;
    }
    const values: (Uint8Array | undefined)[] = [];
    for (const seq of seqs) {
      try {
        values.push(await this.chunks.get(seq));
      } catch (error) {
        if (!isVaultError(error, 'VAULT_DAMAGED')) throw error;
        values.push(undefined);
      }
    }
    return values;
  }
}

function committedRow(seq: number): MetaOperation {
  return { type: 'put', key: metaKey(metaPrefix.committed), value: encodeCommitted(seq) };
}

async function isEmpty(meta: MetaStore): Promise<boolean> {
  const all = { gte: new Uint8Array(0), lt: Uint8Array.of(0xff) };
  for await (const row of meta.scan({ ...all, limit: 1 })) return row === undefined;
  return true;
}
