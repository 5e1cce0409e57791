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
import type { LevelDatabase } from './level-database.ts';
import type { LevelOperation, LevelSettings } from './level-handle.ts';
import { levelState } from './level-manifest.ts';
import { RepairableLevel } from './level-repair.ts';
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

/** One database, from its first sequence number to before the next one's. */
interface Stretch {
  readonly first: number;
  readonly level: RepairableLevel;
  readonly database: LevelDatabase;
  /** The greatest sequence number ever written here, as far as known. */
  last: number;
  bytes: number;
  /** Whether a write without sync ended since the last barrier began. */
  unsynced: boolean;
}

const END = Number.MAX_SAFE_INTEGER;
const DATABASE_NAME = /^00[01][0-9a-f]{13}$/;

export class LevelChunkStore implements ChunkStore {
  readonly #fs: FileSystem;
  readonly #path: string;
  readonly #limit: number;
  readonly #settings: LevelSettings;
  readonly #checkAll: boolean;
  /** In order; never empty, and the first begins at 0. */
  readonly #stretches: Stretch[] = [];
  readonly #writing = new Mutex();
  readonly #flushing = new Mutex();
  #lostSpanning = false;

  private constructor(fs: FileSystem, path: string, options: LevelChunkStoreOptions) {
    this.#fs = fs;
    this.#path = path;
    this.#limit = options.databaseBytes ?? 256 * 1024 * MIB;
    this.#settings = options.settings ?? chunkSettings;
    this.#checkAll = options.checkAll ?? false;
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
      const firsts = new Set([0]);
      fs.makeDirectories(path, 0o700);
      fs.syncDirectory(dirname(path));
      for (const { name, kind } of fs.list(path)) {
        if (kind === 'directory' && DATABASE_NAME.test(name)) firsts.add(Number.parseInt(name, 16));
      }
      for (const first of [...firsts].sort((a, b) => a - b)) await store.#begin(first);
      await store.#finishSpanning();
    } catch (error) {
      await store.close();
      throw storeFailure(error, path, 'open');
    }
    return store;
  }

  /** Whether damage was repaired since the store was opened: values may be lost or wrong. */
  get repaired(): boolean {
    return this.#lostSpanning || this.#stretches.some(({ level }) => level.repaired);
  }

  /** How many LevelDB handles the store has had so far: they are renewed to bound memory. */
  get handlesOpened(): number {
    return this.#stretches.reduce((sum, { database }) => sum + database.handlesOpened, 0);
  }

  get(seq: number): Promise<Uint8Array | undefined> {
    return this.#stretchOf(seq).database.get(u64be(seq));
  }

  async getMany(seqs: readonly number[]): Promise<(Uint8Array | undefined)[]> {
    const groups = new Map<Stretch, number[]>();
    seqs.forEach((seq, index) => {
      const stretch = this.#stretchOf(seq);
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
    for (const [index, { first, database }] of [...this.#stretches].entries()) {
      const end = Math.min(to, this.#stretches[index + 1]?.first ?? END);
      const begin = Math.max(from, first);
      if (begin < end) yield* scanValues(database, begin, end, onDamage);
    }
  }

  async lastSeq(): Promise<number> {
    for (const { first, database } of this.#stretches.toReversed()) {
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
      for (const stretch of this.#stretches) {
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
    for (const [index, stretch] of [...this.#stretches].entries()) {
      const end = Math.min(to, this.#stretches[index + 1]?.first ?? END);
      const begin = Math.max(from, stretch.first);
      if (begin >= end) continue;
      await stretch.database.compact(u64be(begin), u64be(end));
    }
  }

  async tables(which: 'all' | 'some'): Promise<readonly TableFile[]> {
    const files: TableFile[] = [];
    for (const { database } of this.#stretches) {
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
    for (const { database } of this.#stretches) {
      bytes += await database.approximateBytes(u64be(from), u64be(Math.min(to, END)));
    }
    return bytes;
  }

  reopen(): Promise<void> {
    return this.#writing.run(async () => {
      for (const { level } of this.#stretches) await level.reopen();
      await this.#finishSpanning();
    });
  }

  async close(): Promise<void> {
    await this.#writing.run(async () => {
      for (const { database } of this.#stretches) await database.close();
    });
  }

  async #begin(first: number): Promise<void> {
    const path = `${this.#path}/${first.toString(16).padStart(16, '0')}`;
    const begun: { stretch?: Stretch } = {};
    const level = await RepairableLevel.open(
      this.#fs,
      path,
      { settings: this.#settings, probe: () => probeKey(begun.stretch?.last ?? first) },
      { derived: false, checkAll: this.#checkAll },
    );
    const { database } = level;
    const last = await edge(database, first, END, true);
    const bytes = await database.approximateBytes(u64be(0), u64be(END));
    begun.stretch = { first, level, database, last: last?.seq ?? first, bytes, unsynced: true };
    this.#stretches.push(begun.stretch);
  }

  /** The stretch `seq` belongs to. Throws `RangeError` if it is no sequence number. */
  #stretchOf(seq: number): Stretch {
    if (!Number.isSafeInteger(seq) || seq < 0 || seq === END) {
      throw new RangeError(`expected a sequence number, got ${seq}`);
    }
    for (let at = this.#stretches.length - 1; at >= 0; at--) {
      const stretch = this.#stretches[at];
      if (stretch !== undefined && stretch.first <= seq) return stretch;
    }
    throw new RangeError('expected an open store');
  }

  /** Begins a new database if the newest is full and all values to put lie behind it. */
  async #makeRoom({ puts = [] }: ChunkWrite): Promise<void> {
    if (puts.length === 0) return;
    let first = END;
    for (const { seq } of puts) first = Math.min(first, seq);
    const newest = this.#stretches.at(-1);
    if (newest && newest.bytes >= this.#limit && first > newest.last) await this.#begin(first);
  }

  #split({ puts = [], deletes = [] }: ChunkWrite): Map<Stretch, LevelOperation[]> {
    const parts = new Map<Stretch, LevelOperation[]>();
    for (const seq of deletes) {
      partOf(parts, this.#stretchOf(seq)).push({ type: 'del', key: u64be(seq) });
    }
    for (const { seq, value } of puts) {
      const stretch = this.#stretchOf(seq);
      partOf(parts, stretch).push({ type: 'put', key: u64be(seq), value });
      stretch.last = Math.max(stretch.last, seq);
      stretch.bytes += value.length;
    }
    return parts;
  }

  async #write(batch: ChunkWrite, sync: boolean): Promise<void> {
    await this.#makeRoom(batch);
    const parts = this.#split(batch);
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
    for (const { database } of this.#stretches) {
      const value = await readable(database.get(SPANNING_KEY));
      if (value === undefined) continue;
      for (const [stretch, part] of this.#split(this.#spanningOf(value))) {
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

function partOf(parts: Map<Stretch, LevelOperation[]>, stretch: Stretch): LevelOperation[] {
  let part = parts.get(stretch);
  if (part === undefined) {
    part = [];
    parts.set(stretch, part);
  }
  return part;
}

/** Just behind the last value: deleting it makes no table overlap another, and no value has it. */
function probeKey(last: number): Uint8Array {
  const key = new Uint8Array(9);
  key.set(u64be(last));
  return key;
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
