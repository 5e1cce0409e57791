/**
 * A home: the private directory of one node. Creating it, opening it with a secret, its key slots and
 * settings. Nothing is written before the secret has proved right.
 */

import { dirname } from 'node:path';
import { toHex, utf8 } from '../bytes.ts';
import { asArray, asBytes, asInteger, decode, encode } from '../codec.ts';
import { formatDeviceKey, newDeviceKey, parseDeviceKey } from '../crypto/device-key.ts';
import { deriveRootKeys, type RootKeys } from '../crypto/folder-keys.ts';
import { openIdentity, type Identity } from '../crypto/identity.ts';
import { formatRecoveryCode, newRecoveryBytes } from '../crypto/recovery-code.ts';
import { openRow, sealRow } from '../crypto/row-seal.ts';
import { createSlot, type Slot, type SlotSecret } from '../crypto/slot.ts';
import { decodeSlots, encodeSlots, type SlotsFile } from '../crypto/slots-file.ts';
import { addSlot, openSlots, removeSlot, replaceSlot } from '../crypto/slots.ts';
import { loadSodium, type Sodium } from '../crypto/sodium.ts';
import { systemCode, VaultError } from '../errors.ts';
import { Reserve } from '../store/reserve.ts';
import { mendTwin, readTwin, writeTwin } from '../store/twin-file.ts';
import { makeDurableDirectories } from '../system/durable-directories.ts';
import type { FileSystem } from '../system/file-system.ts';
import type { Environment, Lock, LockOptions } from './environment.ts';
import { homeLayout, type HomeLayout } from './home-layout.ts';
import { readHomeMarker, writeHomeMarker, type HomeMarker } from './home-marker.ts';
import {
  effectiveSetting,
  parseSetting,
  readSettings,
  writeSettings,
  type SettingName,
  type Settings,
} from './settings.ts';

/** What opens a home; a device key is named by the absolute path of its file. */
export type HomeSecret =
  | { readonly kind: 'passphrase'; readonly passphrase: string }
  | { readonly kind: 'recovery-code'; readonly code: string }
  | { readonly kind: 'device-key'; readonly file: string };

export interface CreateHome {
  /** Absolute. */
  readonly home: string;
  readonly name: string | undefined;
  readonly passphrase: string | undefined;
  /** Absolute path of a device key file to make. */
  readonly deviceKey: string | undefined;
}

export interface CreatedHome {
  readonly node: string;
  readonly name: string;
  readonly recoveryCode: string;
}

const identityKey = utf8('vault v1 identity');
const DEVICE_KEY_BYTES = 4096;
/** Names that an earlier, unfinished creation may have left. */
const ownNames =
  /^(?:(?:home|keys|identity|settings)\.[ab](?:\.tmp)?|lock|reserve|folders|device-key)$/;

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
    const seeds = encode([1, random.bytes(32), random.bytes(32)]);
    writeTwin(fileSystem, layout.identity, sealRow(keys.identityKey, identityKey, seeds, random));
    writeSettings(fileSystem, layout.settings, keys.homeKey, random, { name });
    fileSystem.makeDirectories(layout.folders, 0o700);
    new Reserve(fileSystem, layout.reserve).restore();
    writeHomeMarker(fileSystem, layout.marker, toHex(random.bytes(16)));
    return { node: readIdentity(fileSystem, layout, keys, sodium).id, name, recoveryCode };
  } finally {
    await lock.close();
  }
}

export class Home {
  readonly layout: HomeLayout;
  readonly marker: HomeMarker;
  readonly keys: RootKeys;
  readonly identity: Identity;
  readonly sodium: Sodium;
  /** The slot that opened it. */
  readonly openedBy: Slot;
  #reserve: Reserve;
  readonly #environment: Environment;
  readonly #root: Uint8Array;
  readonly #lock: Lock;
  #settings: Settings;

