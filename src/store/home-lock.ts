/**
 * The home's lock: a LevelDB that one process can open, freed by the system when that process ends
 * in whatever way. Beside it lie small rows of derived state, in a database of their own: one that
 * holds the lock cannot be reopened after a failed write without giving the lock away.
 */

import type { Clock } from '../clock.ts';
import { deferred, Mutex } from '../async.ts';
import { utf8 } from '../bytes.ts';
import { isVaultError, VaultError } from '../errors.ts';
import type { FileSystem } from '../system/file-system.ts';
import { LevelDatabase } from './level-database.ts';
import { destroyLevel, type LevelSettings } from './level-handle.ts';
import { LevelMetaStore } from './level-meta-store.ts';
import type { MetaOperation } from './meta-store.ts';
import { closedFailure, storeFailure } from './store-failure.ts';

const KIB = 1024;
const settings: LevelSettings = {
  compression: true,
  writeBufferSize: 256 * KIB,
  maxFileSize: 1024 * KIB,
  cacheSize: 64 * KIB,
  maxOpenFiles: 74,
};

/** How often a waiting process looks again. */
const POLL_MS = 50;

export interface HomeLockOptions {
  readonly clock: Clock;
  /** How long to wait for another process to end, in milliseconds. Default 0: not at all. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

export class HomeLock {
  readonly #fs: FileSystem;
  readonly #lock: LevelDatabase;
  #rows: Promise<LevelMetaStore> | undefined;
  readonly #writing = new Mutex();
  /** Whether the last write failed or is in progress. */
  #failed = false;
  #closed = false;

  private constructor(fs: FileSystem, lock: LevelDatabase) {
    this.#fs = fs;
    this.#lock = lock;
  }

  /**
   * Takes the lock in the directory `path` of the real disk, creating it if missing or damaged.
   * Throws `VAULT_LOCKED` once `waitMs` are over, `VAULT_INTERRUPTED` on `signal`, `VAULT_NO_SPACE`,
   * `VAULT_IO`.
   */
  static async acquire(
    fs: FileSystem,
    path: string,
    { clock, waitMs = 0, signal }: HomeLockOptions,
  ): Promise<HomeLock> {
    const deadline = clock.monotonicMs() + waitMs;
    for (;;) {
      if (signal?.aborted) throw interrupted(signal);
      try {
        return new HomeLock(fs, await openAnyhow(fs, path));
      } catch (error) {
        if (!isVaultError(error, 'VAULT_LOCKED')) throw error;
        const left = deadline - clock.monotonicMs();
        if (left <= 0) {
          throw new VaultError('VAULT_LOCKED', 'another process has this home open', {
            cause: error,
            hint: 'wait for it to end, or use --wait-lock',
            details: { path },
          });
        }
        await pause(clock, Math.min(left, POLL_MS), signal);
      }
    }
  }

  /** The row named `name`, undefined where there is none or it cannot be read. */
  async get(name: string): Promise<Uint8Array | undefined> {
    const rows = await this.#openRows();
    try {
      return await rows.get(utf8(name));
    } catch (error) {
      if (isVaultError(error, 'VAULT_DAMAGED')) return undefined;
      throw error;
    }
  }

  /** Sets a row; durable on return. Throws `VAULT_NO_SPACE`, `VAULT_IO`; a later call may succeed. */
  put(name: string, value: Uint8Array): Promise<void> {
    return this.#write({ type: 'put', key: utf8(name), value });
  }

  /** Removes a row; as {@link put}. */
  delete(name: string): Promise<void> {
    return this.#write({ type: 'delete', key: utf8(name) });
  }

  /** Frees the lock. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    const rows = await this.#rows?.catch(() => undefined);
    await rows?.close();
    await this.#lock.close();
  }

  #write(operation: MetaOperation): Promise<void> {
    return this.#writing.run(async () => {
      const rows = await this.#openRows();
      if (this.#failed) await rows.reopen();
      this.#failed = true;
      await rows.write([operation], { sync: true });
      this.#failed = false;
    });
  }

  async #openRows(): Promise<LevelMetaStore> {
    if (this.#closed) throw closedFailure(this.#lock.path);
    this.#rows ??= LevelMetaStore.open(this.#fs, `${this.#lock.path}/rows`, { settings });
    try {
      return await this.#rows;
    } catch (error) {
      this.#rows = undefined;
      throw error;
    }
  }
}

/** LevelDB takes the lock before it looks at anything, so that a damaged one in use counts as locked. */
async function openAnyhow(fs: FileSystem, path: string): Promise<LevelDatabase> {
  try {
    fs.makeDirectories(path, 0o700);
    return await LevelDatabase.open(path, { settings });
  } catch (error) {
    if (!isVaultError(error, 'VAULT_DAMAGED')) throw storeFailure(error, path, 'lock');
    await destroyLevel(path);
    fs.makeDirectories(path, 0o700);
    return LevelDatabase.open(path, { settings });
  }
}

function interrupted(signal: AbortSignal): VaultError {
  return new VaultError('VAULT_INTERRUPTED', 'interrupted while waiting for the home', {
    cause: signal.reason,
  });
}

async function pause(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  const done = deferred<void>();
  const cancel = clock.timer(ms, () => done.resolve());
  const stop = (): void => done.resolve();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    await done.promise;
  } finally {
    cancel();
    signal?.removeEventListener('abort', stop);
  }
}
