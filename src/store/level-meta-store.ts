/** Derived rows in one LevelDB. */

import type { FileSystem } from '../system/file-system.ts';
import type { LevelDatabase, LevelOperation, LevelSettings } from './level-database.ts';
import { openOrRepair, reopenOrRepair } from './level-repair.ts';
import type { MetaOperation, MetaRange, MetaStore } from './meta-store.ts';

const MIB = 1024 * 1024;

export const metaSettings: LevelSettings = {
  compression: true,
  writeBufferSize: 8 * MIB,
  maxFileSize: 8 * MIB,
  cacheSize: 8 * MIB,
  maxOpenFiles: 128,
};

export class LevelMetaStore implements MetaStore {
  readonly #fs: FileSystem;
  readonly #database: LevelDatabase;
  #repaired: boolean;

  private constructor(fs: FileSystem, database: LevelDatabase, repaired: boolean) {
    this.#fs = fs;
    this.#database = database;
    this.#repaired = repaired;
  }

  /**
   * Opens the store in the directory `path` of the real disk, creating it if missing. A damaged
   * database is kept aside and repaired: see {@link repaired}.
   * Throws `VAULT_LOCKED`, `VAULT_NO_SPACE`, `VAULT_IO`.
   */
  static async open(
    fs: FileSystem,
    path: string,
    settings: LevelSettings = metaSettings,
  ): Promise<LevelMetaStore> {
    const { database, repaired } = await openOrRepair(fs, path, { settings });
    return new LevelMetaStore(fs, database, repaired);
  }

  /** Whether damage was repaired since the store was opened: rows may be lost or wrong. */
  get repaired(): boolean {
    return this.#repaired;
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#database.get(key);
  }

  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#database.getMany(keys);
  }

  scan(range: MetaRange): AsyncGenerator<{ key: Uint8Array; value: Uint8Array }> {
    return rows(this.#database.pages(range));
  }

  async write(operations: readonly MetaOperation[], { sync }: { sync: boolean }): Promise<void> {
    if (operations.length === 0) return;
    await this.#database.write(operations.map(levelOperation), sync);
  }

  barrier(): Promise<void> {
    return this.#database.flush();
  }

  compact({ gte, lt }: { gte: Uint8Array; lt: Uint8Array }): Promise<void> {
    return this.#database.compact(gte, lt);
  }

  async reopen(): Promise<void> {
    if (await reopenOrRepair(this.#fs, this.#database)) this.#repaired = true;
  }

  close(): Promise<void> {
    return this.#database.close();
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