  private constructor(
    environment: Environment,
    layout: HomeLayout,
    marker: HomeMarker,
    sodium: Sodium,
    opened: { root: Uint8Array; slot: Slot },
    lock: Lock,
  ) {
    this.#environment = environment;
    this.layout = layout;
    this.marker = marker;
    this.sodium = sodium;
    this.openedBy = opened.slot;
    this.#root = opened.root;
    this.#lock = lock;
    this.keys = deriveRootKeys(opened.root);
    const { fileSystem } = environment;
    this.identity = readIdentity(fileSystem, layout, this.keys, sodium);
    this.#settings = readSettings(fileSystem, layout.settings, this.keys.homeKey);
    this.#reserve = new Reserve(fileSystem, layout.reserve, Number(this.setting('reserve')));
  }

  /**
   * Opens a home: proves the secret, takes the lock, and mends copies of its files. `secret` is asked
   * for once the home is found; undefined means the device key file inside the home.
   *
   * Throws `VAULT_NOT_FOUND` without a home there, `VAULT_KEY_WRONG` (nothing was touched),
   * `VAULT_LOCKED`, `VAULT_FORMAT_UNSUPPORTED`, `VAULT_DAMAGED` where both copies of a file are bad.
   */
  static async open(
    environment: Environment,
    root: string,
    secret: (found: { readonly deviceKey: boolean }) => Promise<HomeSecret | undefined>,
    lockOptions: LockOptions,
  ): Promise<Home> {
    const { fileSystem } = environment;
    const layout = homeLayout(root);
    const marker = readHomeMarker(fileSystem, layout.marker);
    if (marker === undefined) {
      throw new VaultError('VAULT_NOT_FOUND', `there is no vault home at ${JSON.stringify(root)}`, {
        hint: 'make one with: vault init',
      });
    }
    const slots = readSlots(fileSystem, layout);
    const deviceKey = fileSystem.statIfPresent(layout.deviceKey) !== undefined;
    const given = await secret({ deviceKey });
    const sodium = await loadSodium();
    const chosen = slotSecret(fileSystem, layout, given, deviceKey);
    const opened = await openSlots(sodium, slots, chosen);
    const lock = await environment.lock(layout.lock, lockOptions);
    try {
      for (const path of [layout.marker, layout.keys, layout.identity, layout.settings]) {
        mendQuietly(fileSystem, path);
      }
      return new Home(environment, layout, marker, sodium, opened, lock);
    } catch (error) {
      await lock.close();
      throw error;
    }
  }

  get reserve(): Reserve {
    return this.#reserve;
  }

  /** Makes the reserve as large as its setting says. Throws `VAULT_NO_SPACE` where it cannot grow. */
  applyReserve(): void {
    const { fileSystem } = this.#environment;
    this.#reserve.release();
    this.#reserve = new Reserve(fileSystem, this.layout.reserve, Number(this.setting('reserve')));
    this.#reserve.restore();
  }

