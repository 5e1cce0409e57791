/** Derived rows in one LevelDB. */

import type { FileSystem } from '../system/file-system.ts';
import type { LevelOperation, LevelSettings } from './level-handle.ts';
import { RepairableLevel } from './level-repair.ts';
import type { MetaOperation, MetaRange, MetaStore } from './meta-store.ts';

const MIB = 1024 * 1024;

export const metaSettings: LevelSettings = {
  compression: true,
  writeBufferSize: 8 * MIB,
  maxFileSize: 2 * MIB,
  cacheSize: 8 * MIB,
  maxOpenFiles: 128,
};

export interface LevelMetaStoreOptions {
  readonly settings?: LevelSettings;
  readonly checkAll?: boolean;
}

export class LevelMetaStore implements MetaStore {
  readonly #level: RepairableLevel;

  private constructor(level: RepairableLevel) {
    this.#level = level;
  }

  /**
   * Opens the store in the directory `path` of the real disk, creating it if missing. A damaged
   * database is kept aside and an empty one begun: see {@link repaired}. With `checkAll` every
   * table is looked at first. The caller holds the home's lock.
   * Throws `VAULT_LOCKED`, `VAULT_NO_SPACE`, `VAULT_IO`.
   */
  static async open(
    fs: FileSystem,
    path: string,
    { settings = metaSettings, checkAll = false }: LevelMetaStoreOptions = {},
  ): Promise<LevelMetaStore> {
    const level = await RepairableLevel.open(fs, path, { settings }, { derived: true, checkAll });
    return new LevelMetaStore(level);
  }

  /** Whether the database was damaged and begun anew since the store was opened. */
  get repaired(): boolean {
    return this.#level.repaired;
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#level.database.get(key);
  }

  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#level.database.getManyNow(keys);
  }

  scan(range: MetaRange): AsyncGenerator<{ key: Uint8Array; value: Uint8Array }> {
    return rows(this.#level.database.pages(range));
  }

  async write(operations: readonly MetaOperation[], { sync }: { sync: boolean }): Promise<void> {
    if (operations.length === 0) return;
    await this.#level.database.write(operations.map(levelOperation), sync);
  }

  barrier(): Promise<void> {
    return this.#level.database.flush();
  }

  compact({ gte, lt }: { gte: Uint8Array; lt: Uint8Array }): Promise<void> {
    return this.#level.database.compact(gte, lt);
  }

  reopen(): Promise<void> {
    return this.#level.reopen();
  }

  close(): Promise<void> {
    return this.#level.database.close();
  }
}

async function* rows(
  pages: AsyncIterable<readonly (readonly [Uint8Array, Uint8Array])[]>,
): AsyncGenerator<{ key: Uint8Array; value: Uint8Array }> {
  for await (const page of pages) for (const [key, value] of page) yield { key, value };
}

function levelOperation(operation: MetaOperation): LevelOperation {
  return operation.type === 'put' ? operation : { type: 'del', key: operation.key };
}
