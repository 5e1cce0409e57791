/**
 * The value half of a folder's store: sealed, self-describing values under increasing sequence
 * numbers. It knows neither what a value holds nor paths.
 *
 * Implementations: `LevelChunkStore` (LevelDB), `MemoryChunkStore`. Both pass
 * `test/contracts/chunk-store.ts`.
 */

import type { TableFile } from './table-file.ts';

export interface ChunkWrite {
  readonly puts?: readonly { readonly seq: number; readonly value: Uint8Array }[];
  readonly deletes?: readonly number[];
}

export interface ChunkReader {
  /**
   * The value, or undefined where there is none. The caller owns the array.
   * Throws `VAULT_DAMAGED` where damage keeps it from being looked up.
   */
  get(seq: number): Promise<Uint8Array | undefined>;
  /** Values in the order asked. Throws `VAULT_DAMAGED` if one cannot be looked up: ask one by one then. */
  getMany(seqs: readonly number[]): Promise<(Uint8Array | undefined)[]>;
  /**
   * Values with `from <= seq < to` in increasing order. Where a stretch cannot be read, it is
   * skipped and `onDamage` is told the first sequence number after which values may be missing.
   */
  scan(
    from: number,
    to?: number,
    onDamage?: (after: number) => void,
  ): AsyncIterable<{ seq: number; value: Uint8Array }>;
  /** The greatest sequence number with a value, or −1. */
  lastSeq(): Promise<number>;
}

export interface ChunkStore extends ChunkReader {
  /**
   * Applies the whole batch atomically. With `sync`, this batch is durable on return; that says
   * nothing of earlier unsynced ones (only {@link barrier} does). Values may be reused on return.
   * Batches apply in the order of the calls. After a failed write (`VAULT_NO_SPACE`, …) the
   * store takes no more until {@link reopen}, and the batch is there or not, as a whole.
   */
  write(batch: ChunkWrite, options: { sync: boolean }): Promise<void>;
  /** Returns once everything written before is durable. */
  barrier(): Promise<void>;
  /** Gives back the space of deleted values with `from <= seq < to`. */
  compact(from: number, to: number): Promise<void>;
  /**
   * The files that hold the rows, for `tableValues` and `TableReader`: every row written before where
   * `all` is asked for, else those that happen to lie in files by now. Undefined where values do not
   * lie in files. A file may be gone or replaced after the next write.
   */
  tables(which: 'all' | 'some'): Promise<readonly TableFile[] | undefined>;
  /** Roughly, the bytes on disk of `from <= seq < to`. */
  approximateBytes(from: number, to: number): Promise<number>;
  /**
   * Forgets a failed write, so that the store takes writes again. Other calls wait; scans in
   * progress end with `VAULT_CLOSED`.
   */
  reopen(): Promise<void>;
  /** Waits for calls in progress, then releases everything. Idempotent. */
  close(): Promise<void>;
}
