import { dirname } from 'node:path';
import { systemCode } from '../errors.ts';
import { FileError, type FileSystem } from './file-system.ts';

type Calls = Pick<FileSystem, 'makeDirectory' | 'stat' | 'realPath'>;

/** Creates a directory and its missing parents; fine if it is there, also through a symlink. */
export function makeDirectories(calls: Calls, path: string, mode?: number): void {
  if (makeIfParentIsThere(calls, path, mode)) return;
  makeDirectories(calls, dirname(path), mode);
  if (!makeIfParentIsThere(calls, path, mode)) {
    throw new FileError('ENOENT', 'make directory', path);
  }
}

function makeIfParentIsThere(calls: Calls, path: string, mode: number | undefined): boolean {
  try {
    calls.makeDirectory(path, mode);
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' && dirname(path) !== path) return false;
    if (!isDirectory(calls, path)) throw error;
    return true;
  }
}

function isDirectory(calls: Calls, path: string): boolean {
  try {
    return calls.stat(calls.realPath(path)).kind === 'directory';
  } catch {
    // What making it failed by says more than this.
    return false;
  }
}
