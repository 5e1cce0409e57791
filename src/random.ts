/** Randomness as it is handed in: every key, nonce and id is made from this. */

import { randomFillSync } from 'node:crypto';

export interface RandomSource {
  /** A new array of `length` unpredictable bytes. */
  bytes(length: number): Uint8Array;
}

/** The system's cryptographic generator. Small requests are served from a pool; no byte is given twice. */
export function systemRandom(): RandomSource {
  const pool = new Uint8Array(4096);
  let used = pool.length;
  return {
    bytes(length) {
      if (length > 256) return randomFillSync(new Uint8Array(length));
      if (used + length > pool.length) {
        randomFillSync(pool);
        used = 0;
      }
      const out = pool.slice(used, used + length);
      pool.fill(0, used, used + length);
      used += length;
      return out;
    },
  };
}
