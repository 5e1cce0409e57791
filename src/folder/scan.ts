/**
 * Working copy → what changed. Walks the folder directory by directory, in name order, against what
 * was last seen there; reads no file content. Symlinks are never followed.
 *
 * A directory or name that cannot be read is unknown: nothing below it counts as deleted.
 */

import { systemCode, VaultError } from '../errors.ts';
import { MAX_NAME_BYTES, MAX_PATH_BYTES, MAX_SYMLINK_BYTES } from '../limits.ts';
import { pathToBytes } from '../path-bytes.ts';
import type { DirectoryEntry, FileStat, FileSystem } from '../system/file-system.ts';
import { directoryFilter, type FilterInput } from './directory-filter.ts';
import type { Excludes } from './excludes.ts';
import { IgnoreMatcher, type IgnoreRules } from './ignore-rules.ts';
import { keptTime, type SeenEntry } from './working-copy-row.ts';

export interface ScanInput {
  readonly fileSystem: FileSystem;
  /** Absolute path of the working copy. */
  readonly root: string;
  /** What was last seen in a directory, by name; undefined where it was never seen. */
  readonly seen: (directory: string) => Promise<Map<string, SeenEntry> | undefined>;
  /** What is left out, beside what `.vaultignore` files say; what was seen of it stays as it is. */
  readonly excludes: Excludes;
  /** Absolute directories that are never entered: the home, targets. */
  readonly neverEnter: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

/** One directory with what happened in it. Paths are relative to the root; `''` is the root itself. */
export interface ScannedDirectory {
  readonly path: string;
  readonly seen: ReadonlyMap<string, SeenEntry>;
  /** Names that are as they were. */
  readonly unchanged: readonly string[];
  /** Files to read: new, their stat differs from what was seen, or doubtful. */
  readonly files: readonly string[];
  readonly symlinks: readonly {
    readonly name: string;
    readonly stat: FileStat;
    readonly target: string;
  }[];
  /** Directories that were not directories before. */
  readonly newDirectories: readonly { readonly name: string; readonly stat: FileStat }[];
  /** Seen names that are gone, or are now something else with nothing of theirs left. */
  readonly gone: readonly string[];
  /** How many files and symlinks show no change, and are looked into only because one could hide. */
  readonly doubtful: number;
  /** Names that could not be looked at: unknown, left as they were. */
  readonly unknown: readonly string[];
  readonly problems: readonly ScanProblem[];
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

/** Directories in depth-first name order. The root comes first; its absence throws `VAULT_REFUSED`. */
export async function* scan(input: ScanInput): AsyncGenerator<ScannedDirectory> {
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
  const { fileSystem, excludes } = input;
  const filter = { fileSystem, excludes, device: root.device, matcher: new IgnoreMatcher() };
  const rules = { given: excludes.patterns, files: [] };
  const open: OpenDirectory[] = [{ path: '', isNew: false, rules }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    input.signal.throwIfAborted();
    yield await scanDirectory(input, filter, next, open);
  }
}

/** A directory still to be looked at; a new one was never seen. */
interface OpenDirectory {
  readonly path: string;
  readonly isNew: boolean;
  /** Ignore rules of the directories above. */
  readonly rules: IgnoreRules;
}

/** Paths below a directory that was seen and is gone: everything recorded there, deepest last. */
export async function* seenBelow(
  seen: ScanInput['seen'],
  directory: string,
): AsyncGenerator<{ path: string; rows: ReadonlyMap<string, SeenEntry> }> {
  const open = [directory];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const rows = (await seen(path)) ?? new Map<string, SeenEntry>();
    yield { path, rows };
    for (const [name, entry] of rows) if (entry.kind === 'directory') open.push(join(path, name));
  }
}

/** `directory/name`, where the root is `''`. */
export function join(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

const none: ReadonlyMap<string, SeenEntry> = new Map();

async function scanDirectory(
  input: ScanInput,
  filterInput: FilterInput,
  { path, isNew, rules }: OpenDirectory,
  open: OpenDirectory[],
): Promise<ScannedDirectory> {
  const {
    fileSystem,
    excludes: { largerThan },
  } = input;
  const absolute = path === '' ? input.root : `${input.root}/${path}`;
  const seen: ReadonlyMap<string, SeenEntry> = (isNew ? undefined : await input.seen(path)) ?? none;
  const unchanged: string[] = [];
  const files: string[] = [];
  const symlinks: { name: string; stat: FileStat; target: string }[] = [];
  const newDirectories: { name: string; stat: FileStat }[] = [];
  const unknown: string[] = [];
  const problems: ScanProblem[] = [];
  const present = new Set<string>();
  const subdirectories: OpenDirectory[] = [];
  const result = { path, seen, unchanged, files, symlinks, newDirectories, unknown, problems };
  let doubtful = 0;

  let names: DirectoryEntry[];
  try {
    names = fileSystem.list(absolute);
  } catch (error) {
    const code = systemCode(error);
    if (path !== '' && (code === 'ENOENT' || code === 'ENOTDIR'))
      return { ...result, doubtful, gone: [] };
    problems.push({
      path,
      severity: 'unreadable',
      message: `cannot be listed: ${code ?? String(error)}`,
    });
    return { ...result, doubtful, unknown: [...seen.keys()], gone: [] };
  }
  const filter = directoryFilter(filterInput, { path, absolute, names }, rules);
  if ('problem' in filter) {
    problems.push({ path, severity: 'unreadable', message: filter.problem });
    return { ...result, doubtful, unknown: [...seen.keys()], gone: [] };
  }
  names.sort((a, b) => (a.name < b.name ? -1 : 1));

  for (const { name, kind } of names) {
    if (isTemporaryName(name)) continue;
    const childPath = join(path, name);
    const child = `${absolute}/${name}`;
    if (input.neverEnter.has(child)) continue;
    if (filter.leavesOut(name, kind)) {
      if (seen.has(name)) unknown.push(name);
      continue;
    }
    present.add(name);
    const before = seen.get(name);
    if (kind === 'other') {
      present.delete(name);
      problems.push({
        path: childPath,
        severity: 'skipped',
        message: 'not a file, directory or symlink',
      });
      continue;
    }
    if (isTooLong(name, childPath)) {
      problems.push({
        path: childPath,
        severity: 'unreadable',
        message: 'the path is too long to be kept',
      });
      continue;
    }
    try {
      if (kind === 'directory') {
        subdirectories.push({
          path: childPath,
          isNew: before?.kind !== 'directory',
          rules: filter.rules,
        });
        if (before?.kind === 'directory') unchanged.push(name);
        else newDirectories.push({ name, stat: fileSystem.stat(child) });
      } else if (kind === 'symlink') {
        const stat = fileSystem.stat(child);
        const isSame = before?.kind === 'symlink' && isSameStat(before, stat);
        if (isSame && !before.racy) unchanged.push(name);
        else {
          if (isSame) doubtful++;
          const target = fileSystem.readSymlink(child);
          if (pathToBytes(target).length > MAX_SYMLINK_BYTES) {
            throw new VaultError(
              'VAULT_LIMIT_EXCEEDED',
              'the symlink target is too long to be kept',
            );
          }
          symlinks.push({ name, stat, target });
        }
      } else {
        const stat =
          before?.kind === 'file' || largerThan !== undefined ? fileSystem.stat(child) : undefined;
        const isSame = before?.kind === 'file' && stat !== undefined && isSameStat(before, stat);
        if (stat !== undefined && stat.size > (largerThan ?? Infinity)) {
          if (before !== undefined) unknown.push(name);
        } else if (isSame && !before.racy) unchanged.push(name);
        else {
          if (isSame) doubtful++;
          files.push(name);
        }
      }
    } catch (error) {
      const code = systemCode(error);
      if (code === 'ENOENT') {
        present.delete(name);
        continue;
      }
      unknown.push(name);
      const why = code ?? (error instanceof Error ? error.message : String(error));
      problems.push({
        path: childPath,
        severity: 'unreadable',
        message: `cannot be looked at: ${why}`,
      });
    }
  }
  open.push(...subdirectories.toReversed());
  const known = new Set(unknown);
  const gone = [...seen.keys()].filter((name) => !present.has(name) && !known.has(name));
  return { ...result, doubtful, gone };
}

/** Whether the stat shows what was recorded: unless that was racy, the content is taken as unchanged. */
export function isSameStat(before: SeenEntry, now: FileStat): boolean {
  return (
    now.size === before.size &&
    keptTime(now.mtimeNs) === before.mtimeNs &&
    keptTime(now.ctimeNs) === before.ctimeNs &&
    now.inode === before.inode &&
    (now.kind !== 'file' || isExecutable(now.mode) === before.executable)
  );
}

/** Whether the owner may run the file: the only mode bit a version carries. */
export function isExecutable(mode: number): boolean {
  return (mode & 0o100) !== 0;
}

function isTooLong(name: string, path: string): boolean {
  return (
    (name.length > MAX_NAME_BYTES / 4 && pathToBytes(name).length > MAX_NAME_BYTES) ||
    (path.length > MAX_PATH_BYTES / 4 && pathToBytes(path).length > MAX_PATH_BYTES)
  );
}
