/** A chunk store with as many tables as one of terabytes, each with one tiny value. */

import { cpSync, linkSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { concat, u64be } from '../../src/bytes.ts';
import { chunkSettings, LevelChunkStore } from '../../src/store/level-chunk-store.ts';
import { LevelDatabase } from '../../src/store/level-database.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';

/** As many as the store lets one of its databases grow to: 256 GiB in tables of 32 MiB. */
const TABLES_PER_DATABASE = 8192;

/** Databases and tables in each, for `tables` tables in all. */
export function databasesFor(tables: number): { databases: number; each: number } {
  const databases = Math.ceil(tables / TABLES_PER_DATABASE);
  return { databases, each: Math.ceil(tables / databases) };
}

/** Makes the store in the new directory `path`. How many tables it has, as counted on disk. */
export async function makeManyTables(
  path: string,
  tables: number,
  signal: AbortSignal,
): Promise<number> {
  const { databases, each } = databasesFor(tables);
  mkdirSync(path);
  const first = join(path, databaseName(0));
  await makeDatabase(first, each, signal);
  // LevelDB never changes a table: the other databases share those of the first.
  for (let at = 1; at < databases; at++) linkDatabase(first, join(path, databaseName(at)));
  const store = await LevelChunkStore.open(realFileSystem(), path);
  await store.close();
  return readdirSync(path).reduce((sum, name) => sum + tablesIn(join(path, name)).length, 0);
}

/** Every flush leaves a table behind, and rising keys keep LevelDB from merging them. */
async function makeDatabase(path: string, tables: number, signal: AbortSignal): Promise<void> {
  mkdirSync(path);
  let last = 0;
  const database = await LevelDatabase.open(path, {
    settings: chunkSettings,
    // Behind the last key, as the store has it: no table overlaps another.
    probe: () => concat(u64be(last), new Uint8Array(1)),
  });
  try {
    for (let seq = 0; seq < tables; seq++) {
      last = seq;
      signal.throwIfAborted();
      const put = { type: 'put', key: u64be(seq), value: Buffer.alloc(64) } as const;
      await database.write([put], false);
      await database.flush();
    }
  } finally {
    await database.close();
  }
}

function linkDatabase(from: string, to: string): void {
  mkdirSync(to);
  const tables = new Set(tablesIn(from));
  for (const name of readdirSync(from)) {
    if (tables.has(name)) linkSync(join(from, name), join(to, name));
    else cpSync(join(from, name), join(to, name));
  }
}

function tablesIn(path: string): string[] {
  return readdirSync(path).filter((name) => name.endsWith('.ldb'));
}

/** As the store names them: by their first sequence number, here far apart. */
function databaseName(at: number): string {
  return (at * 2 ** 24).toString(16).padStart(16, '0');
}
