/** Files of a home that open it: key slots, identity, device key. */

import { dirname } from 'node:path';
import { utf8 } from '../bytes.ts';
import { asArray, asBytes, asInteger, decode, encode } from '../codec.ts';
import { formatDeviceKey, parseDeviceKey } from '../crypto/device-key.ts';
import type { RootKeys } from '../crypto/folder-keys.ts';
import { openIdentity, type Identity } from '../crypto/identity.ts';
import { openRow, sealRow } from '../crypto/row-seal.ts';
import type { SlotSecret } from '../crypto/slot.ts';
import { decodeSlots, type SlotsFile } from '../crypto/slots-file.ts';
import type { Sodium } from '../crypto/sodium.ts';
import { systemCode, VaultError } from '../errors.ts';
import type { RandomSource } from '../random.ts';
import { readTwin, writeTwin } from '../store/twin-file.ts';
import type { FileSystem } from '../system/file-system.ts';
import type { HomeLayout } from './home-layout.ts';

/** What opens a home; a device key is named by the absolute path of its file. */
export type HomeSecret =
  | { readonly kind: 'passphrase'; readonly passphrase: string }
  | { readonly kind: 'recovery-code'; readonly code: string }
  | { readonly kind: 'device-key'; readonly file: string };

const identityKey = utf8('vault v1 identity');
const DEVICE_KEY_BYTES = 4096;
/** What reading answers where there is something else or nothing. */
const NO_KEY_FILE = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'EFBIG']);

/** Makes the node's keys: durable on return. */
export function writeNewIdentity(
  fileSystem: FileSystem,
  layout: HomeLayout,
  keys: RootKeys,
  random: RandomSource,
): void {
  const seeds = encode([1, random.bytes(32), random.bytes(32)]);
  writeTwin(fileSystem, layout.identity, sealRow(keys.identityKey, identityKey, seeds, random));
}

/** The key slots. Throws `VAULT_DAMAGED` where both copies are bad or missing. */
export function readSlots(fileSystem: FileSystem, layout: HomeLayout): SlotsFile {
  const found = readTwin(fileSystem, layout.keys);
  if (found === undefined)
    throw new VaultError('VAULT_DAMAGED', 'the key slots of this home are missing');
  return decodeSlots(found.content);
}

/** The node's keys. Throws `VAULT_DAMAGED`, `VAULT_FORMAT_UNSUPPORTED`. */
export function readIdentity(
  fileSystem: FileSystem,
  layout: HomeLayout,
  keys: RootKeys,
  sodium: Sodium,
): Identity {
  const found = readTwin(fileSystem, layout.identity);
  if (found === undefined)
    throw new VaultError('VAULT_DAMAGED', 'the identity of this home is missing');
  const fields = asArray(decode(openRow(keys.identityKey, identityKey, found.content)), 3);
  if (asInteger(fields[0]) !== 1) {
    throw new VaultError('VAULT_FORMAT_UNSUPPORTED', 'the identity is of a newer format');
  }
  return openIdentity(sodium, { sign: asBytes(fields[1], 32), exchange: asBytes(fields[2], 32) });
}

/** What to try the slots with: exactly what was given, else the device key file inside the home. */
export function slotSecret(
  fileSystem: FileSystem,
  layout: HomeLayout,
  given: HomeSecret | undefined,
  deviceKey: boolean,
): SlotSecret {
  if (given !== undefined && given.kind !== 'device-key') return given;
  if (given === undefined && !deviceKey) {
    throw new VaultError('VAULT_KEY_WRONG', 'a passphrase is needed to open this home', {
      hint: 'give one with --passphrase-file, --passphrase-command or VAULT_PASSPHRASE',
    });
  }
  const file = given?.file ?? layout.deviceKey;
  try {
    const content = fileSystem.readFile(file, DEVICE_KEY_BYTES);
    return { kind: 'device-key', key: parseDeviceKey(content) };
  } catch (cause) {
    if (!NO_KEY_FILE.has(systemCode(cause) ?? '')) throw cause;
    throw new VaultError('VAULT_KEY_WRONG', `there is no device key at ${JSON.stringify(file)}`, {
      cause,
    });
  }
}

/** A new file that only its owner reads, durable on return. Throws `VAULT_EXISTS` rather than overwriting anything. */
export function writeDeviceKey(fileSystem: FileSystem, path: string, key: Uint8Array): void {
  let file;
  try {
    file = fileSystem.open(path, { mode: 'create', permissions: 0o600 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    throw new VaultError('VAULT_EXISTS', `there is a file at ${JSON.stringify(path)} already`);
  }
  try {
    file.write(formatDeviceKey(key), 0);
    file.sync();
  } finally {
    file.close();
  }
  fileSystem.syncDirectory(dirname(path));
}
