import { createCipheriv, createHash } from 'node:crypto';
import type { RandomSource } from '../../src/random.ts';

/** Reproducible bytes: the ChaCha20 key stream of the seed's hash. */
export function seededRandom(seed: string | number): RandomSource {
  const key = createHash('sha256').update(`vault test seed ${seed}`).digest();
  const stream = createCipheriv('chacha20', key, Buffer.alloc(16));
  return { bytes: (length) => new Uint8Array(stream.update(Buffer.alloc(length))) };
}

/** The seed of this run: `VAULT_SEED` or a new one; put it into every message. */
export function runSeed(): number {
  const given = process.env['VAULT_SEED'];
  return given === undefined ? Date.now() % 1_000_000_000 : Number(given);
}
