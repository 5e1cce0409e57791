/** A file, and the same with five bytes inserted in its middle. */

import { closeSync, openSync, writeSync } from 'node:fs';
import { keyStream } from './key-stream.ts';

const MIB = 1024 * 1024;
const INSERTED = Buffer.from('+five');

/** Random bytes, the same each time for a seed, with the five in their middle if they are inserted; `size` is a multiple of 1 MiB. */
export function writeInsertedFile(
  path: string,
  { seed, size, isInserted }: { seed: string; size: number; isInserted: boolean },
): void {
  const stream = keyStream(seed, size);
  const buffer = Buffer.alloc(MIB);
  const file = openSync(path, 'w');
  try {
    for (let at = 0; at < size;) {
      if (isInserted && at === Math.floor(size / 2 / MIB) * MIB) writeSync(file, INSERTED);
      let filled = 0;
      while (filled < MIB) filled += stream(buffer.subarray(filled));
      writeSync(file, buffer);
      at += filled;
    }
  } finally {
    closeSync(file);
  }
}
