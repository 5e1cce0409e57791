import { keyStream } from './key-stream.ts';

/** Numbers in [0, 1), the same for a seed, without end. */
export function seededNumbers(seed: string): () => number {
  const read = keyStream(seed, Number.MAX_SAFE_INTEGER);
  const bytes = Buffer.alloc(4);
  return () => {
    for (let at = 0; at < bytes.length;) at += read(bytes.subarray(at));
    return bytes.readUInt32LE() / 2 ** 32;
  };
}
