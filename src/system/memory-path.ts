import { pathToBytes } from '../path-bytes.ts';
import { MAX_NAME_BYTES, MAX_PATH_BYTES } from '../limits.ts';
import type { DirectoryInode, Inode } from './memory-inode.ts';

/** Where a path leads: a name in a directory, and what it stands for, if anything. */
export interface Place {
  readonly directory: DirectoryInode;
  /** `.` where the path ends in `.`, `..` or is the root itself. */
  readonly name: string;
  readonly inode: Inode | undefined;
}

export interface Walk {
  readonly root: DirectoryInode;
  /** Directories that paths can begin with, besides the root. */
  readonly held: ReadonlyMap<string, DirectoryInode>;
  readonly keyOf: (name: string) => string;
}

/** Paths of held directories: this and a number. */
export const HELD_PREFIX = '/.held/';

/** As on Linux. */
const MAX_SYMLINKS = 40;

/**
 * Follows a path as Linux does. Symlinks on the way are followed, one at the end if `followLast`. Calls
 * `fail` with the system's code: `ENOENT` and `ENOTDIR` on the way, `ELOOP`, `ENAMETOOLONG`.
 */
export function walkPath(
  walk: Walk,
  path: string,
  followLast: boolean,
  fail: (code: string) => never,
): Place {
  checkForm(path);
  if (path === '') fail('ENOENT');
  if (path.length >= MAX_PATH_BYTES || pathToBytes(path).length >= MAX_PATH_BYTES)
    fail('ENAMETOOLONG');
  const start = beginning(walk, path, fail);
  const names = start.names.reverse();
  let { at } = start;
  for (let followed = 0; ;) {
    const name = names.pop();
    if (name === undefined) return { directory: at, name: '.', inode: at };
    if (name === '.') continue;
    if (name === '..') {
      at = at.parent;
      continue;
    }
    const isLast = names.length === 0;
    const inode = at.entries.get(walk.keyOf(name))?.inode;
    if (!inode && name.length * 3 > MAX_NAME_BYTES && pathToBytes(name).length > MAX_NAME_BYTES) {
      fail('ENAMETOOLONG');
    }
    if (isLast && !(followLast && inode?.kind === 'symlink')) return { directory: at, name, inode };
    if (!inode) return fail('ENOENT');
    if (inode.kind === 'directory') at = inode;
    else if (inode.kind !== 'symlink') fail('ENOTDIR');
    else {
      if (++followed > MAX_SYMLINKS) fail('ELOOP');
      if (inode.target.startsWith('/')) at = walk.root;
      names.push(...components(inode.target).reverse());
    }
  }
}

function beginning(
  walk: Walk,
  path: string,
  fail: (code: string) => never,
): { at: DirectoryInode; names: string[] } {
  if (!path.startsWith(HELD_PREFIX)) return { at: walk.root, names: components(path) };
  const [number = '', ...rest] = path.slice(HELD_PREFIX.length).split('/');
  const at = walk.held.get(number);
  return at ? { at, names: components(rest.join('/')) } : fail('ENOENT');
}

/** A slash at the end asks for a directory. */
function components(path: string): string[] {
  const names = path.split('/').filter((name) => name !== '');
  if (path.endsWith('/') && names.length > 0) names.push('.');
  return names;
}

/** The same mistakes that Node refuses. */
function checkForm(path: string): void {
  if (path.includes('\0')) throw new TypeError('expected a path without NUL');
  if (!path.isWellFormed()) pathToBytes(path);
}

/** Throws `RangeError` unless the path is absolute (or empty, which leads nowhere). */
export function checkAbsolute(path: string): void {
  if (path !== '' && !path.startsWith('/')) {
    throw new RangeError(`expected an absolute path, got ${JSON.stringify(path)}`);
  }
}
