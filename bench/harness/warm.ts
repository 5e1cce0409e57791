import { closeSync, openSync, readSync } from 'node:fs';
import { walkFiles } from './walk-files.ts';

/** Reads every file at or below `path`, so that the system has it in memory as far as there is room. */
export function warm(path: string): void {
  const piece = Buffer.alloc(1024 * 1024);
  for (const found of walkFiles(path)) {
    const file = openSync(found, 'r');
    try {
      while (readSync(file, piece) > 0);
    } finally {
      closeSync(file);
    }
  }
}
