/**
 * The derived half of a folder's store: small rows under ordered byte keys. Everything in it can be
 * rebuilt from the chunk store by one node alone.
 *
 * Implementations: `LevelMetaStore` (LevelDB), `MemoryMetaStore`. Both pass
 * `test/contracts/meta-store.ts`.
 */

export type MetaOperation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: Uint8Array };

export interface MetaRange {
  readonly gte: Uint8Array;
  readonly lt: Uint8Array;
  readonly reverse?: boolean;
  readonly limit?: number;
}

export interface MetaReader {
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  /** Values in the order asked. */
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
  /** Rows of a range in key order, as of the call. */
  scan(range: MetaRange): AsyncIterable<{ key: Uint8Array; value: Uint8Array }>;
}

export interface MetaStore extends MetaReader {
  /**
   * Applies all operations atomically, in their order. With `sync`, this batch is durable on
   * return; that says nothing of earlier unsynced ones (only {@link barrier} does). Batches apply
   * in the order of the calls. After a failed write (`VAULT_NO_SPACE`, …) the store takes no more
   * until {@link reopen}, and the batch is there or not, as a whole.
   */
  write(operations: readonly MetaOperation[], options: { sync: boolean }): Promise<void>;
  /** Returns once everything written before is durable. */
  barrier(): Promise<void>;
  /** Gives back the space of deleted rows of a range. */
  compact(range: { gte: Uint8Array; lt: Uint8Array }): Promise<void>;
  /**
   * Forgets a failed write, so that the store takes writes again. Other calls wait; scans in
   * progress end with `VAULT_CLOSED`.
   */
  reopen(): Promise<void>;
  /** Waits for calls in progress, then releases everything. Idempotent. */
  close(): Promise<void>;
}
