import { createCipheriv, createHash } from 'node:crypto';
import type { RandomSource } from '../random.ts';

/** Reproducible bytes for simulations: the ChaCha20 key stream under the seed's SHA-256. Never for keys. */
export function seededRandom(seed: string | number): RandomSource {
  const key = createHash('sha256').update(`vault test seed ${seed}`).digest();
  const stream = createCipheriv('chacha20', key, Buffer.alloc(16));
  return { bytes: (length) => new Uint8Array(stream.update(Buffer.alloc(length))) };
}

/** An integer in 0 … `below` − 1, each as likely as any other. `below` in 1 … 2^32. */
export function randomInteger(random: RandomSource, below: number): number {
  if (!Number.isSafeInteger(below) || below < 1 || below > 2 ** 32) {
    throw new RangeError(`expected a bound in 1 … 2^32, got ${below}`);
  }
  const usable = 2 ** 32 - (2 ** 32 % below);
  for (;;) {
    const bytes = random.bytes(4);
    const value = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
    if (value < usable) return value % below;
  }
}
