/**
 * One key slot: a way to open a 32-byte root key.
 *
 * The slot's secret yields an X25519 pair, and the root key is sealed to its public half. So a root
 * key can be sealed anew to every slot without knowing any secret.
 */

import { equalBytes, toHex, type Bytes } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import { MAX_LABEL } from '../limits.ts';
import type { RandomSource } from '../random.ts';
import { hkdf, KEY_BYTES } from './hash.ts';
import { passphraseBytes } from './passphrase.ts';
import { parseRecoveryCode } from './recovery-code.ts';
import { SCRYPT_COST, scryptKey, type ScryptCost } from './scrypt.ts';
import { SEALED_BOX_OVERHEAD, type KeyPair, type Sodium } from './sodium.ts';

export type SlotKind = 'passphrase' | 'recovery-code' | 'device-key';

/** How the slot's X25519 secret comes from its secret. `salt`: 32 random bytes. */
export type SlotKdf =
  | ({ readonly name: 'scrypt'; readonly salt: Uint8Array } & ScryptCost)
  | { readonly name: 'hkdf'; readonly salt: Uint8Array };

export interface Slot {
  /** 16 hex digits, random. */
  readonly id: string;
  readonly kind: SlotKind;
  readonly label: string;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  readonly kdf: SlotKdf;
  /** X25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Sealed box of the root key, {@link SEALED_ROOT_BYTES}. */
  readonly sealedRoot: Uint8Array;
}

export const SLOT_ID_BYTES = 8;
export const SALT_BYTES = 32;
export const SEALED_ROOT_BYTES = KEY_BYTES + SEALED_BOX_OVERHEAD;

/** What a person or a device supplies. */
export type SlotSecret =
  | { readonly kind: 'passphrase'; readonly passphrase: string }
  /** As typed. */
  | { readonly kind: 'recovery-code'; readonly code: string }
  /** 32 bytes. */
  | { readonly kind: 'device-key'; readonly key: Bytes };

/**
 * A new slot that opens `root` with `secret`. Throws `VAULT_USAGE` for a bad passphrase or label,
 * `VAULT_KEY_WRONG` for a malformed recovery code. Default cost: {@link SCRYPT_COST}.
 */
export async function createSlot(
  tools: { readonly sodium: Sodium; readonly random: RandomSource },
  request: {
    readonly secret: SlotSecret;
    readonly root: Bytes;
    readonly label: string;
    readonly createdMs: number;
    readonly cost?: ScryptCost;
  },
): Promise<Slot> {
  const { secret, root, label, createdMs } = request;
  if (root.length !== KEY_BYTES) {
    throw new RangeError(`expected a root key of ${KEY_BYTES} bytes, got ${root.length}`);
  }
  if (label.length > MAX_LABEL || !label.isWellFormed()) {
    throw new VaultError(
      'VAULT_USAGE',
      `the slot's label is not text of at most ${MAX_LABEL} characters`,
    );
  }
  const id = toHex(tools.random.bytes(SLOT_ID_BYTES));
  const salt = tools.random.bytes(SALT_BYTES);
  const kdf: SlotKdf =
    secret.kind === 'device-key'
      ? { name: 'hkdf', salt }
      : { name: 'scrypt', salt, ...(request.cost ?? SCRYPT_COST) };
  const { publicKey } = await slotPair(tools.sodium, kdf, secret);
  const sealedRoot = tools.sodium.sealTo(publicKey, root, tools.random);
  return { id, kind: secret.kind, label, createdMs, kdf, publicKey, sealedRoot };
}

/**
 * The root key, or undefined where the secret is another one. Throws `VAULT_DAMAGED` where the secret
 * is right and the sealed root is not, `VAULT_LIMIT_EXCEEDED` where the slot asks for too costly a
 * derivation, and for malformed secrets as {@link createSlot} does.
 */
export async function openSlot(
  sodium: Sodium,
  slot: Slot,
  secret: SlotSecret,
): Promise<Uint8Array | undefined> {
  if (slot.kind !== secret.kind) return undefined;
  const pair = await slotPair(sodium, slot.kdf, secret);
  if (!equalBytes(pair.publicKey, slot.publicKey)) return undefined;
  const root = sodium.openSealedBox(slot.sealedRoot, pair);
  if (root?.length !== KEY_BYTES) {
    throw new VaultError('VAULT_DAMAGED', `key slot ${slot.id} is damaged`);
  }
  return root;
}

async function slotPair(sodium: Sodium, kdf: SlotKdf, secret: SlotSecret): Promise<KeyPair> {
  const bytes = secretBytes(secret);
  const scalar =
    kdf.name === 'scrypt'
      ? await scryptKey(bytes, kdf.salt, kdf)
      : hkdf(bytes, 'vault v1 device key slot', KEY_BYTES, kdf.salt);
  return sodium.exchangePair(scalar);
}

function secretBytes(secret: SlotSecret): Bytes {
  switch (secret.kind) {
    case 'passphrase':
      return passphraseBytes(secret.passphrase);
    case 'recovery-code':
      return parseRecoveryCode(secret.code);
    case 'device-key':
      if (secret.key.length === KEY_BYTES) return secret.key;
      throw new RangeError(`expected a device key of ${KEY_BYTES} bytes, got ${secret.key.length}`);
  }
}