  /** The value of a setting that is in force. */
  setting(name: SettingName): string {
    return effectiveSetting(this.#settings, name);
  }

  isSet(name: SettingName): boolean {
    return this.#settings[name] !== undefined;
  }

  /** Sets a setting: durable on return. Throws `VAULT_USAGE` for a value it does not take. */
  set(name: SettingName, text: string): string {
    const value = parseSetting(name, text);
    this.#settings = { ...this.#settings, [name]: value };
    const { fileSystem, random } = this.#environment;
    writeSettings(fileSystem, this.layout.settings, this.keys.homeKey, random, this.#settings);
    return value;
  }

  /** All key slots. */
  slots(): readonly Slot[] {
    return readSlots(this.#environment.fileSystem, this.layout).slots;
  }

  /** Adds a slot: durable on return. A device key's file is made at `file`. */
  async addSlot(
    secret:
      | { readonly kind: 'passphrase'; readonly passphrase: string }
      | { readonly kind: 'device-key'; readonly file: string },
    label: string,
  ): Promise<Slot> {
    const key = newDeviceKey(this.#environment.random);
    const slot = await this.#newSlot(
      secret.kind === 'passphrase' ? secret : { kind: 'device-key', key },
      label,
    );
    if (secret.kind === 'device-key')
      writeDeviceKey(this.#environment.fileSystem, secret.file, key);
    this.#writeSlots(addSlot(this.slots(), slot));
    return slot;
  }

  /** Removes a slot. Throws `VAULT_NOT_FOUND`, or `VAULT_REFUSED` for the last one. */
  removeSlot(id: string): void {
    this.#writeSlots(removeSlot(this.slots(), id));
  }

  /**
   * Puts a new passphrase in place of the one that opened the home, or of the only one. The new slot is
   * proved before the old one goes.
   */
  async changePassphrase(passphrase: string): Promise<Slot> {
    const all = this.slots().filter(({ kind }) => kind === 'passphrase');
    const old =
      all.find(({ id }) => id === this.openedBy.id) ?? (all.length === 1 ? all[0] : undefined);
    const secret = { kind: 'passphrase', passphrase } as const;
    if (old === undefined) {
      if (all.length === 0) return this.addSlot(secret, 'passphrase');
      throw new VaultError(
        'VAULT_USAGE',
        'there are several passphrases and none of them opened the home',
        {
          hint: 'open it with the passphrase to be changed',
        },
      );
    }
    return this.#replace(old, secret);
  }

  /** Makes a new recovery code; the old one opens nothing any more. */
  async newRecoveryCode(): Promise<{ readonly slot: Slot; readonly recoveryCode: string }> {
    const recoveryCode = formatRecoveryCode(newRecoveryBytes(this.#environment.random));
    const secret = { kind: 'recovery-code', code: recoveryCode } as const;
    const old = this.slots().find(({ kind }) => kind === 'recovery-code');
    if (old !== undefined) return { slot: await this.#replace(old, secret), recoveryCode };
    const slot = await this.#newSlot(secret, 'recovery code');
    this.#writeSlots(addSlot(this.slots(), slot));
    return { slot, recoveryCode };
  }

  /** Gives up the lock. Idempotent. */
  async close(): Promise<void> {
    await this.#lock.close();
  }

  async #replace(old: Slot, secret: SlotSecret): Promise<Slot> {
    const slot = await this.#newSlot(secret, old.label);
    const next = { slot, secret, root: this.#root };
    this.#writeSlots(await replaceSlot(this.sodium, this.slots(), old.id, next));
    return slot;
  }

  async #newSlot(secret: SlotSecret, label: string): Promise<Slot> {
    const { random, clock, scryptCost } = this.#environment;
    return createSlot(
      { sodium: this.sodium, random },
      {
        secret,
        root: this.#root,
        label,
        createdMs: Math.floor(clock.wallMs()),
        ...(scryptCost === undefined ? {} : { cost: scryptCost }),
      },
    );
  }

  #writeSlots(slots: readonly Slot[]): void {
    writeTwin(this.#environment.fileSystem, this.layout.keys, encodeSlots(slots, this.#root));
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

function readSlots(fileSystem: FileSystem, layout: HomeLayout): SlotsFile {
  const found = readTwin(fileSystem, layout.keys);
  if (found === undefined)
    throw new VaultError('VAULT_DAMAGED', 'the key slots of this home are missing');
  return decodeSlots(found.content);
}

function readIdentity(
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

function slotSecret(
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
  const content = fileSystem.readFile(given?.file ?? layout.deviceKey, DEVICE_KEY_BYTES);
  return { kind: 'device-key', key: parseDeviceKey(content) };
}

/** A new file that only its owner reads. Throws `VAULT_EXISTS` rather than overwriting anything. */
function writeDeviceKey(fileSystem: FileSystem, path: string, key: Uint8Array): void {
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

/** A copy that cannot be mended now (a full or read-only disk) is mended another time. */
function mendQuietly(fileSystem: FileSystem, path: string): void {
  try {
    mendTwin(fileSystem, path);
  } catch (error) {
    if (!(error instanceof VaultError) || error.code === 'VAULT_DAMAGED') throw error;
  }
}
