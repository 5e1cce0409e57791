/**
 * Looks at a closed LevelDB for damage that LevelDB 1.20 answers by deleting what is left: opened
 * without its CURRENT, or with a manifest that lost its end, it takes the tables it no longer knows
 * for leftovers and removes them.
 *
 * Format: LevelDB's `db/version_edit.cc`.
 */

import type { FileSystem } from '../system/file-system.ts';
import { varint } from './level-block.ts';
import { logRecords } from './level-log.ts';

const TABLE = /^\d+\.(ldb|sst)$/;
const LOG = /^\d+\.log$/;
const MAX_MANIFEST = 256 * 1024 * 1024;

/** The user keys of a table: none is smaller or greater. */
export interface KeySpan {
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

/** What a look at a closed database tells. */
export interface LevelState {
  /** Why LevelDB must not open it as it is; undefined where LevelDB may try. */
  readonly damage?: string;
  /** Names of the tables and logs it would read; all there are where that cannot be told. */
  readonly tables: readonly string[];
  readonly logs: readonly string[];
  /** Number of the oldest log it needs, where the manifest tells. */
  readonly oldestLog?: number;
  /** Of each table by its number, where the manifest tells. */
  readonly spans?: ReadonlyMap<number, KeySpan>;
}

/** Looks at the closed database in the directory `path`. An absent or empty directory is fine. */
export function levelState(fs: FileSystem, path: string): LevelState {
  if (fs.statIfPresent(path) === undefined) return { tables: [], logs: [] };
  const names = new Set(fs.list(path).map((entry) => entry.name));
  const tables = tablesIn(fs, path);
  const logs = [...names].filter((name) => LOG.test(name));
  const all = { tables, logs };
  if (!names.has('CURRENT')) {
    return mayHoldRows(fs, path) ? { damage: 'CURRENT is missing', ...all } : all;
  }
  const current = Buffer.from(fs.readFile(`${path}/CURRENT`, 4096)).toString('latin1');
  const manifest = /^(MANIFEST-\d+)\n$/.exec(current)?.[1];
  if (manifest === undefined) return { damage: 'CURRENT names no manifest', ...all };
  if (!names.has(manifest)) return { damage: `${manifest} is missing`, ...all };
  const version = readManifest(fs.readFile(`${path}/${manifest}`, MAX_MANIFEST));
  if (version === undefined) return { damage: `${manifest} is cut`, ...all };
  // LevelDB removes a log only after a manifest record that names a later one is durable.
  if (version.log > 0 && !names.has(`${String(version.log).padStart(6, '0')}.log`)) {
    return { damage: `${manifest} names a log that is missing`, ...all };
  }
  return {
    tables: tables.filter((name) => version.tables.has(Number.parseInt(name, 10))),
    logs: logs.filter((name) => Number.parseInt(name, 10) >= version.log),
    oldestLog: version.log,
    spans: version.tables,
  };
}

/** Names of all tables in the directory `path`. */
export function tablesIn(fs: FileSystem, path: string): string[] {
  return fs.list(path).flatMap(({ name }) => (TABLE.test(name) ? [name] : []));
}

/** Whether the closed database in the directory `path` may hold any row, in whatever state it is. */
export function mayHoldRows(fs: FileSystem, path: string): boolean {
  return fs.list(path).some(({ name, kind }) => kind === 'directory' || holdsRows(fs, path, name));
}

function holdsRows(fs: FileSystem, path: string, name: string): boolean {
  if (TABLE.test(name)) return true;
  return LOG.test(name) && fs.stat(`${path}/${name}`).size > 0;
}

interface Version {
  log: number;
  readonly tables: Map<number, KeySpan>;
}

/** What the whole records of a manifest add up to; undefined where they name no log. */
function readManifest(manifest: Uint8Array): Version | undefined {
  const version: Version = { log: -1, tables: new Map() };
  for (const record of logRecords(manifest)) applyEdit(record, version);
  return version.log < 0 ? undefined : version;
}

/** Applies one version edit, as far as it can be read. */
function applyEdit(record: Uint8Array, version: Version): void {
  let at = 0;
  const number = (): number => {
    const read = varint(record, at, record.length);
    at = read?.next ?? Infinity;
    return read?.value ?? 0;
  };
  const text = (): Uint8Array => {
    const length = number();
    at += length;
    return record.subarray(at - length, at);
  };
  const userKey = (): Uint8Array => text().slice(0, -8);
  const addTable = (): void => {
    const table = number();
    number();
    version.tables.set(table, { first: userKey(), last: userKey() });
  };
  while (at < record.length) {
    switch (number()) {
      case 1: // comparator
        text();
        break;
      case 2: // log number
        version.log = number();
        break;
      case 3: // next file number
      case 4: // last sequence number
      case 9: // previous log number
        number();
        break;
      case 5: // compaction pointer: level, key
        number();
        text();
        break;
      case 6: // deleted file: level, number
        number();
        version.tables.delete(number());
        break;
      case 7: // new file: level, number, size, smallest key, largest key
        number();
        addTable();
        break;
      default:
        return;
    }
  }
}
