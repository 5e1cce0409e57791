/** `init`: makes a home with a new identity. */

import { toHex } from '../bytes.ts';
import { newDeviceKey } from '../crypto/device-key.ts';
import { deriveRootKeys } from '../crypto/folder-keys.ts';
import { formatRecoveryCode, newRecoveryBytes } from '../crypto/recovery-code.ts';
import { createSlot, type Slot, type SlotSecret } from '../crypto/slot.ts';
import { encodeSlots } from '../crypto/slots-file.ts';
import { loadSodium } from '../crypto/sodium.ts';
import { VaultError } from '../errors.ts';
import { Reserve } from '../store/reserve.ts';
import { writeTwin } from '../store/twin-file.ts';
import { makeDurableDirectories } from '../system/durable-directories.ts';
import type { FileSystem } from '../system/file-system.ts';
import type { Environment, LockOptions } from './environment.ts';
import { readIdentity, writeDeviceKey, writeNewIdentity } from './home-files.ts';
import { homeLayout, type HomeLayout } from './home-layout.ts';
import { readHomeMarker, writeHomeMarker } from './home-marker.ts';
import { effectiveSetting, parseSetting, writeSettings, type Settings } from './settings.ts';

export interface CreateHome {
  /** Absolute. */
  readonly home: string;
  readonly name: string | undefined;
  readonly passphrase: string | undefined;
  /** Absolute path of a device key file to make. */
  readonly deviceKey: string | undefined;
  /** What it begins with besides its name; default nothing. */
  readonly settings?: Omit<Settings, 'name'>;
}

export interface CreatedHome {
  readonly node: string;
  readonly name: string;
  readonly recoveryCode: string;
}

/** Names that an earlier, unfinished creation may have left. */
const ownNames =
  /^(?:(?:home|keys|identity|settings)\.[ab](?:\.tmp)?|lock|reserve(?:\.tmp)?|folders|device-key)$/;

/**
 * Makes a home with a new identity. It is one only once everything is durable; an unfinished one is
 * begun again. Throws `VAULT_EXISTS` where a home or anything else is there.
 */
export async function createHome(
  environment: Environment,
  request: CreateHome,
  lockOptions: LockOptions,
): Promise<CreatedHome> {
  const { fileSystem, random, clock } = environment;
  const layout = homeLayout(request.home);
  const name = parseSetting('name', request.name ?? environment.machineName);
  const settings = { ...request.settings, name };
  assertVacant(fileSystem, layout);
  const sodium = await loadSodium();
  const tools = { sodium, random };
  const root = random.bytes(32);
  const createdMs = Math.floor(clock.wallMs());
  const cost = environment.scryptCost === undefined ? {} : { cost: environment.scryptCost };
  const slots: Slot[] = [];
  const add = async (secret: SlotSecret, label: string): Promise<void> => {
    slots.push(await createSlot(tools, { secret, root, label, createdMs, ...cost }));
  };
  if (request.passphrase !== undefined) {
    await add({ kind: 'passphrase', passphrase: request.passphrase }, 'passphrase');
  }
  const recoveryCode = formatRecoveryCode(newRecoveryBytes(random));
  await add({ kind: 'recovery-code', code: recoveryCode }, 'recovery code');
  const deviceKey = newDeviceKey(random);
  if (request.deviceKey !== undefined) {
    await add({ kind: 'device-key', key: deviceKey }, 'device key');
  }

  makeDurableDirectories(fileSystem, layout.root, 0o700);
  const lock = await environment.lock(layout.lock, lockOptions);
  try {
    assertVacant(fileSystem, layout);
    // One that an unfinished creation left opens nothing.
    if (fileSystem.statIfPresent(layout.deviceKey)) fileSystem.removeFile(layout.deviceKey);
    if (request.deviceKey !== undefined) writeDeviceKey(fileSystem, request.deviceKey, deviceKey);
    writeTwin(fileSystem, layout.keys, encodeSlots(slots, root));
    const keys = deriveRootKeys(root);
    writeNewIdentity(fileSystem, layout, keys, random);
    writeSettings(fileSystem, layout.settings, keys.homeKey, random, settings);
    fileSystem.makeDirectories(layout.folders, 0o700);
    const reserve = effectiveSetting(settings, 'reserve');
    new Reserve(fileSystem, layout.reserve, Number(reserve)).restore();
    writeHomeMarker(fileSystem, layout.marker, toHex(random.bytes(16)));
    return { node: readIdentity(fileSystem, layout, keys, sodium).id, name, recoveryCode };
  } finally {
    await lock.close();
  }
}

function assertVacant(fileSystem: FileSystem, layout: HomeLayout): void {
  if (fileSystem.statIfPresent(layout.root) === undefined) return;
  if (readHomeMarker(fileSystem, layout.marker) !== undefined) {
    throw new VaultError(
      'VAULT_EXISTS',
      `there is a vault home at ${JSON.stringify(layout.root)} already`,
    );
  }
  const other = fileSystem.list(layout.root).find(({ name }) => !ownNames.test(name));
  if (other !== undefined) {
    throw new VaultError('VAULT_EXISTS', `${JSON.stringify(layout.root)} is not empty`, {
      hint: 'choose another place with --home',
    });
  }
}
