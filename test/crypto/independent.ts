/**
 * The formats of src/crypto once more, from other implementations: @noble/hashes and libsodium instead
 * of node:crypto. Written from the format's description, sharing no code with it.
 */

import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import sodium from 'libsodium-wrappers';

await sodium.ready;

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

export function derive(secret: Uint8Array, info: string): Uint8Array {
  return hkdf(sha256, secret, new Uint8Array(32), text(info), 32);
}

export function mac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return hmac(sha256, key, Buffer.concat(parts));
}

function number(value: bigint, bytes: number): Uint8Array {
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(bytes * 2, '0'), 'hex'));
}

export function aeadSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plain: Uint8Array,
): Uint8Array {
  return sodium.crypto_aead_chacha20poly1305_ietf_encrypt(plain, aad, null, nonce, key);
}

/** A value of codec 0. */
export function plainValue(request: {
  readonly type: number;
  readonly id: Uint8Array;
  readonly epoch: Uint8Array;
  readonly epochSecret: Uint8Array;
  readonly nonce: Uint8Array;
  readonly plain: Uint8Array;
}): Uint8Array {
  const length = number(BigInt(request.plain.length), 4);
  const header = Buffer.concat([
    text('VLT'),
    Uint8Array.of(1, request.type, 0, 0, 0),
    length,
    length,
    request.epoch,
    request.id,
    request.nonce,
  ]);
  const chunkKey = derive(request.epochSecret, 'vault v1 chunk key');
  const key = mac(chunkKey, Uint8Array.of(request.type), request.id);
  return new Uint8Array(
    Buffer.concat([header, aeadSeal(key, request.nonce, header, request.plain)]),
  );
}

export function record(request: {
  readonly epochSecret: Uint8Array;
  readonly folder: Uint8Array;
  readonly log: Uint8Array;
  readonly seq: number;
  readonly index: number;
  readonly type: number;
  readonly epoch: Uint8Array;
  readonly nonce: Uint8Array;
  readonly plain: Uint8Array;
}): Uint8Array {
  const aad = Buffer.concat([
    text('vault record v1'),
    Uint8Array.of(request.type),
    request.folder,
    request.log,
    number(BigInt(request.seq), 8),
    number(BigInt(request.index), 4),
    request.epoch,
  ]);
  const key = derive(request.epochSecret, 'vault v1 record key');
  const sealed = aeadSeal(key, request.nonce, aad, request.plain);
  return new Uint8Array(Buffer.concat([request.nonce, sealed]));
}
