/** The key slots of one root key as a set: opening it, taking slots away, exchanging them. */

import { equalBytes, type Bytes } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import { MAX_SLOTS } from '../limits.ts';
import { openSlot, type Slot, type SlotKind, type SlotSecret } from './slot.ts';
import { decodeSlots, encodeSlots, type SlotsFile } from './slots-file.ts';
import type { Sodium } from './sodium.ts';

/**
 * Opens the root key with exactly this secret: every slot of its kind is tried, no other. Then proves
 * that nobody without the root key touched the slots.
 *
 * Throws `VAULT_KEY_WRONG` where no slot opens, `VAULT_DAMAGED` where one opens but it or the set was
 * changed.
 */
export async function openSlots(
  sodium: Sodium,
  file: SlotsFile,
  secret: SlotSecret,
): Promise<{ readonly root: Uint8Array; readonly slot: Slot }> {
  const candidates = file.slots.filter((slot) => slot.kind === secret.kind);
  for (const slot of candidates) {
    const root = await openSlot(sodium, slot, secret);
    if (!root) continue;
    if (!file.isAuthentic(root)) {
      throw new VaultError(
        'VAULT_DAMAGED',
        'the key slots were changed by somebody without the key',
      );
    }
    return { root, slot };
  }
  const kinds = [...new Set(file.slots.map((slot) => kindNames[slot.kind]))];
  throw candidates.length === 0
    ? new VaultError('VAULT_KEY_WRONG', `no ${kindNames[secret.kind]} opens this`, {
        hint: `open it with a ${kinds.join(' or a ')}`,
      })
    : new VaultError('VAULT_KEY_WRONG', `wrong ${kindNames[secret.kind]}`);
}

/** The slots with one more. Throws `VAULT_LIMIT_EXCEEDED` where there are too many. */
export function addSlot(slots: readonly Slot[], slot: Slot): readonly Slot[] {
  if (slots.length >= MAX_SLOTS) {
    throw new VaultError(
      'VAULT_LIMIT_EXCEEDED',
      `there can be no more than ${MAX_SLOTS} key slots`,
    );
  }
  return [...slots, slot];
}

/** The slots without one. Throws `VAULT_NOT_FOUND`, or `VAULT_REFUSED` for the last one. */
export function removeSlot(slots: readonly Slot[], id: string): readonly Slot[] {
  const rest = slots.filter((slot) => slot.id !== id);
  if (rest.length === slots.length) throw new VaultError('VAULT_NOT_FOUND', `no key slot ${id}`);
  if (rest.length === 0) {
    throw new VaultError('VAULT_REFUSED', 'this is the last key slot: without it nothing opens', {
      hint: 'add another slot first',
    });
  }
  return rest;
}

/**
 * The slots with `next.slot` in place of slot `id`, proved before the old one goes: the new set is
 * encoded, decoded and opened with the new secret. Throws `VAULT_NOT_FOUND`, or `VAULT_DAMAGED` where
 * the proof fails.
 */
export async function replaceSlot(
  sodium: Sodium,
  slots: readonly Slot[],
  id: string,
  next: { readonly slot: Slot; readonly secret: SlotSecret; readonly root: Bytes },
): Promise<readonly Slot[]> {
  if (!slots.some((slot) => slot.id === id)) {
    throw new VaultError('VAULT_NOT_FOUND', `no key slot ${id}`);
  }
  const replaced = slots.map((slot) => (slot.id === id ? next.slot : slot));
  const read = decodeSlots(encodeSlots(replaced, next.root));
  const found = read.slots.find((slot) => slot.id === next.slot.id);
  const root = found && (await openSlot(sodium, found, next.secret));
  if (!root || !equalBytes(root, next.root) || !read.isAuthentic(root)) {
    throw new VaultError('VAULT_DAMAGED', 'the new key slot does not open; the old one stays');
  }
  return replaced;
}

const kindNames: Readonly<Record<SlotKind, string>> = {
  passphrase: 'passphrase',
  'recovery-code': 'recovery code',
  'device-key': 'device key',
};
