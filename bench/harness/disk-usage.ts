import { lstatSync } from 'node:fs';
import { walkFiles } from './walk-files.ts';

/** The sizes of all files at or below `path`, together; 0 where there is nothing. */
export function bytesBelow(path: string): number {
  return countFiles(path).bytes;
}

/** Files at or below `path`, and their sizes together. Symlinks are not followed and not counted. */
export function countFiles(path: string): { files: number; bytes: number } {
  let files = 0;
  let bytes = 0;
  for (const file of walkFiles(path)) {
    files++;
    bytes += lstatSync(file).size;
  }
  return { files, bytes };
}
