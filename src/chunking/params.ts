/** How contents are cut: recorded with every folder, equal on all its nodes for its whole life. */

import { VaultError } from '../errors.ts';
import { MAX_CHUNK_BYTES } from '../limits.ts';

export interface ChunkerParams {
  /** Which algorithm cuts; {@link KEYED_FASTCDC} is the only one so far. */
  readonly id: number;
  /** Plain bytes of the shortest chunk, except a content's last one. */
  readonly min: number;
  /** Plain bytes aimed at: a power of two. */
  readonly average: number;
  /** Plain bytes of the longest chunk. */
  readonly max: number;
}

/**
 * FastCDC (Xia et al., USENIX ATC 2016) as the crate `fastcdc` 1.0.5 computes it, with a keyed Gear
 * table: 32-bit hash shifted right, normalization level 1.
 */
export const KEYED_FASTCDC = 1;

/** What a new folder gets. */
export const defaultChunkerParams: ChunkerParams = {
  id: KEYED_FASTCDC,
  min: 16 * 1024,
  average: 64 * 1024,
  max: 256 * 1024,
};

/**
 * Returns `params` if this program can cut by them. Throws `VAULT_FORMAT_UNSUPPORTED` for an unknown
 * algorithm, `RangeError` for sizes the algorithm does not take: 64 ≤ min < average < max ≤ 1 MiB,
 * average a power of two ≥ 256, max ≥ 1024.
 */
export function checkChunkerParams(params: ChunkerParams): ChunkerParams {
  const { id, min, average, max } = params;
  if (id !== KEYED_FASTCDC) {
    throw new VaultError('VAULT_FORMAT_UNSUPPORTED', `unknown chunker ${id}`, {
      hint: 'update vault on this machine',
      details: { chunker: id },
    });
  }
  checkSize('min', min, 64, average - 1);
  checkSize('average', average, 256, max - 1);
  checkSize('max', max, 1024, MAX_CHUNK_BYTES);
  if ((average & (average - 1)) !== 0) {
    throw new RangeError(`expected an average chunk size that is a power of two, got ${average}`);
  }
  return params;
}

function checkSize(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`expected a ${name} chunk size in ${low} … ${high}, got ${value}`);
  }
}
