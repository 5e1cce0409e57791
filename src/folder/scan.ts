/**
 * Working copy → what changed. Walks the folder against what was last seen there; the worker lanes
 * list, stat and compare, this thread only says where to go. Reads no file content.
 *
 * A directory comes after the one that holds it; beyond that the order is not promised, and nobody
 * needs it: what is recorded of a directory depends on no other that was there before.
 */

import { VaultError } from '../errors.ts';
import type { Clock } from '../clock.ts';
import { join } from '../folder-path.ts';
import type { FileSystem } from '../system/file-system.ts';
import type { WorkerPool } from '../system/worker-pool.ts';
import type { Excludes } from './excludes.ts';
import type { IgnoreRules } from './ignore-rules.ts';
import type { DirectoryIdentity, Kept, MountPlace, ScanProblem } from './look.ts';
import type {
  ChangedDirectory,
  DirectoryToLookAt,
  LookDirectoriesInput,
  LookDirectoriesOutput,
} from './look-directories.ts';
import { packRows, rowBytes, type RecordedRows } from './recorded-rows.ts';
import type { SeenEntry, SeenNames } from './working-copy-row.ts';

export interface ScanInput {
  readonly fileSystem: Pick<FileSystem, 'statIfPresent'>;
  readonly pool: WorkerPool;
  readonly clock: Pick<Clock, 'wallMs'>;
  /** Setting of the pool that holds the folder's secrets. */
  readonly secrets: string;
  /** Absolute path of the working copy. */
  readonly root: string;
  readonly recorded: RecordedDirectories;
  /** What is left out, beside what `.vaultignore` files say; what was seen of it stays as it is. */
  readonly excludes: Excludes;
  /** Directories that are never entered: the home, targets. */
  readonly neverEnter: readonly DirectoryIdentity[];
  readonly signal: AbortSignal;
  /** Default {@link wholeFolder}. */
  readonly scope?: ScanScope;
  /** Who watches the folder is told where this goes. */
  readonly watcher?: ScanWatcher;
}

export interface ScanWatcher {
  /** A directory is about to be looked at. */
  enter(directory: string): void;
  /** A recorded directory is there, and is not looked at. */
  pass(directory: string): void;
}

/** A directory to begin at. */
export interface ScanPlace {
  readonly path: string;
  /** Ignore rules of the directories above it. */
  readonly above: IgnoreRules;
}

/** Which directories are looked at, and how. */
export interface ScanScope {
  /** Where to begin; undefined for the root. */
  readonly places: readonly ScanPlace[] | undefined;
  /** Whether to go on into directories that were recorded, and into those that were not. */
  readonly entersRecorded: boolean;
  readonly entersNew: boolean;
  /** Whether files to read come with their stat. */
  readonly withStats: boolean;
  /** Whether to go in also where another file system is mounted than was, or none any more. */
  readonly acceptsMounts: boolean;
  /** Directories that lead neither to one of these paths nor lie below one are left out; undefined for none. */
  readonly within: readonly string[] | undefined;
}

/** Everything. */
export const wholeFolder: ScanScope = {
  places: undefined,
  entersRecorded: true,
  entersNew: true,
  withStats: false,
  acceptsMounts: false,
  within: undefined,
};

/** What was last seen in directories, as a scan needs it. */
export interface RecordedDirectories {
  /** Undefined where a directory was never seen. */
  rows(directory: string): Promise<RecordedRows | undefined>;
  /** The same where the rows do not authenticate: made from the log. */
  restoredRows(directory: string): Promise<RecordedRows | undefined>;
  /** Entries by name. `isRecorded`: as they are recorded, not made from the log. */
  decode(rows: Uint8Array, isRecorded: boolean): SeenNames;
}

/** Some directories of a scan. */
export interface Scanned {
  /** The wall clock before they were looked at. */
  readonly takenMs: number;
  /** What those without changes keep. */
  readonly kept: Kept;
  /** Files and symlinks recorded in them. */
  readonly known: number;
  /** Theirs. */
  readonly problems: readonly ScanProblem[];
  readonly changed: readonly ScannedDirectory[];
  /** Directories where a file system is mounted now and none was, or the reverse. */
  readonly mounts: readonly { readonly path: string; readonly isMount: boolean }[];
}

