import { createCipheriv, createHash } from 'node:crypto';
import type { ReadInto } from '../../src/chunking/chunker.ts';

const PIECE_BYTES = 256 * 1024;

/** `size` bytes of an AES-CTR key stream: as good as random, the same for a seed, and fast. */
export function keyStream(seed: string, size: number): ReadInto {
  const key = createHash('sha256').update(seed).digest();
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  const zeros = Buffer.alloc(PIECE_BYTES);
  let piece = Buffer.alloc(0);
  let left = size;
  return (into) => {
    if (piece.length === 0) piece = cipher.update(zeros);
    const count = Math.min(into.length, piece.length, left);
    into.set(piece.subarray(0, count));
    piece = piece.subarray(count);
    left -= count;
    return count;
  };
}
