/**
 * One directory of the working copy against its rows: what is as it was, and what is not. Reads no
 * file content; symlinks are never followed. Runs in the worker lanes.
 *
 * A directory or name that cannot be read is unknown: nothing below it counts as gone.
 */

import { systemCode, VaultError } from '../errors.ts';
import { join } from '../folder-path.ts';
import { MAX_NAME_BYTES, MAX_PATH_BYTES, MAX_SYMLINK_BYTES } from '../limits.ts';
import { pathToBytes } from '../path-bytes.ts';
import type { DirectoryEntry, FileStat, FileSystem } from '../system/file-system.ts';
import { directoryFilter, type DirectoryFilter } from './directory-filter.ts';
import type { Excludes } from './excludes.ts';
import type { IgnoreMatcher, IgnoreRules } from './ignore-rules.ts';
import { StatPacker } from './packed-stats.ts';
import { SeenRows } from './seen-rows.ts';

export interface LookInput {
  readonly fileSystem: FileSystem;
  /** Absolute path of the working copy. */
  readonly root: string;
  /** Relative to the root; `''` is the root itself. */
  readonly path: string;
  /** What was last seen here, as rows; none in a directory that was never seen. */
  readonly rows: Uint8Array;
  /** What is left out, beside what `.vaultignore` files say; what was seen of it stays as it is. */
  readonly excludes: Excludes;
  /** Ignore rules of the directories above. */
  readonly above: IgnoreRules;
  readonly matcher: IgnoreMatcher;
  /** Device of the folder's root. */
  readonly device: bigint;
  /** Directories that are never entered: the home, targets. */
  readonly neverEnter: readonly DirectoryIdentity[];
  /** Whether files to read come with their stat. */
  readonly withStats: boolean;
  /** What is known of the place in which the directory lies; undefined for one to begin at. */
  readonly place: MountPlace | undefined;
  /** Whether to go in also where another file system is mounted than was, or none any more. */
  readonly acceptsMounts: boolean;
}

export interface MountPlace {
  /** Device of the directory that holds it. */
  readonly device: bigint;
  /** Whether another file system was mounted there; undefined where that was not recorded. */
  readonly wasMount: boolean | undefined;
}

/** A recorded subdirectory. */
export interface Subdirectory {
  readonly name: string;
  readonly wasMount: boolean | undefined;
}

/** What a directory is known by, whatever path leads to it. */
export interface DirectoryIdentity {
  readonly device: bigint;
  readonly inode: bigint;
}

/** Recorded names that stay as they are, unchanged or unknown. */
export interface Kept {
  files: number;
  dirs: number;
  /** Of the files. */
  bytes: number;
}

export interface Looked {
  /** Subdirectories that were recorded as such, in order of name. */
  readonly below: readonly Subdirectory[];
  /** Its own device; undefined where it was not looked into. */
  readonly device: bigint | undefined;
  /** Whether a file system is mounted on it, where that was recorded otherwise and is accepted. */
  readonly isMountNow: boolean | undefined;
  /** Ignore rules that hold in the directories below. */
  readonly rules: IgnoreRules;
  readonly kept: Kept;
  /** How many files and symlinks were recorded. */
  readonly known: number;
  readonly problems: readonly ScanProblem[];
  /** What differs from what was recorded; undefined where nothing does. */
  readonly changes: DirectoryChanges | undefined;
}

/** What differs in one directory, each in order of name. */
export interface DirectoryChanges {
  /** Files to read: new, their stat differs from what was seen, or doubtful. */
  readonly files: readonly string[];
  /** What each of the files looked like, where that was asked for: see `packedStat`. */
  readonly stats: BigInt64Array;
  readonly symlinks: readonly {
    readonly name: string;
    readonly stat: FileStat;
    readonly target: string;
  }[];
  /** Directories that were not directories before. */
  readonly newDirectories: readonly {
    readonly name: string;
    readonly stat: FileStat;
    readonly isMount: boolean;
  }[];
  /** Recorded names that are gone, or are now something that is not kept. */
  readonly gone: readonly string[];
  /** Recorded directories that are now a file or symlink. */
  readonly replaced: readonly string[];
  /** How many files and symlinks show no change, and are looked into only because one could hide. */
  readonly doubtful: number;
}

export interface ScanProblem {
  readonly path: string;
  /** `unreadable` counts as an error; `skipped` is said once and is none. */
  readonly severity: 'unreadable' | 'skipped';
  readonly message: string;
}

/** Name of a temporary file of vault's own, which no scan sees. */
export function isTemporaryName(name: string): boolean {
  return name.startsWith('.vault-') && name.endsWith('.tmp');
}