/** One directory in which something differs. `path` is relative to the root; `''` is the root itself. */
export interface ScannedDirectory extends Omit<ChangedDirectory, 'rows' | 'isRecorded'> {
  readonly path: string;
  /** Ignore rules of the directories above it. */
  readonly above: IgnoreRules;
  readonly problems: readonly ScanProblem[];
  /** What was recorded here. */
  readonly seen: SeenNames;
}

/** Directories that one task looks at, at most. */
const DIRECTORIES_PER_TASK = 48;
/** Bytes of rows in one task, beyond the first directory's. */
const ROW_BYTES_PER_TASK = 512 * 1024;

/** Throws `VAULT_REFUSED` where the root is not there. */
export async function* scan(input: ScanInput): AsyncGenerator<Scanned> {
  const root = input.fileSystem.statIfPresent(input.root);
  if (root?.kind !== 'directory') {
    throw new VaultError(
      'VAULT_REFUSED',
      `the working copy ${JSON.stringify(input.root)} is not there`,
      {
        hint: 'is its drive mounted? nothing was recorded as deleted',
      },
    );
  }
  const walk = new Walk(input, root.device);
  try {
    for (let next = await walk.next(); next !== undefined; next = await walk.next()) yield next;
  } finally {
    await walk.end();
  }
}

/** A directory still to be looked at. */
interface OpenDirectory {
  readonly path: string;
  /** It was not a directory before: nothing is recorded of it. */
  readonly isNew: boolean;
  readonly isDamaged: boolean;
  /** Ignore rules of the directories above. */
  readonly above: IgnoreRules;
  readonly place: MountPlace | undefined;
}

interface Task {
  readonly takenMs: number;
  readonly directories: readonly OpenDirectory[];
  readonly output: LookDirectoriesOutput;
}

class Walk {
  readonly #input: ScanInput;
  readonly #scope: ScanScope;
  readonly #device: bigint;
  readonly #open: OpenDirectory[];
  readonly #running = new Set<Promise<void>>();
  readonly #done: Task[] = [];
  #failure: { readonly error: unknown } | undefined;

  constructor(input: ScanInput, device: bigint) {
    this.#input = input;
    this.#device = device;
    this.#scope = input.scope ?? wholeFolder;
    const above = { given: input.excludes.patterns, files: [] };
    const places = this.#scope.places ?? [{ path: '', above }];
    const known = { isNew: false, isDamaged: false, place: undefined };
    this.#open = places
      .map(({ path, above: rules }) => ({ path, above: rules, ...known }))
      .reverse();
  }

