/**
 * The key slots as bytes: canonical CBOR (see `codec.ts`), then SHA-256 of it, 32 bytes.
 *
 * `[format 1, [slot, …], mac]`, a slot being `[id 8 bytes, kind, label, created ms, kdf, public key 32,
 * sealed root 80]`; kind 1 passphrase, 2 recovery code, 3 device key; kdf `[1, log2 N, r, p, salt 32]`
 * scrypt or `[2, salt 32]` HKDF; mac HMAC-SHA256(slots key, "vault slots v1" | CBOR of the slot list).
 *
 * The checksum tells damage from a wrong secret before anything opens; the mac, checked once it is
 * open, shows what was changed by somebody without the root key.
 */

import { asArray, asBytes, asInteger, asText, decode, encode, type CborValue } from '../codec.ts';
import { concat, equalBytes, fromHex, toHex, utf8, type Bytes } from '../bytes.ts';
import { isVaultError, VaultError } from '../errors.ts';
import { MAX_LABEL, MAX_SLOTS } from '../limits.ts';
import { deriveRootKeys } from './folder-keys.ts';
import { equalMacs, hmacSha256, KEY_BYTES, sha256 } from './hash.ts';
import { checkScryptCost } from './scrypt.ts';
import {
  SALT_BYTES,
  SEALED_ROOT_BYTES,
  SLOT_ID_BYTES,
  type Slot,
  type SlotKdf,
  type SlotKind,
} from './slot.ts';

export interface SlotsFile {
  /** At least one. */
  readonly slots: readonly Slot[];
  /** Whether the slots are as they were written by somebody with this root key. */
  isAuthentic(root: Bytes): boolean;
}

const FORMAT = 1;
const CHECKSUM_BYTES = 32;
const kinds: readonly SlotKind[] = ['passphrase', 'recovery-code', 'device-key'];

/** The slots' bytes, authenticated under the root key that they open. */
export function encodeSlots(slots: readonly Slot[], root: Bytes): Uint8Array {
  const list = slots.map(slotValue);
  const body = encode([FORMAT, list, slotsMac(list, root)]);
  return concat(body, sha256(body));
}

/**
 * The slots in bytes of {@link encodeSlots}. Throws `VAULT_DAMAGED` where a byte differs,
 * `VAULT_FORMAT_UNSUPPORTED` for a newer format, `VAULT_LIMIT_EXCEEDED` for a derivation too costly
 * or too cheap.
 */
export function decodeSlots(bytes: Bytes): SlotsFile {
  const body = bytes.subarray(0, Math.max(0, bytes.length - CHECKSUM_BYTES));
  if (!equalBytes(sha256(body), bytes.subarray(body.length))) throw damaged();
  try {
    const parts = asArray(decode(body), 1);
    const format = asInteger(parts[0]);
    if (format !== FORMAT) throw unsupported(`key slots of format ${format}`);
    const [, list, mac] = asArray(parts, 3, 3);
    const given = asBytes(mac, KEY_BYTES);
    const values = asArray(list, 1, MAX_SLOTS);
    const slots = values.map(slotOf);
    if (new Set(slots.map(({ id }) => id)).size !== slots.length) throw damaged();
    return { slots, isAuthentic: (root) => equalMacs(slotsMac(values, root), given) };
  } catch (error) {
    if (isVaultError(error, 'VAULT_ENTRY_INVALID')) throw damaged(error);
    throw error;
  }
}

function slotsMac(list: readonly CborValue[], root: Bytes): Uint8Array {
  return hmacSha256(deriveRootKeys(root).slotsKey, utf8('vault slots v1'), encode(list));
}

function slotValue(slot: Slot): CborValue {
  const { kdf } = slot;
  return [
    fromHex(slot.id),
    kinds.indexOf(slot.kind) + 1,
    slot.label,
    slot.createdMs,
    kdf.name === 'scrypt' ? [1, kdf.log2N, kdf.r, kdf.p, kdf.salt] : [2, kdf.salt],
    slot.publicKey,
    slot.sealedRoot,
  ];
}

function slotOf(value: CborValue): Slot {
  const parts = asArray(value, 7, 7);
  const kindNumber = asInteger(parts[1]);
  const kind = kinds[kindNumber - 1];
  if (kind === undefined) throw unsupported(`key slot of kind ${kindNumber}`);
  const kdf = kdfOf(parts[4]);
  if ((kdf.name === 'hkdf') !== (kind === 'device-key')) throw damaged();
  return {
    id: toHex(asBytes(parts[0], SLOT_ID_BYTES)),
    kind,
    label: asText(parts[2], MAX_LABEL),
    createdMs: asInteger(parts[3]),
    kdf,
    publicKey: asBytes(parts[5], 32),
    sealedRoot: asBytes(parts[6], SEALED_ROOT_BYTES),
  };
}

function kdfOf(value: CborValue | undefined): SlotKdf {
  const parts = asArray(value, 1);
  const name = asInteger(parts[0]);
  if (name === 2) return { name: 'hkdf', salt: asBytes(asArray(parts, 2, 2)[1], SALT_BYTES) };
  if (name !== 1) throw unsupported(`key slot with key derivation ${name}`);
  const [, log2N, r, p, salt] = asArray(parts, 5, 5);
  const cost = { log2N: asInteger(log2N), r: asInteger(r), p: asInteger(p) };
  checkScryptCost(cost);
  return { name: 'scrypt', ...cost, salt: asBytes(salt, SALT_BYTES) };
}

function unsupported(what: string): VaultError {
  return new VaultError('VAULT_FORMAT_UNSUPPORTED', what, { hint: 'use a newer vault' });
}

function damaged(cause?: unknown): VaultError {
  return new VaultError('VAULT_DAMAGED', 'the key slots are damaged', { cause });
}
