import { closeSync, openSync, writeSync } from 'node:fs';
import { keyStream } from './key-stream.ts';

const PIECE_BYTES = 256 * 1024;

export interface RandomFile {
  readonly seed: string;
  readonly size: number;
  /** Bytes that stand before the byte `at` of those that are random. */
  readonly inserted?: { readonly at: number; readonly bytes: Buffer };
}

/** Writes a new file of bytes that nothing can compress, the same for a seed. */
export function writeRandomFile(path: string, { seed, size, inserted }: RandomFile): void {
  const read = keyStream(seed, size);
  const piece = Buffer.alloc(PIECE_BYTES);
  const file = openSync(path, 'wx');
  try {
    for (let at = 0; at < size;) {
      const isBefore = inserted !== undefined && at < inserted.at;
      const length = read(isBefore ? piece.subarray(0, inserted.at - at) : piece);
      writeAll(file, piece.subarray(0, length));
      at += length;
      if (inserted !== undefined && at === inserted.at) writeAll(file, inserted.bytes);
    }
  } finally {
    closeSync(file);
  }
}

function writeAll(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}
