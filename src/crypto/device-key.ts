/**
 * Device keys: 32 random bytes in a file that opens a home unattended.
 *
 * The file is one line of text: `vault-device-key-1`, a space, 64 hex digits, a space, and the first
 * 8 hex digits of SHA-256 of the key, so that a damaged file is not taken for a wrong one.
 */

import { fromHex, toHex, utf8, type Bytes } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import type { RandomSource } from '../random.ts';
import { KEY_BYTES, sha256 } from './hash.ts';

/** A new device key. */
export function newDeviceKey(random: RandomSource): Uint8Array {
  return random.bytes(KEY_BYTES);
}

/** Content of the file that keeps the key. */
export function formatDeviceKey(key: Bytes): Uint8Array {
  if (key.length !== KEY_BYTES) {
    throw new RangeError(`expected a key of ${KEY_BYTES} bytes, got ${key.length}`);
  }
  return utf8(`vault-device-key-1 ${toHex(key)} ${checksum(key)}\n`);
}

/**
 * The key in a file's content. Throws `VAULT_KEY_WRONG` where it is no device key file,
 * `VAULT_FORMAT_UNSUPPORTED` for a newer one, `VAULT_DAMAGED` where its bytes changed.
 */
export function parseDeviceKey(content: Bytes): Uint8Array {
  const text = Buffer.from(content).toString('latin1');
  const format = /^vault-device-key-(\d+) /.exec(text)?.[1];
  if (format === undefined) {
    throw new VaultError('VAULT_KEY_WRONG', 'the file is not a device key');
  }
  if (format !== '1') {
    throw new VaultError('VAULT_FORMAT_UNSUPPORTED', `device key of format ${format}`, {
      hint: 'use a newer vault',
    });
  }
  const [, key, sum] = /^\S+ ([0-9a-f]{64}) ([0-9a-f]{8})\r?\n?$/.exec(text) ?? [];
  if (key === undefined || checksum(fromHex(key)) !== sum) {
    throw new VaultError('VAULT_DAMAGED', 'the device key file is damaged');
  }
  return fromHex(key);
}

function checksum(key: Bytes): string {
  return toHex(sha256(key).subarray(0, 4));
}