/** Throws `VAULT_DAMAGED` where the rows are malformed; trouble with the disk is told as problems. */
export function look(input: LookInput): Looked {
  return new Look(input).run();
}

class Look {
  readonly #input: LookInput;
  readonly #absolute: string;
  readonly #rows: SeenRows;
  readonly #kept: Kept = { files: 0, dirs: 0, bytes: 0 };
  readonly #below: Subdirectory[] = [];
  #device: bigint | undefined;
  #isMountNow: boolean | undefined;
  readonly #files: string[] = [];
  readonly #stats = new StatPacker();
  readonly #replaced: string[] = [];
  readonly #symlinks: { name: string; stat: FileStat; target: string }[] = [];
  readonly #newDirectories: { name: string; stat: FileStat; isMount: boolean }[] = [];
  readonly #problems: ScanProblem[] = [];
  #doubtful = 0;

  constructor(input: LookInput) {
    this.#input = input;
    this.#absolute = input.path === '' ? input.root : `${input.root}/${input.path}`;
    this.#rows = new SeenRows(input.rows);
  }

  run(): Looked {
    const names = this.#list();
    const filter = names && this.#filter(names);
    if (names === undefined || filter === undefined) {
      for (const at of this.#rows.places()) this.#keep(at);
      return this.#result(this.#input.above, []);
    }
    for (const entry of names) this.#take(entry, filter);
    return this.#result(filter.rules, this.#gone(filter));
  }

  /** The names; undefined where nothing can be told of them. */
  #list(): DirectoryEntry[] | undefined {
    const { fileSystem, path, neverEnter } = this.#input;
    try {
      const stat = fileSystem.stat(this.#absolute);
      // What was a directory when its parent was listed: the next scan sees it whole.
      if (stat.kind !== 'directory' || isOneOf(neverEnter, stat)) return undefined;
      if (!this.#mayEnter(stat.device)) return undefined;
      this.#device = stat.device;
      return fileSystem.list(this.#absolute);
    } catch (error) {
      const code = systemCode(error);
      if (path === '' || (code !== 'ENOENT' && code !== 'ENOTDIR')) {
        this.#unreadable(path, `cannot be listed: ${code ?? String(error)}`);
      }
      return undefined;
    }
  }

  /**
   * Whether what was recorded of a directory can be compared with what lies there: not where a file
   * system was mounted and is no more, or one is mounted over it.
   */
  #mayEnter(device: bigint): boolean {
    const { path, place, excludes, acceptsMounts } = this.#input;
    if (place?.wasMount === undefined) return true;
    const isMount = device !== place.device;
    // What is not entered anyway is not asked about.
    if (isMount === place.wasMount || (isMount && excludes.oneFileSystem)) return true;
    if (acceptsMounts) {
      this.#isMountNow = isMount;
      return true;
    }
    const what = isMount
      ? 'another file system is mounted over it'
      : 'the file system that was mounted there is gone';
    this.#unreadable(path, `${what}: left as it was; --yes takes it as it is now`);
    return false;
  }

  /** What is left out; undefined where that cannot be told. */
  #filter(names: readonly DirectoryEntry[]): DirectoryFilter | undefined {
    const { path, above } = this.#input;
    const filter = directoryFilter(this.#input, { path, absolute: this.#absolute, names }, above);
    if (!('problem' in filter)) return filter;
    this.#unreadable(path, filter.problem);
    return undefined;
  }

  #take({ name, kind }: DirectoryEntry, filter: DirectoryFilter): void {
    if (isTemporaryName(name)) return;
    const { path } = this.#input;
    const at = this.#rows.find(name);
    if (filter.whyOut(name, kind) !== undefined) {
      if (at !== undefined) this.#keep(at);
    } else if (kind === 'other') {
      const message = 'not a file, directory or symlink';
      this.#problems.push({ path: join(path, name), severity: 'skipped', message });
    } else if (isTooLong(name, path)) {
      this.#unreadable(join(path, name), 'the path is too long to be kept');
    } else {
      try {
        if (kind === 'directory') this.#takeDirectory(name, at);
        else if (kind === 'symlink') this.#takeSymlink(name, at);
        else this.#takeFile(name, at);
      } catch (error) {
        const code = systemCode(error);
        // Gone since the names were listed.
        if (code === 'ENOENT') return;
        if (at !== undefined) this.#keep(at);
        const why = code ?? (error instanceof Error ? error.message : String(error));
        this.#unreadable(join(path, name), `cannot be looked at: ${why}`);
      }
    }
  }

  /** What was not met. What is left out is not looked at, so nothing can be said of its absence. */
  #gone(filter: DirectoryFilter): string[] {
    return this.#rows.unmet().filter((name) => {
      const at = this.#rows.find(name) as number;
      if (filter.whyOut(name, this.#rows.kind(at)) === undefined) return true;
      this.#keep(at);
      return false;
    });
  }

