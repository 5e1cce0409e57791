/** A node's identity: an Ed25519 pair it signs with and an X25519 pair that secrets are sealed to. */

import { concat, toHex, utf8, type Bytes } from '../bytes.ts';
import type { Sodium } from './sodium.ts';

export interface Identity {
  /** Name of the node: {@link signKey} in lower-case hex. */
  readonly id: string;
  /** Ed25519 public key, 32 bytes. */
  readonly signKey: Uint8Array;
  /** X25519 public key, 32 bytes. */
  readonly exchangeKey: Uint8Array;
  /** Signature over `label` and `message`, 64 bytes: see {@link signedBytes}. */
  sign(label: string, message: Bytes): Uint8Array;
  /** What a box sealed to {@link exchangeKey} holds, or undefined. */
  openSealedBox(sealed: Bytes): Uint8Array | undefined;
  /** X25519 shared secret with a peer's exchange key. Throws `VAULT_NOT_PERMITTED` for a key of low order. */
  exchange(publicKey: Bytes): Uint8Array;
}

/** The identity of two independent 32-byte seeds. */
export function openIdentity(
  sodium: Sodium,
  seeds: { readonly sign: Bytes; readonly exchange: Bytes },
): Identity {
  if (seeds.sign.length !== 32 || seeds.exchange.length !== 32) {
    throw new RangeError('expected two seeds of 32 bytes');
  }
  const signing = sodium.signPair(seeds.sign);
  const exchanging = sodium.exchangePair(seeds.exchange);
  return {
    id: toHex(signing.publicKey),
    signKey: signing.publicKey,
    exchangeKey: exchanging.publicKey,
    sign: (label, message) => sodium.sign(signedBytes(label, message), signing.secretKey),
    openSealedBox: (sealed) => sodium.openSealedBox(sealed, exchanging),
    exchange: (publicKey) => sodium.exchange(exchanging.secretKey, publicKey),
  };
}

/** Whether `signature` is this node's over exactly this label and message. */
export function verifySignature(
  sodium: Sodium,
  signed: {
    readonly label: string;
    readonly message: Bytes;
    readonly signature: Bytes;
    /** Ed25519 public key. */
    readonly signKey: Bytes;
  },
): boolean {
  return sodium.verify(signed.signature, signedBytes(signed.label, signed.message), signed.signKey);
}

/**
 * What is signed: "vault signature v1" | length of the label u8 | label | message. The label says what
 * kind of thing the message is, so that a signature over one kind is never good for another.
 */
export function signedBytes(label: string, message: Bytes): Uint8Array {
  const name = utf8(label);
  if (name.length === 0 || name.length > 255) {
    throw new RangeError(`expected a label of 1 to 255 bytes, got ${name.length}`);
  }
  return concat(utf8('vault signature v1'), Uint8Array.of(name.length), name, message);
}
