/** Everything of the world that vault touches, in one place: handed in, so that a simulator can. */

import type { Clock } from '../clock.ts';
import type { RandomSource } from '../random.ts';
import type { ScryptCost } from '../crypto/scrypt.ts';
import type { ChunkStore } from '../store/chunk-store.ts';
import type { MetaStore } from '../store/meta-store.ts';
import type { FileSystem } from '../system/file-system.ts';
import type { StartWatch } from '../system/tree-watch.ts';
import type { WebLimits, WebNetwork } from '../system/web-network.ts';
import type { WorkerPool } from '../system/worker-pool.ts';

/** A database as it was found; `repaired`: it was damaged, and what was lost is not known here. */
export interface OpenedStore<T> {
  readonly store: T;
  readonly repaired: boolean;
}

export interface LockOptions {
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/** Held until closed, and gone with the process. */
export interface Lock {
  close(): Promise<void>;
}

export interface Environment {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly pool: WorkerPool;
  readonly watch: StartWatch;
  /** Name of this machine: what a node is called unless told otherwise. */
  readonly machineName: string;
  /** Cost of a new passphrase slot; the default of `slot.ts` where not given. */
  readonly scryptCost?: ScryptCost;
  openChunks(path: string): Promise<OpenedStore<ChunkStore>>;
  openMeta(path: string): Promise<OpenedStore<MetaStore>>;
  /** The network of this machine: nothing of it is loaded before it is asked for. */
  openNetwork(limits: WebLimits): Promise<WebNetwork>;
  /** Throws `VAULT_LOCKED` where another process holds it for longer than it may wait. */
  lock(path: string, options: LockOptions): Promise<Lock>;
}
