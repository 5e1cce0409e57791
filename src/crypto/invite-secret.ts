/** The secret of an invite, and what follows from it: its name, and the shared key of the joiner's handshake. */

import type { Bytes } from '../bytes.ts';
import { hkdf } from './hash.ts';

/** Bytes of an invite's secret. */
export const INVITE_SECRET_BYTES = 16;

export interface InviteKeys {
  /** 32 bytes that name the invite, and tell nothing of its secret. */
  readonly id: Uint8Array;
  /** The shared key of the handshake, 32 bytes. */
  readonly psk: Uint8Array;
}

/** Id and key of a secret, by HKDF-SHA256. Throws `RangeError` for another length. */
export function inviteKeys(secret: Bytes): InviteKeys {
  if (secret.length !== INVITE_SECRET_BYTES) {
    throw new RangeError(`expected a secret of ${INVITE_SECRET_BYTES} bytes, got ${secret.length}`);
  }
  return { id: hkdf(secret, 'vault v1 invite id'), psk: hkdf(secret, 'vault v1 invite key') };
}
