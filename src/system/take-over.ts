/** What a new file takes over from the one it replaces, as far as this system lets us. */

import { spawnSync } from 'node:child_process';
import { chmodSync, lchownSync, lstatSync, type Stats } from 'node:fs';
import { systemCode } from '../errors.ts';
import { nativePath } from '../path-bytes.ts';

const SET_ID = 0o6000;
/** Arguments of one program: far below what any Linux takes. */
const NAMES_PER_CALL = 512;

/**
 * Owner, group and mode by Node; access lists and extended attributes, which Node does not know of, by
 * the `cp` of GNU on Linux. On other systems, and for names that are not UTF-8, these stay behind.
 */
export function takeOver(from: string, to: string, names: readonly string[]): void {
  const pairs = names.flatMap((name) => {
    const old = fileAt(`${from}/${name}`);
    return old === undefined || fileAt(`${to}/${name}`) === undefined ? [] : [{ name, old }];
  });
  const told = pairs.filter(({ name }) => name.isWellFormed()).map(({ name }) => name);
  for (let at = 0; at < told.length; at += NAMES_PER_CALL) {
    copyAttributes(from, to, told.slice(at, at + NAMES_PER_CALL));
  }
  for (const { name, old } of pairs) {
    const path = nativePath(`${to}/${name}`);
    const isOwned = unlessForbidden(() => lchownSync(path, old.uid, old.gid));
    if (!isOwned) unlessForbidden(() => lchownSync(path, process.getuid?.() ?? old.uid, old.gid));
    unlessForbidden(() => chmodSync(path, old.mode & 0o7777 & ~SET_ID));
  }
}

function fileAt(path: string): Stats | undefined {
  const stats = lstatSync(nativePath(path), { throwIfNoEntry: false });
  return stats?.isFile() === true ? stats : undefined;
}

/** Its exit code says only that something could not be taken over, which the contract allows. */
function copyAttributes(from: string, to: string, names: readonly string[]): void {
  if (process.platform !== 'linux') return;
  const attributes = '--preserve=mode,xattr';
  spawnSync(
    'cp',
    [
      '--attributes-only',
      '--no-dereference',
      attributes,
      '-t',
      seenFromOutside(to),
      '--',
      ...names.map((name) => `${seenFromOutside(from)}/${name}`),
    ],
    { stdio: 'ignore' },
  );
}

/** Held directories are paths that only this process has. */
function seenFromOutside(path: string): string {
  return path.replace(/^\/proc\/self\//, `/proc/${process.pid}/`);
}

/** False where the system does not permit it. */
function unlessForbidden(run: () => void): boolean {
  try {
    run();
    return true;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  }
}
