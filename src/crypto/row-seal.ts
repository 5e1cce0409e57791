/**
 * Small rows and files of metadata, each bound to the key it lies under.
 *
 * Sealed: nonce 12 | ciphertext | tag 16, by ChaCha20-Poly1305 (RFC 8439); associated data: the row
 * key. Nonces are random: one key is good for 2^32 rows, more than any folder will ever write.
 */

import type { Bytes } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import type { RandomSource } from '../random.ts';
import { NONCE_BYTES, openSealed, sealInto, TAG_BYTES } from './aead.ts';
import type { SecretKey } from './hash.ts';

/** Bytes that sealing adds to a row. */
export const ROW_OVERHEAD = NONCE_BYTES + TAG_BYTES;

/** The sealed row, `plain.length + ROW_OVERHEAD` bytes. */
export function sealRow(
  key: SecretKey,
  rowKey: Bytes,
  plain: Bytes,
  random: RandomSource,
): Uint8Array {
  const out = new Uint8Array(plain.length + ROW_OVERHEAD);
  const nonce = random.bytes(NONCE_BYTES);
  out.set(nonce);
  sealInto(key, nonce, rowKey, plain, out, NONCE_BYTES);
  return out;
}

/** The plain row. Throws `VAULT_DAMAGED` where key, row key or any byte differs from what was sealed. */
export function openRow(key: SecretKey, rowKey: Bytes, sealed: Bytes): Uint8Array {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const plain = openSealed(key, nonce, rowKey, sealed.subarray(NONCE_BYTES));
  if (!plain) throw new VaultError('VAULT_DAMAGED', 'sealed row does not authenticate');
  return plain;
}
