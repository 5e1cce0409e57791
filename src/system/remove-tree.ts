import { systemCode } from '../errors.ts';
import type { DirectoryEntry, FileSystem, HeldDirectory } from './file-system.ts';

/** The calls of a file system that removing a tree needs. */
export type RemovalCalls = Pick<
  FileSystem,
  'statIfPresent' | 'list' | 'hold' | 'setMode' | 'removeFile' | 'removeDirectory'
>;

interface Level {
  /** Where this directory is removed from once it is empty. */
  readonly path: string;
  readonly held: HeldDirectory;
  entries: DirectoryEntry[];
}

/** How often a directory that others keep filling is emptied before `ENOTEMPTY` is let through. */
const ATTEMPTS = 8;

/**
 * Removes whatever is at `path`, with everything below; fine if nothing is. Symlinks are removed, never
 * followed: every directory is held while it is emptied, so that swapping one for a symlink leads
 * nowhere. Directories that forbid reading or writing are made writable first. Holds one descriptor
 * per level.
 */
export function removeTree(calls: RemovalCalls, path: string): void {
  for (let attempt = 1; ; attempt++) {
    const stat = calls.statIfPresent(path);
    if (stat === undefined) return;
    try {
      if (stat.kind === 'directory') removeDirectoryTree(calls, path);
      else unlessGone(() => calls.removeFile(path));
      return;
    } catch (error) {
      const code = systemCode(error);
      const changed = code === 'ENOTEMPTY' || code === 'ENOTDIR' || code === 'ELOOP';
      if (!changed || attempt === ATTEMPTS) throw error;
    }
  }
}

function removeDirectoryTree(calls: RemovalCalls, path: string): void {
  const levels: Level[] = [];
  try {
    descend(calls, levels, path);
    for (let level = levels.at(-1); level; level = levels.at(-1)) {
      const entry = level.entries.pop();
      if (entry === undefined) {
        levels.pop();
        level.held.close();
        const parent = levels.at(-1);
        permitted(calls, parent, () => calls.removeDirectory(level.path));
      } else if (entry.kind === 'directory') {
        descend(calls, levels, `${level.held.path}/${entry.name}`);
      } else {
        permitted(calls, level, () => calls.removeFile(`${level.held.path}/${entry.name}`));
      }
    }
  } finally {
    for (const level of levels) level.held.close();
  }
}

function descend(calls: RemovalCalls, levels: Level[], path: string): void {
  permitted(calls, levels.at(-1), () => {
    let held: HeldDirectory;
    try {
      held = calls.hold(path);
    } catch (error) {
      if (systemCode(error) !== 'EACCES') throw error;
      calls.setMode(path, 0o700);
      held = calls.hold(path);
    }
    const level: Level = { path, held, entries: [] };
    levels.push(level);
    level.entries = calls.list(held.path);
  });
}

/** Runs what is done in `level`'s directory, after permitting it if need be; fine if nothing is there. */
function permitted(calls: RemovalCalls, level: Level | undefined, run: () => void): void {
  unlessGone(() => {
    try {
      run();
    } catch (error) {
      if (systemCode(error) !== 'EACCES' || level === undefined) throw error;
      calls.setMode(level.path, 0o700);
      run();
    }
  });
}

function unlessGone(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}
