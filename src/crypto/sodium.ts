/**
 * Public-key cryptography: Ed25519 (RFC 8032), X25519 (RFC 7748), sealed boxes (libsodium). The only
 * importer of `libsodium-wrappers`, which is loaded when first asked for.
 */

import type { Bytes } from '../bytes.ts';
import type { RandomSource } from '../random.ts';
import { VaultError } from '../errors.ts';

export interface KeyPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

/** Bytes that {@link Sodium.sealTo} adds. */
export const SEALED_BOX_OVERHEAD = 48;

export interface Sodium {
  /** Ed25519 pair of a 32-byte seed; its secret key has 64 bytes. */
  signPair(seed: Bytes): KeyPair;
  /** Detached Ed25519 signature, 64 bytes. */
  sign(message: Bytes, secretKey: Bytes): Uint8Array;
  /** Whether the signature is valid. False for any malformed key or signature. */
  verify(signature: Bytes, message: Bytes, publicKey: Bytes): boolean;
  /** X25519 pair of 32 secret bytes (clamped in use, RFC 7748 §5). */
  exchangePair(secret: Bytes): KeyPair;
  /** X25519 shared secret, 32 bytes. Throws `VAULT_NOT_PERMITTED` where it would be all zeros: a public key of low order. */
  exchange(secretKey: Bytes, publicKey: Bytes): Uint8Array;
  /**
   * Sealed box to an X25519 public key, with the ephemeral key from `random`: ephemeral public key
   * 32 | crypto_box of `plain` under the nonce BLAKE2b-192(ephemeral public key | public key).
   */
  sealTo(publicKey: Bytes, plain: Bytes, random: RandomSource): Uint8Array;
  /** What a sealed box holds, or undefined where it was not sealed to this pair or is damaged. */
  openSealedBox(sealed: Bytes, pair: KeyPair): Uint8Array | undefined;
}

let loaded: Promise<Sodium> | undefined;

/** libsodium, compiled once per thread. */
export async function loadSodium(): Promise<Sodium> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Sodium> {
  const { default: sodium } = await import('libsodium-wrappers');
  await sodium.ready;
  return {
    signPair(seed) {
      const { publicKey, privateKey } = sodium.crypto_sign_seed_keypair(seed);
      return { publicKey, secretKey: privateKey };
    },
    sign: (message, key) => sodium.crypto_sign_detached(message, key),
    verify(signature, message, publicKey) {
      if (signature.length !== 64 || publicKey.length !== 32) return false;
      return sodium.crypto_sign_verify_detached(signature, message, publicKey);
    },
    exchangePair(secret) {
      return { publicKey: sodium.crypto_scalarmult_base(secret), secretKey: secret.slice() };
    },
    exchange(secret, publicKey) {
      expect32(publicKey, 'public key');
      expect32(secret, 'secret key');
      try {
        return sodium.crypto_scalarmult(secret, publicKey);
      } catch (cause) {
        throw new VaultError('VAULT_NOT_PERMITTED', 'public key of low order', { cause });
      }
    },
    sealTo(publicKey, plain, random) {
      expect32(publicKey, 'public key');
      const ephemeral = random.bytes(32);
      const own = sodium.crypto_scalarmult_base(ephemeral);
      const nonce = boxNonce(own, publicKey);
      let box: Uint8Array;
      try {
        box = sodium.crypto_box_easy(plain, nonce, publicKey, ephemeral);
      } catch (cause) {
        throw new VaultError('VAULT_NOT_PERMITTED', 'public key of low order', { cause });
      } finally {
        sodium.memzero(ephemeral);
      }
      const sealed = new Uint8Array(own.length + box.length);
      sealed.set(own);
      sealed.set(box, own.length);
      return sealed;
    },
    openSealedBox(sealed, pair) {
      if (sealed.length < SEALED_BOX_OVERHEAD) return undefined;
      try {
        return sodium.crypto_box_seal_open(sealed, pair.publicKey, pair.secretKey);
      } catch {
        return undefined;
      }
    },
  };

  function boxNonce(ephemeral: Bytes, publicKey: Bytes): Uint8Array {
    const both = new Uint8Array(64);
    both.set(ephemeral);
    both.set(publicKey, 32);
    return sodium.crypto_generichash(sodium.crypto_box_NONCEBYTES, both, null);
  }
}

function expect32(bytes: Bytes, what: string): void {
  if (bytes.length !== 32)
    throw new RangeError(`expected a ${what} of 32 bytes, got ${bytes.length}`);
}
