/** scrypt (RFC 7914), bounded: what a slot may ask for, and no more. */

import { scrypt } from 'node:crypto';
import type { Bytes } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import { MAX_SCRYPT_LOG2N } from '../limits.ts';
import { plainArray } from './hash.ts';

export interface ScryptCost {
  /** Binary logarithm of N. */
  readonly log2N: number;
  readonly r: number;
  readonly p: number;
}

/** 128 MiB of memory and about 0.4 s. */
export const SCRYPT_COST: ScryptCost = { log2N: 17, r: 8, p: 1 };

const MIN_LOG2N = 10;
const MAX_R = 8;
const MAX_P = 4;

/** 32 bytes of scrypt, computed off the main thread. Throws as {@link checkScryptCost} does. */
export async function scryptKey(
  password: Bytes,
  salt: Bytes,
  cost: ScryptCost,
): Promise<Uint8Array> {
  checkScryptCost(cost);
  const { log2N, r, p } = cost;
  const N = 2 ** log2N;
  // Node's own limit of 32 MiB is below the default cost; this is what OpenSSL asks for.
  const maxmem = 128 * r * (N + p + 4);
  return new Promise((resolve, reject) => {
    scrypt(password, salt, 32, { N, r, p, maxmem }, (error, key) => {
      if (error) reject(new VaultError('VAULT_FAILED', 'scrypt failed', { cause: error }));
      else resolve(plainArray(key));
    });
  });
}

/** Throws `VAULT_LIMIT_EXCEEDED` where a cost is so low that it protects nothing, or needs over 1 GiB. */
export function checkScryptCost({ log2N, r, p }: ScryptCost): void {
  if (!within(log2N, MIN_LOG2N, MAX_SCRYPT_LOG2N) || !within(r, 1, MAX_R) || !within(p, 1, MAX_P)) {
    throw new VaultError('VAULT_LIMIT_EXCEEDED', `scrypt cost N=2^${log2N}, r=${r}, p=${p}`);
  }
}

function within(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}
