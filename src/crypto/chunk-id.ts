/** Chunk ids: equal plain content of one folder has one id; without the key nobody can test a guess. */

import { createHmac } from 'node:crypto';
import type { Bytes } from '../bytes.ts';
import { digestOf, type SecretKey } from './hash.ts';

const typeBytes = [0, 1, 2].map((type) => Uint8Array.of(type));

/**
 * HMAC-SHA256(id key, type byte | plain). The type (1 content chunk, 2 manifest node) keeps a file
 * that looks like a manifest node from ever having that node's id.
 */
export function chunkId(idKey: SecretKey, type: 1 | 2, plain: Bytes): Uint8Array {
  const mac = createHmac('sha256', idKey);
  mac.update(typeBytes[type] as Uint8Array);
  mac.update(plain);
  return digestOf(mac);
}
