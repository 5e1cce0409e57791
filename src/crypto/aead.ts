/** ChaCha20-Poly1305 (RFC 8439) with a 96-bit nonce: what every sealed thing here is made with. */

import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Bytes } from '../bytes.ts';
import { plainArray, type SecretKey } from './hash.ts';

export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;

const ALGORITHM = 'chacha20-poly1305';
const TAG = { authTagLength: TAG_BYTES };

/** A derived key may be plain bytes: making a key object for one use costs more than it guards. */
type AeadKey = SecretKey | Uint8Array;

/**
 * Writes ciphertext and tag of `plain` into `out` from `at`; returns the bytes written, which is
 * `plain.length + TAG_BYTES`. A key and nonce must never meet twice.
 */
export function sealInto(
  key: AeadKey,
  nonce: Bytes,
  aad: Bytes,
  plain: Bytes,
  out: Uint8Array,
  at: number,
): number {
  const cipher = createCipheriv(ALGORITHM, key, nonce, TAG);
  cipher.setAAD(aad, { plaintextLength: plain.length });
  const sealed = cipher.update(plain);
  cipher.final();
  out.set(sealed, at);
  out.set(cipher.getAuthTag(), at + sealed.length);
  return sealed.length + TAG_BYTES;
}

/**
 * The plaintext of `sealed` (ciphertext, then tag), or undefined where anything differs from what
 * was sealed: key, nonce, associated data, a byte, the length.
 */
export function openSealed(
  key: AeadKey,
  nonce: Bytes,
  aad: Bytes,
  sealed: Bytes,
): Uint8Array | undefined {
  const length = sealed.length - TAG_BYTES;
  if (length < 0) return undefined;
  const decipher = createDecipheriv(ALGORITHM, key, nonce, TAG);
  decipher.setAAD(aad, { plaintextLength: length });
  decipher.setAuthTag(sealed.subarray(length));
  const plain = decipher.update(sealed.subarray(0, length));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plainArray(plain);
}
