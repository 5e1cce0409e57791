/**
 * Sealed values in LevelDB under 8-byte big-endian sequence numbers. Rising keys go from memory
 * straight to their final table: written unsynced and closed by {@link LevelChunkStore.barrier},
 * the device sees each byte about once.
 *
 * The store's directory holds one database per stretch of sequence numbers, named by its first one
 * in 16 hex digits; a new one is begun when the newest has grown beyond a limit, because flushing
 * slows down with the number of tables.
 */

import { dirname } from 'node:path';
import { Mutex } from '../async.ts';
import { u64be } from '../bytes.ts';
import { isVaultError } from '../errors.ts';
import type { FileSystem } from '../system/file-system.ts';
import type { ChunkStore, ChunkWrite } from './chunk-store.ts';
import type { LevelOperation, LevelSettings } from './level-handle.ts';
import { levelState } from './level-manifest.ts';
import { END, LevelStretches, type Stretch } from './level-stretches.ts';
import { edge, scanValues, type SeqValue } from './level-scan.ts';
import { decodeSpanning, encodeSpanning, SPANNING_KEY } from './spanning-batch.ts';
import { storeFailure } from './store-failure.ts';
import { tableFile, type TableFile } from './table-file.ts';

const MIB = 1024 * 1024;

export const chunkSettings: LevelSettings = {
  compression: false,
  writeBufferSize: 16 * MIB,
  maxFileSize: 64 * MIB,
  cacheSize: MIB,
  maxOpenFiles: 128,
};

export interface LevelChunkStoreOptions {
  /** Bytes after which a new database is begun. Default 256 GiB. */
  readonly databaseBytes?: number;
  readonly settings?: LevelSettings;
  /** Looks at every table before it is used, also those known to be sound. */
  readonly checkAll?: boolean;
}

export class LevelChunkStore implements ChunkStore {
  readonly #fs: FileSystem;
  readonly #stretches: LevelStretches;
  readonly #writing = new Mutex();
  readonly #flushing = new Mutex();
  #lostSpanning = false;

