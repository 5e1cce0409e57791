/**
 * How two nodes find the folders that both share with each other, and learn nothing of any other: each
 * states tokens that only who knows a folder's id can make, good for this connection alone, among random
 * ones.
 *
 *   token = HMAC-SHA256(folder id, "vault folder token 1" | speaker u8 (0 dialer, 1 listener)
 *                                  | generation u32 | session hash #32)
 */

import { compareBytes, mapKey, utf8, type Bytes } from '../bytes.ts';
import { hmacSha256, secretKey } from '../crypto/hash.ts';
import { MAX_FOLDER_TOKENS, MIN_FOLDER_TOKENS } from '../limits.ts';
import type { RandomSource } from '../random.ts';

export const TOKEN_BYTES = 32;
export type Speaker = 'dialer' | 'listener';

/** Whose tokens of which connection; `generation` counts how often they were stated. */
export interface TokenContext {
  readonly speaker: Speaker;
  readonly generation: number;
  readonly sessionHash: Bytes;
}

const LABEL = utf8('vault folder token 1');

/** The token of a folder (its id of 32 bytes). The speaker is in it: said back, it is another folder's or nobody's. */
export function folderToken(folder: Bytes, context: TokenContext): Uint8Array {
  const numbers = new Uint8Array(5);
  numbers[0] = context.speaker === 'dialer' ? 0 : 1;
  new DataView(numbers.buffer).setUint32(1, context.generation);
  return hmacSha256(secretKey(folder), LABEL, numbers, context.sessionHash);
}

/**
 * Tokens of all `folders` and as many random ones as make a power of two, 16 at least, in order of their
 * bytes. Throws `RangeError` for more than {@link MAX_FOLDER_TOKENS} folders.
 */
export function tokenSet(
  folders: readonly Bytes[],
  context: TokenContext,
  random: RandomSource,
): readonly Uint8Array[] {
  if (folders.length > MAX_FOLDER_TOKENS) {
    throw new RangeError(`expected ${MAX_FOLDER_TOKENS} folders at most, got ${folders.length}`);
  }
  const tokens = folders.map((folder) => folderToken(folder, context));
  let count = MIN_FOLDER_TOKENS;
  while (count < tokens.length) count *= 2;
  while (tokens.length < count) tokens.push(random.bytes(TOKEN_BYTES));
  return tokens.toSorted(compareBytes);
}

/**
 * Which of `folders` a peer's stated tokens stand for, by their place in the list. All are tried, whomever
 * they are shared with: what takes time does not depend on it.
 */
export function statedFolders(
  folders: readonly Bytes[],
  stated: ReadonlySet<string>,
  context: TokenContext,
): readonly boolean[] {
  return folders.map((folder) => stated.has(mapKey(folderToken(folder, context))));
}

/** Tokens one after another as a set; undefined where they are not as {@link tokenSet} makes them. */
export function readTokens(bytes: Bytes): ReadonlySet<string> | undefined {
  const count = bytes.length / TOKEN_BYTES;
  const isCount =
    count >= MIN_FOLDER_TOKENS && count <= MAX_FOLDER_TOKENS && Number.isInteger(Math.log2(count));
  if (!isCount) return undefined;
  const tokens = new Set<string>();
  let before: Uint8Array | undefined;
  for (let at = 0; at < bytes.length; at += TOKEN_BYTES) {
    const token = bytes.subarray(at, at + TOKEN_BYTES);
    if (before !== undefined && compareBytes(before, token) >= 0) return undefined;
    tokens.add(mapKey(token));
    before = token;
  }
  return tokens;
}