  #takeDirectory(name: string, at: number | undefined): void {
    if (at !== undefined && this.#rows.kind(at) === 'directory') {
      this.#below.push({ name, wasMount: this.#rows.wasMount(at) });
      this.#keep(at);
      return;
    }
    const stat = this.#stat(name);
    if (isOneOf(this.#input.neverEnter, stat)) {
      if (at !== undefined) this.#keep(at);
      return;
    }
    if (at !== undefined) this.#rows.meet(at);
    this.#newDirectories.push({ name, stat, isMount: stat.device !== this.#device });
  }

  #takeSymlink(name: string, at: number | undefined): void {
    const stat = this.#stat(name);
    if (this.#isKept('symlink', at, stat)) return;
    const target = this.#input.fileSystem.readSymlink(`${this.#absolute}/${name}`);
    if (pathToBytes(target).length > MAX_SYMLINK_BYTES) {
      throw new VaultError('VAULT_LIMIT_EXCEEDED', 'the symlink target is too long to be kept');
    }
    this.#meet(name, at);
    this.#symlinks.push({ name, stat, target });
  }

  #takeFile(name: string, at: number | undefined): void {
    const { largerThan } = this.#input.excludes;
    const wasFile = at !== undefined && this.#rows.kind(at) === 'file';
    if (wasFile || largerThan !== undefined || this.#input.withStats) {
      const stat = this.#stat(name);
      if (stat.size > (largerThan ?? Infinity)) {
        if (at !== undefined) this.#keep(at);
        return;
      }
      if (this.#isKept('file', at, stat)) return;
      if (this.#input.withStats) this.#stats.add(name, stat);
    }
    this.#meet(name, at);
    this.#files.push(name);
  }

  /** Whether it is as it was, beyond doubt. */
  #isKept(kind: 'file' | 'symlink', at: number | undefined, stat: FileStat): boolean {
    if (at === undefined || this.#rows.kind(at) !== kind || !this.#rows.isSame(at, stat)) {
      return false;
    }
    if (this.#rows.isRacy(at)) {
      this.#doubtful++;
      return false;
    }
    this.#keep(at);
    return true;
  }

  /** Notes that something else stands at a name, or the same thing changed. */
  #meet(name: string, at: number | undefined): void {
    if (at === undefined) return;
    this.#rows.meet(at);
    if (this.#rows.kind(at) === 'directory') this.#replaced.push(name);
  }

  #keep(at: number): void {
    this.#rows.meet(at);
    if (this.#rows.kind(at) === 'directory') this.#kept.dirs++;
    else {
      this.#kept.files++;
      if (this.#rows.kind(at) === 'file') this.#kept.bytes += this.#rows.bytesOf(at);
    }
  }

  #stat(name: string): FileStat {
    return this.#input.fileSystem.stat(`${this.#absolute}/${name}`);
  }

  #unreadable(path: string, message: string): void {
    this.#problems.push({ path, severity: 'unreadable', message });
  }

  #result(rules: IgnoreRules, gone: readonly string[]): Looked {
    const [files, symlinks, newDirectories] = [this.#files, this.#symlinks, this.#newDirectories];
    const changed = files.length + symlinks.length + newDirectories.length + gone.length > 0;
    return {
      below: this.#below.sort(byName),
      device: this.#device,
      isMountNow: this.#isMountNow,
      rules,
      kept: this.#kept,
      known: this.#rows.contents,
      problems: this.#problems.sort(byPath),
      changes: changed
        ? {
            files: files.sort(),
            stats: this.#stats.pack(files),
            replaced: this.#replaced.sort(),
            symlinks: symlinks.sort(byName),
            newDirectories: newDirectories.sort(byName),
            gone,
            doubtful: this.#doubtful,
          }
        : undefined,
    };
  }
}

/** Whether a directory is one of those. */
export function isOneOf(identities: readonly DirectoryIdentity[], stat: FileStat): boolean {
  return identities.some(({ device, inode }) => stat.inode === inode && stat.device === device);
}

function isTooLong(name: string, directory: string): boolean {
  const length = directory.length + 1 + name.length;
  return (
    (name.length > MAX_NAME_BYTES / 4 && pathToBytes(name).length > MAX_NAME_BYTES) ||
    (length > MAX_PATH_BYTES / 4 && pathToBytes(join(directory, name)).length > MAX_PATH_BYTES)
  );
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function byPath(a: ScanProblem, b: ScanProblem): number {
  return a.path < b.path ? -1 : 1;
}