  /** The next directories; undefined at the end. */
  async next(): Promise<Scanned | undefined> {
    for (;;) {
      await this.#start();
      while (this.#done.length === 0 && this.#running.size > 0) await Promise.race(this.#running);
      if (this.#failure !== undefined) throw this.#failure.error;
      const task = this.#done.shift();
      if (task === undefined) return undefined;
      const scanned = this.#take(task);
      // The lanes go on while the caller works.
      await this.#start();
      return scanned;
    }
  }

  /** Waits for tasks in progress, so that nothing runs on unowned. */
  async end(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #start(): Promise<void> {
    const { lanes } = this.#input.pool;
    while (this.#open.length > 0 && this.#running.size + this.#done.length < lanes * 2) {
      this.#input.signal.throwIfAborted();
      const count = Math.min(DIRECTORIES_PER_TASK, Math.ceil(this.#open.length / (lanes * 2)));
      const directories: OpenDirectory[] = [];
      const looks: DirectoryToLookAt[] = [];
      let bytes = 0;
      while (directories.length < count && bytes < ROW_BYTES_PER_TASK) {
        const directory = this.#open.pop();
        if (directory === undefined) break;
        this.#input.watcher?.enter(directory.path);
        const rows = await this.#rows(directory);
        bytes += rows === undefined ? 0 : rowBytes(rows);
        directories.push(directory);
        const { path, above, place } = directory;
        looks.push({ path, above, place, rows });
      }
      this.#run(directories, looks);
    }
  }

  #rows({ path, isNew, isDamaged }: OpenDirectory): Promise<RecordedRows | undefined> | undefined {
    if (isNew) return undefined;
    const { recorded } = this.#input;
    return isDamaged ? recorded.restoredRows(path) : recorded.rows(path);
  }

  #run(directories: readonly OpenDirectory[], looks: readonly DirectoryToLookAt[]): void {
    const { pool, secrets, root, excludes, neverEnter, signal } = this.#input;
    const { packed, buffer } = packRows(looks);
    const takenMs = this.#input.clock.wallMs();
    const device = this.#device;
    const { withStats, acceptsMounts } = this.#scope;
    const task = pool
      .run<LookDirectoriesInput, LookDirectoriesOutput>(
        'lookDirectories',
        {
          secrets,
          root,
          excludes,
          device,
          neverEnter,
          withStats,
          acceptsMounts,
          directories: packed,
        },
        { signal, transfer: [buffer] },
      )
      .then(
        (output) => {
          this.#done.push({ takenMs, directories, output });
        },
        (error: unknown) => {
          this.#failure ??= { error };
        },
      )
      .finally(() => this.#running.delete(task));
    this.#running.add(task);
  }

  #take({ takenMs, directories, output }: Task): Scanned {
    const problems: ScanProblem[] = [];
    const mounts: { path: string; isMount: boolean }[] = [];
    const changed: ScannedDirectory[] = [];
    const below: OpenDirectory[] = [];
    for (const { index, damaged, rules, ...found } of output.found) {
      const directory = directories[index];
      if (directory === undefined) continue;
      const { path } = directory;
      if (damaged) {
        below.push({ ...directory, isDamaged: true });
        continue;
      }
      const above = rules ?? directory.above;
      const { device, isMountNow } = found;
      if (isMountNow !== undefined) mounts.push({ path, isMount: isMountNow });
      const open = (name: string, isNew: boolean, wasMount: boolean | undefined): OpenDirectory => {
        const place = device === undefined ? undefined : { device, wasMount };
        return { path: join(path, name), isNew, isDamaged: false, above, place };
      };
      const { entersRecorded, entersNew, within } = this.#scope;
      const { watcher } = this.#input;
      if (!entersRecorded && watcher !== undefined) {
        for (const { name } of found.below) watcher.pass(join(path, name));
      }
      const inside = entersRecorded
        ? found.below.map(({ name, wasMount }) => open(name, false, wasMount))
        : [];
      if (found.changed !== undefined) {
        const place = { path, above: directory.above, problems: found.problems };
        changed.push(scannedDirectory(place, found.changed, this.#input.recorded));
        const newDirectories = entersNew ? found.changed.newDirectories : [];
        for (const { name } of newDirectories) inside.push(open(name, true, undefined));
        if (newDirectories.length > 0) inside.sort((a, b) => (a.path < b.path ? -1 : 1));
      } else problems.push(...found.problems);
      below.push(...inside.filter((one) => within === undefined || isWithin(one.path, within)));
    }
    this.#open.push(...below.reverse());
    return { takenMs, kept: output.kept, known: output.known, problems, changed, mounts };
  }
}

/** Whether a directory leads to one of the paths, or lies at or below one. */
function isWithin(directory: string, paths: readonly string[]): boolean {
  return paths.some(
    (path) => `${path}/`.startsWith(`${directory}/`) || `${directory}/`.startsWith(`${path}/`),
  );
}

/** Decodes what was recorded only where somebody asks. */
function scannedDirectory(
  place: Pick<ScannedDirectory, 'path' | 'above' | 'problems'>,
  { rows, isRecorded, ...change }: ChangedDirectory,
  recorded: RecordedDirectories,
): ScannedDirectory {
  let seen: SeenNames | undefined;
  return {
    ...change,
    ...place,
    get seen() {
      seen ??= recorded.decode(rows, isRecorded);
      return seen;
    },
  };
}

/** Paths below a directory that was seen and is gone: everything recorded there, deepest last. */
export async function* seenBelow(
  seen: (directory: string) => Promise<SeenNames | undefined>,
  directory: string,
): AsyncGenerator<{ path: string; rows: SeenNames }> {
  const open = [directory];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const rows = (await seen(path)) ?? new Map<string, SeenEntry>();
    yield { path, rows };
    for (const [name, entry] of rows) if (entry.kind === 'directory') open.push(join(path, name));
  }
}
