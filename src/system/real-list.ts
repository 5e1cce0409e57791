import { lstatSync, readdirSync, type Dirent } from 'node:fs';
import { systemCode } from '../errors.ts';
import { nativePath, pathFromBytes } from '../path-bytes.ts';
import type { DirectoryEntry, FileKind } from './file-system.ts';

/** What Node puts where a name is not UTF-8; also a character of its own. */
const REPLACEMENT = '\ufffd';

/**
 * Names and kinds in a directory. Names are read as text first, which is faster, and once more as bytes
 * where that was not exact.
 */
export function realList(path: string): DirectoryEntry[] {
  const native = nativePath(path);
  try {
    if (typeof native === 'string') {
      const entries = readdirSync(native, { withFileTypes: true });
      if (!entries.some((entry) => entry.name.includes(REPLACEMENT))) {
        return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
      }
    }
    const entries = readdirSync(native, { withFileTypes: true, encoding: 'buffer' });
    return entries.map((entry) => ({ name: pathFromBytes(entry.name), kind: kindOf(entry) }));
  } catch (error) {
    // Where the system does not tell kinds, Node asks for each, and one that vanishes meanwhile looks
    // as if the directory itself were gone.
    if (systemCode(error) !== 'ENOENT' || !isThere(native)) throw error;
    return listOneByOne(path);
  }
}

/** The same as {@link realList} for systems that tell names only: what vanishes meanwhile is left out. */
export function listOneByOne(path: string): DirectoryEntry[] {
  const entries: DirectoryEntry[] = [];
  for (const bytes of readdirSync(nativePath(path), { encoding: 'buffer' })) {
    const name = pathFromBytes(bytes);
    const stats = lstatSync(nativePath(`${path}/${name}`), { throwIfNoEntry: false });
    if (stats !== undefined) entries.push({ name, kind: kindOf(stats) });
  }
  return entries;
}

function isThere(native: string | Buffer): boolean {
  return lstatSync(native, { throwIfNoEntry: false }) !== undefined;
}

function kindOf(entry: Pick<Dirent, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): FileKind {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'symlink' : 'other';
}