  private constructor(fs: FileSystem, path: string, options: LevelChunkStoreOptions) {
    this.#fs = fs;
    this.#stretches = new LevelStretches(fs, path, {
      databaseBytes: options.databaseBytes ?? 256 * 1024 * MIB,
      settings: options.settings ?? chunkSettings,
      checkAll: options.checkAll ?? false,
    });
  }

  /**
   * Opens the store in the directory `path` of the real disk, creating it if missing. Damaged
   * databases are kept aside and repaired: see {@link repaired}.
   * Throws `VAULT_LOCKED`, `VAULT_NO_SPACE`, `VAULT_IO`.
   */
  static async open(
    fs: FileSystem,
    path: string,
    options: LevelChunkStoreOptions = {},
  ): Promise<LevelChunkStore> {
    const store = new LevelChunkStore(fs, path, options);
    try {
      fs.makeDirectories(path, 0o700);
      fs.syncDirectory(dirname(path));
      await store.#stretches.open();
      await store.#finishSpanning();
    } catch (error) {
      await store.close();
      throw storeFailure(error, path, 'open');
    }
    return store;
  }

  /** Whether damage was repaired since the store was opened: values may be lost or wrong. */
  get repaired(): boolean {
    return this.#lostSpanning || this.#stretches.all.some(({ level }) => level.repaired);
  }

  /** How many LevelDB handles the store has had so far: they are renewed to bound memory. */
  get handlesOpened(): number {
    return this.#stretches.all.reduce((sum, { database }) => sum + database.handlesOpened, 0);
  }

  get(seq: number): Promise<Uint8Array | undefined> {
    return this.#stretches.of(seq).database.get(u64be(seq));
  }

  async getMany(seqs: readonly number[]): Promise<(Uint8Array | undefined)[]> {
    const groups = new Map<Stretch, number[]>();
    seqs.forEach((seq, index) => {
      const stretch = this.#stretches.of(seq);
      const group = groups.get(stretch);
      if (group) group.push(index);
      else groups.set(stretch, [index]);
    });
    const values = new Array<Uint8Array | undefined>(seqs.length);
    for (const [{ database }, indexes] of groups) {
      const found = await database.getMany(indexes.map((index) => u64be(seqs[index] as number)));
      indexes.forEach((index, at) => (values[index] = found[at]));
    }
    return values;
  }

  async *scan(
    from: number,
    to: number = END,
    onDamage: (after: number) => void = () => undefined,
  ): AsyncGenerator<SeqValue> {
    for (const { database, begin, end } of this.#stretches.within(from, to)) {
      yield* scanValues(database, begin, end, onDamage);
    }
  }

  async lastSeq(): Promise<number> {
    for (const { first, database } of this.#stretches.all.toReversed()) {
      const last = await edge(database, first, END, true);
      if (last) return last.seq;
    }
    return -1;
  }

  write(batch: ChunkWrite, { sync }: { sync: boolean }): Promise<void> {
    return this.#writing.run(() => this.#write(batch, sync));
  }

  barrier(): Promise<void> {
    const written = this.#writing.run(async () => undefined);
    return this.#flushing.run(async () => {
      await written;
      for (const stretch of this.#stretches.all) {
        if (!stretch.unsynced) continue;
        stretch.unsynced = false;
        try {
          await stretch.database.flush();
        } catch (error) {
          stretch.unsynced = true;
          throw error;
        }
      }
    });
  }

  async compact(from: number, to: number): Promise<void> {
    for (const { database, begin, end } of this.#stretches.within(from, to)) {
      await database.compact(u64be(begin), u64be(end));
    }
  }

  async tables(which: 'all' | 'some'): Promise<readonly TableFile[]> {
    const files: TableFile[] = [];
    for (const { database } of this.#stretches.all) {
      if (which === 'all') await database.flush();
      const { tables, spans } = levelState(this.#fs, database.path);
      for (const name of tables) {
        const span = spans?.get(Number.parseInt(name, 10));
        files.push(tableFile(`${database.path}/${name}`, span));
      }
    }
    return files;
  }

  async approximateBytes(from: number, to: number): Promise<number> {
    let bytes = 0;
    for (const { database } of this.#stretches.all) {
      bytes += await database.approximateBytes(u64be(from), u64be(Math.min(to, END)));
    }
    return bytes;
  }

  reopen(): Promise<void> {
    return this.#writing.run(async () => {
      for (const { level } of this.#stretches.all) await level.reopen();
      await this.#finishSpanning();
    });
  }

  async close(): Promise<void> {
    await this.#writing.run(async () => {
      for (const { database } of this.#stretches.all) await database.close();
    });
  }

  async #write(batch: ChunkWrite, sync: boolean): Promise<void> {
    await this.#stretches.makeRoom(batch);
    const parts = this.#stretches.split(batch);
    const [only] = parts;
    if (only === undefined) return;
    if (parts.size === 1) await this.#apply(...only, sync);
    else await this.#applySpanning(parts);
  }

  async #apply(stretch: Stretch, operations: LevelOperation[], sync: boolean): Promise<void> {
    try {
      await stretch.database.write(operations, sync);
    } finally {
      // Set when the write ends: only then is it sure to be part of the next barrier.
      if (!sync) stretch.unsynced = true;
    }
  }

  /**
   * A batch for several databases: all of it is first written to the newest of them as one row.
   * From then on it will be applied, by the next opening if not here.
   */
  async #applySpanning(parts: ReadonlyMap<Stretch, LevelOperation[]>): Promise<void> {
    const newest = [...parts.keys()].reduce((a, b) => (a.first > b.first ? a : b));
    const value = encodeSpanning([...parts.values()].flat());
    await newest.database.write([{ type: 'put', key: SPANNING_KEY, value }], true);
    for (const [{ database }, operations] of parts) await database.write(operations, true);
    // Synced: applied once more after its keys were used again, it would destroy values.
    await newest.database.write([{ type: 'del', key: SPANNING_KEY }], true);
  }

  async #finishSpanning(): Promise<void> {
    for (const { database } of this.#stretches.all) {
      const value = await readable(database.get(SPANNING_KEY));
      if (value === undefined) continue;
      for (const [stretch, part] of this.#stretches.split(this.#spanningOf(value))) {
        await stretch.database.write(part, true);
      }
      await database.write([{ type: 'del', key: SPANNING_KEY }], true);
    }
  }

  /** A row that cannot be read any more is given up like any other damaged value. */
  #spanningOf(row: Uint8Array): ChunkWrite {
    try {
      return decodeSpanning(row);
    } catch (error) {
      if (!isVaultError(error, 'VAULT_ENTRY_INVALID')) throw error;
      this.#lostSpanning = true;
      return {};
    }
  }
}

/** What damage hides counts as absent here: it was repaired or will be reported by a scan. */
async function readable(reading: Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (!isVaultError(error, 'VAULT_DAMAGED')) throw error;
    return undefined;
  }
}
