import { dirname } from 'node:path';
import type { FileSystem } from './file-system.ts';

/**
 * Creates a directory and missing parents, as `makeDirectories` does; on return a power cut takes none
 * of those made. Throws `FileError`.
 */
export function makeDurableDirectories(fileSystem: FileSystem, path: string, mode?: number): void {
  const parents: string[] = [];
  for (let at = path; fileSystem.statIfPresent(at) === undefined; at = dirname(at)) {
    parents.push(dirname(at));
  }
  fileSystem.makeDirectories(path, mode);
  for (const parent of parents.reverse()) fileSystem.syncDirectory(parent);
}
