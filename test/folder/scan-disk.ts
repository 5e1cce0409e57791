/** A disk in memory with rows of what was seen on it, and scans of one against the other. */

import assert from 'node:assert/strict';
import { utf8 } from '../../src/bytes.ts';
import type { Kept, ScanProblem } from '../../src/folder/look.ts';
import { DirectoryRows } from '../../src/folder/directory-rows.ts';
import { noExcludes } from '../../src/folder/excludes.ts';
import { plainRows } from '../../src/folder/recorded-rows.ts';
import {
  scan,
  type RecordedDirectories,
  type ScanInput,
  type ScannedDirectory,
} from '../../src/folder/scan.ts';
import { seenStat } from '../../src/folder/seen-stat.ts';
import { tasks } from '../../src/folder/tasks.ts';
import type { SeenEntry } from '../../src/folder/working-copy-row.ts';
import { FileError, type FileStat, type FileSystem } from '../../src/system/file-system.ts';
import { inlinePool } from '../../src/system/inline-pool.ts';
import { MemoryFileSystem } from '../../src/system/memory-file-system.ts';
import type { MemoryCall } from '../../src/system/memory-volume.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import type { WorkerPool } from '../../src/system/worker-pool.ts';
import { writeFile } from '../helpers/files.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { fullLog, logs } from './seen-entries.ts';
import { sampleSecrets } from './task-world.ts';

export interface Disk {
  readonly fs: MemoryFileSystem;
  readonly clock: VirtualClock;
  /** What the next calls fail with, by path. */
  readonly broken: Map<string, string>;
  /** Runs once before a call with this path. */
  readonly meanwhile: Map<string, () => void>;
  /** Paths of directories in the order in which they were listed. */
  readonly listed: string[];
}

/** A disk on which `/disk` holds these files; a name that ends in `/` is a directory. */
export function disk(...names: string[]): Disk {
  const clock = new VirtualClock();
  const broken = new Map<string, string>();
  const meanwhile = new Map<string, () => void>();
  const listed: string[] = [];
  const beforeCall = (call: MemoryCall, path: string): void => {
    const run = meanwhile.get(`${call} ${path}`);
    meanwhile.delete(`${call} ${path}`);
    run?.();
    if (call === 'list') listed.push(path);
    const code = broken.get(path);
    if (code !== undefined && (call === 'list' || call === 'stat'))
      throw new FileError(code, call, path);
  };
  const fs = new MemoryFileSystem({ clock, beforeCall });
  fs.makeDirectories('/disk');
  for (const name of names) {
    if (name.endsWith('/')) fs.makeDirectories(`/disk/${name.slice(0, -1)}`);
    else {
      fs.makeDirectories(`/disk/${name}`.replace(/\/[^/]*$/, ''));
      writeFile(fs, `/disk/${name}`, utf8(name));
    }
  }
  return { fs, clock, broken, meanwhile, listed };
}

export type Rows = Map<string, Map<string, SeenEntry>>;

/** Rows in memory as a scan reads them. */
export function recordedIn(rows: Rows): RecordedDirectories {
  const read = (path: string): ReturnType<RecordedDirectories['rows']> => {
    const entries = rows.get(path);
    return Promise.resolve(entries && plainRows(entries));
  };
  return {
    rows: read,
    restoredRows: read,
    decode: (bytes, isRecorded) => DirectoryRows.of(bytes, fullLog, isRecorded),
  };
}

/** A pool in this thread that crosses values as threads do. */
export function scanPool(fileSystem: FileSystem): WorkerPool {
  const random = seededRandom('scan');
  const pool = inlinePool({ tasks, fileSystem, random, isolate: true, lanes: 2 });
  pool.configure('folder', sampleSecrets('scan'));
  return pool;
}

/** A whole scan. */
export interface Found {
  readonly changed: ScannedDirectory[];
  readonly problems: ScanProblem[];
  readonly kept: Kept;
  known: number;
}

export async function scanned(
  there: Disk,
  rows: Rows = new Map(),
  input: Partial<ScanInput> = {},
): Promise<Found> {
  const found: Found = {
    changed: [],
    problems: [],
    kept: { files: 0, dirs: 0, bytes: 0 },
    known: 0,
  };
  const keep = ({ files, dirs, bytes }: Kept): void => {
    found.kept.files += files;
    found.kept.dirs += dirs;
    found.kept.bytes += bytes;
  };
  for await (const { kept, known, problems, changed } of scan({
    fileSystem: there.fs,
    pool: scanPool(there.fs),
    secrets: 'folder',
    clock: there.clock,
    root: '/disk',
    recorded: recordedIn(rows),
    excludes: noExcludes,
    neverEnter: [],
    signal: new AbortController().signal,
    ...input,
  })) {
    keep(kept);
    found.known += known;
    found.problems.push(...problems);
    for (const directory of changed) {
      keep(directory.kept);
      found.problems.push(...directory.problems);
      found.known += directory.known;
      found.changed.push(directory);
    }
  }
  return found;
}

/** What differs in one directory. */
export function at({ changed }: Found, path: string): ScannedDirectory {
  const directory = changed.find((one) => one.path === path);
  assert.ok(directory, `nothing changed in ${path}`);
  return directory;
}

function entry(stat: FileStat, racy = false): SeenEntry {
  return {
    ...seenStat(stat, racy),
    kind: stat.kind as SeenEntry['kind'],
    digest: new Uint8Array(stat.kind === 'directory' ? 0 : 16),
    version: { log: logs[0] ?? '', seq: 0, index: 0, hash8: new Uint8Array(8) },
  };
}

/** Rows that say all of `/disk` was seen as it is. */
export function rowsOf({ fs }: Disk, racy = false): Rows {
  const rows: Rows = new Map();
  const walk = (path: string): void => {
    const names = new Map<string, SeenEntry>();
    const absolute = path === '' ? '/disk' : `/disk/${path}`;
    for (const { name, kind } of fs.list(absolute)) {
      names.set(name, entry(fs.stat(`${absolute}/${name}`), racy));
      if (kind === 'directory') walk(path === '' ? name : `${path}/${name}`);
    }
    rows.set(path, names);
  };
  walk('');
  return rows;
}
