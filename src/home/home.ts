/**
 * A home: the private directory of one node. Opening it with a secret, its key slots and settings.
 * Nothing is written before the secret has proved right.
 */

import { newDeviceKey } from '../crypto/device-key.ts';
import { deriveRootKeys, type RootKeys } from '../crypto/folder-keys.ts';
import type { Identity } from '../crypto/identity.ts';
import { formatRecoveryCode, newRecoveryBytes } from '../crypto/recovery-code.ts';
import { createSlot, type Slot, type SlotSecret } from '../crypto/slot.ts';
import { encodeSlots } from '../crypto/slots-file.ts';
import { addSlot, openSlots, removeSlot, replaceSlot } from '../crypto/slots.ts';
import { loadSodium, type Sodium } from '../crypto/sodium.ts';
import { isVaultError, VaultError } from '../errors.ts';
import { Reserve } from '../store/reserve.ts';
import { mendTwinIfPossible, writeTwin } from '../store/twin-file.ts';
import type { Environment, Lock, LockOptions } from './environment.ts';
import {
  readIdentity,
  readSlots,
  slotSecret,
  writeDeviceKey,
  type HomeSecret,
} from './home-files.ts';
import { homeLayout, type HomeLayout } from './home-layout.ts';
import { InviteBook } from './invite-book.ts';
import { readHomeMarker, type HomeMarker } from './home-marker.ts';
import { readPeers, writePeers, type PeerFacts } from './peer-file.ts';
import {
  effectiveSetting,
  parseSetting,
  readSettings,
  writeSettings,
  type SettingName,
  type Settings,
} from './settings.ts';

export class Home {
  readonly layout: HomeLayout;
  readonly marker: HomeMarker;
  readonly keys: RootKeys;
  readonly identity: Identity;
  readonly sodium: Sodium;
  readonly invites: InviteBook;
  /** The slot that opened it. */
  readonly openedBy: Slot;
  #reserve: Reserve;
  readonly #environment: Environment;
  readonly #root: Uint8Array;
  readonly #lock: Lock;
  #settings: Settings;
  #peers: PeerFacts;

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
    const { fileSystem, random } = environment;
    this.identity = readIdentity(fileSystem, layout, this.keys, sodium);
    this.#settings = readSettings(fileSystem, layout.settings, this.keys.homeKey);
    this.#peers = readPeers(fileSystem, layout.peers, this.keys.homeKey);
    const key = this.keys.homeKey;
    this.invites = new InviteBook({ fileSystem, path: layout.invites, key, random });
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
    const marker = demandHomeMarker(fileSystem, layout);
    const slots = readSlots(fileSystem, layout);
    const deviceKey = fileSystem.statIfPresent(layout.deviceKey) !== undefined;
    const given = await secret({ deviceKey });
    const sodium = await loadSodium();
    const chosen = slotSecret(fileSystem, layout, given, deviceKey);
    const opened = await openSlots(sodium, slots, chosen);
    const lock = await lockAnyhow(environment, layout, lockOptions);
    try {
      const { identity, settings, peers, invites } = layout;
      for (const path of [layout.marker, layout.keys, identity, settings, peers, invites]) {
        mendTwinIfPossible(fileSystem, path);
      }
      return new Home(environment, layout, marker, sodium, opened, lock);
    } catch (error) {
      await lock.close();
      throw error;
    }
  }

  /** The slot that a secret opens. Throws `VAULT_KEY_WRONG`. Nothing is touched. */
  async prove(secret: HomeSecret): Promise<Slot> {
    const { fileSystem } = this.#environment;
    const slots = readSlots(fileSystem, this.layout);
    const chosen = slotSecret(fileSystem, this.layout, secret, false);
    return (await openSlots(this.sodium, slots, chosen)).slot;
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

  /** What this node knows of others for itself alone. */
  get peers(): PeerFacts {
    return this.#peers;
  }

  /** Changes what is known of others: durable on return. */
  updatePeers(change: Partial<PeerFacts>): void {
    const { fileSystem, random } = this.#environment;
    const peers = { ...this.#peers, ...change };
    writePeers(fileSystem, this.layout.peers, this.keys.homeKey, random, peers);
    this.#peers = peers;
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
    const slots = addSlot(this.slots(), slot);
    if (secret.kind !== 'device-key') {
      this.#writeSlots(slots);
      return slot;
    }
    const { fileSystem } = this.#environment;
    writeDeviceKey(fileSystem, secret.file, key);
    try {
      this.#writeSlots(slots);
    } catch (error) {
      fileSystem.removeFile(secret.file);
      throw error;
    }
    return slot;
  }

  /**
   * Removes a slot. The device key file inside the home goes too once it opens no slot that is left:
   * else the home would be tried with it and nobody be asked. Throws `VAULT_NOT_FOUND`, or
   * `VAULT_REFUSED` for the last slot.
   */
  async removeSlot(id: string): Promise<void> {
    this.#writeSlots(removeSlot(this.slots(), id));
    const { fileSystem } = this.#environment;
    const { deviceKey } = this.layout;
    if (fileSystem.statIfPresent(deviceKey) === undefined) return;
    const slots = readSlots(fileSystem, this.layout);
    try {
      const secret = slotSecret(fileSystem, this.layout, undefined, true);
      await openSlots(this.sodium, slots, secret);
    } catch (error) {
      if (!isVaultError(error)) throw error;
      if (error.code === 'VAULT_KEY_WRONG') fileSystem.removeFile(deviceKey);
    }
  }

  /**
   * Puts a new passphrase in place of the one that opened the home (or of the slot `openedBy`), or of the
   * only one. The new slot is proved before the old one goes.
   */
  async changePassphrase(passphrase: string, openedBy: string = this.openedBy.id): Promise<Slot> {
    const all = this.slots().filter(({ kind }) => kind === 'passphrase');
    const old = all.find(({ id }) => id === openedBy) ?? (all.length === 1 ? all[0] : undefined);
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

/** The marker of the home. Throws `VAULT_NOT_FOUND` where there is none, and as reading it does. */
export function demandHomeMarker(
  fileSystem: Environment['fileSystem'],
  layout: HomeLayout,
): HomeMarker {
  const marker = readHomeMarker(fileSystem, layout.marker);
  if (marker !== undefined) return marker;
  const root = JSON.stringify(layout.root);
  throw new VaultError('VAULT_NOT_FOUND', `there is no vault home at ${root}`, {
    hint: 'make one with: vault init',
  });
}

/** On a disk with no room left even the lock cannot be taken: then the reserve is given up first. */
export async function lockAnyhow(
  environment: Environment,
  layout: HomeLayout,
  options: LockOptions,
): Promise<Lock> {
  try {
    return await environment.lock(layout.lock, options);
  } catch (error) {
    if (!isVaultError(error, 'VAULT_NO_SPACE')) throw error;
    if (!new Reserve(environment.fileSystem, layout.reserve).release()) throw error;
    return environment.lock(layout.lock, options);
  }
}
