/**
 * A chunk store with as many tables as one of terabytes, each with one tiny row.
 *
 * Only the last table of each database is ever read. So all tables of a database are links to one
 * file, and its manifest says that they follow one another on the lowest level, where nearly all
 * tables of a large database are. On a higher one LevelDB would move every one of them down.
 */

import {
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { u64be } from '../../src/bytes.ts';
import { chunkSettings, LevelChunkStore } from '../../src/store/level-chunk-store.ts';
import { LevelDatabase } from '../../src/store/level-database.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { manifestOf } from './level-manifest-writer.ts';

/** As many as the store lets one of its databases grow to: 256 GiB in tables of 32 MiB. */
const TABLES_PER_DATABASE = 8192;
const LOWEST_LEVEL = 6;
/** Numbers of the files that are no tables, and of the first table. */
const MANIFEST = 2;
const LOG = 3;
const FIRST_TABLE = 4;

/** Databases and tables in each, for `tables` tables in all. */
export function databasesFor(
  tables: number,
  perDatabase: number = TABLES_PER_DATABASE,
): { databases: number; each: number } {
  const databases = Math.ceil(tables / perDatabase);
  return { databases, each: Math.ceil(tables / databases) };
}

/**
 * Makes the store in the new directory `path`; the greatest sequence number in it is one less than
 * that of its tables. It has been opened once, as every store that is not new.
 */
export async function makeManyTables(
  path: string,
  tables: number,
  signal: AbortSignal,
  perDatabase?: number,
): Promise<void> {
  const { databases, each } = databasesFor(tables, perDatabase);
  mkdirSync(path);
  for (let at = 0; at < databases; at++) {
    signal.throwIfAborted();
    const first = at * each;
    await makeDatabase(join(path, first.toString(16).padStart(16, '0')), first, each);
  }
  const store = await LevelChunkStore.open(realFileSystem(), path);
  await store.close();
}

/** Tables below `path`, as they lie on disk. */
export function countTables(path: string): number {
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).filter(isTable).length;
}

async function makeDatabase(path: string, first: number, tables: number): Promise<void> {
  mkdirSync(path);
  const table = join(path, 'table');
  await makeTable(table, `${path}/made`, first + tables - 1);
  const bytes = statSync(table).size;
  const rows = Array.from({ length: tables }, (_, at) => {
    return { number: FIRST_TABLE + at, bytes, key: u64be(first + at) };
  });
  for (const { number } of rows) linkSync(table, join(path, `${padded(number)}.ldb`));
  rmSync(table);
  const facts = { log: LOG, nextFile: FIRST_TABLE + tables, level: LOWEST_LEVEL, tables: rows };
  writeFileSync(join(path, `MANIFEST-${padded(MANIFEST)}`), manifestOf(facts));
  writeFileSync(join(path, `${padded(LOG)}.log`), '');
  writeFileSync(join(path, 'CURRENT'), `MANIFEST-${padded(MANIFEST)}\n`);
}

/** A table with a single row under `seq`, as LevelDB writes it. */
async function makeTable(path: string, scratch: string, seq: number): Promise<void> {
  const database = await LevelDatabase.open(scratch, { settings: chunkSettings });
  try {
    await database.write([{ type: 'put', key: u64be(seq), value: new Uint8Array(64) }], false);
    await database.flush();
  } finally {
    await database.close();
  }
  const [table] = readdirSync(scratch).filter(isTable);
  if (table === undefined) throw new Error(`expected a table in ${scratch}`);
  renameSync(join(scratch, table), path);
  rmSync(scratch, { recursive: true });
}

function isTable(name: string): boolean {
  return name.endsWith('.ldb');
}

function padded(number: number): string {
  return String(number).padStart(6, '0');
}
