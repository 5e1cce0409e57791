/** Opens a home, wires everything below to it, and closes it again: the one place that does. */

import { isAbsolute } from 'node:path';
import { isVaultError, systemCode, VaultError } from './errors.ts';
import type { Environment } from './home/environment.ts';
import { FolderSet, isInside, realPathOfMissing } from './home/folder-set.ts';
import { createHome } from './home/create-home.ts';
import { demandHomeMarker, Home, lockAnyhow } from './home/home.ts';
import { homeLayout } from './home/home-layout.ts';
import { readHomeMarker } from './home/home-marker.ts';
import { systemEnvironment, systemPool } from './home/system-environment.ts';
import { addFolder } from './operations/add-folder.ts';
import type { VaultApi } from './operations/api.ts';
import { Background } from './operations/background.ts';
import type { OperationContext } from './operations/operation.ts';
import type {
  DoctorOptions,
  DoctorResult,
  InitOptions,
  InitResult,
  OpenOptions,
  Secret,
} from './operations/home-options.ts';
import { conflicts } from './operations/conflicts.ts';
import { allowNode, denyNode, type DenyOptions } from './operations/deny.ts';
import { diff } from './operations/diff.ts';
import { doctor } from './operations/doctor.ts';
import type { Exchange, ExchangeOptions } from './operations/exchange.ts';
import type { FolderAddOptions, FolderSetOptions } from './operations/folder-options.ts';
import { find } from './operations/find.ts';
import { listFolders, removeFolder, setFolder, showFolder } from './operations/folders.ts';
import {
  addKey,
  getSetting,
  listKeys,
  listSettings,
  removeKey,
  setSetting,
} from './operations/keys.ts';
import { listInvites, makeInvite, revokeInvite } from './operations/invites.ts';
import { openNodeNetwork } from './operations/join-dial.ts';
import { join } from './operations/join.ts';
import { log } from './operations/log.ts';
import { lockFolder } from './operations/lock-folder.ts';
import { cat, listSnapshots, ls } from './operations/look.ts';
import type { Live, LiveOptions } from './operations/live-types.ts';
import type { Online, OnlineOptions } from './operations/online-types.ts';
import type { JoinOptions } from './operations/member-options.ts';
import { listMembers, removeMember, setMemberRole } from './operations/members.ts';
import { moveFolder } from './operations/move-folder.ts';
import { addPeer, listPeers, removePeer, type PeerAddressOptions } from './operations/peers.ts';
import { resolve } from './operations/resolve.ts';
import { fetchChosen } from './operations/fetch-contents.ts';
import { restore } from './operations/restore.ts';
import { revert } from './operations/revert.ts';
import type { Session } from './operations/session.ts';
import { show } from './operations/show.ts';
import { snapshot } from './operations/snapshot.ts';
import { stats } from './operations/stats.ts';
import { status } from './operations/status.ts';
import { sync } from './operations/sync.ts';
import { unlockFolder } from './operations/unlock-folder.ts';
import { undo } from './operations/undo.ts';
import { checkVerifyOptions, verify } from './operations/verify.ts';
import { demandApart, demandDirectory } from './operations/working-copy-place.ts';
import { systemMachine, type MachineFacts } from './system/machine-facts.ts';

export { isRecoveryCode } from './crypto/recovery-code.ts';

/** An opened home in this process. */
export interface Vault extends VaultApi {
  /** Begins the exchange of a folder, connected to nobody; closed with the home at the latest. */
  exchange(options: ExchangeOptions): Promise<Exchange>;
  /**
   * Takes connections and dials, and keeps folders in exchange with whoever is there; closed with the home at the
   * latest. Throws `VAULT_EXISTS` where it is online already, or somebody else listens there.
   */
  online(options: OnlineOptions): Promise<Online>;
  /** The slot that a secret opens. Throws `VAULT_KEY_WRONG`. Nothing is touched. */
  prove(secret: Secret): Promise<string>;
  /**
   * Watches, records and brings in step the folders with a working copy; closed with the home at the latest. To
   * be asked for before {@link online}, whose news then come here. Throws `VAULT_EXISTS` where they are kept already.
   */
  keepLive(options: LiveOptions): Promise<Live>;
}

/** A home that this process alone has, and has not opened yet. */
export interface HeldHome {
  /** 32 hex digits. */
  readonly id: string;
  /** Whether a device key file of this home is in place. */
  hasDeviceKey(): boolean;
  /** Opens it, to be closed by the vault from then on. Throws as {@link openVault} does; it is still held then. */
  open(options: Pick<OpenOptions, 'secret' | 'signal'>): Promise<Vault>;
  /** Gives it up; nothing where a vault has it. Idempotent. */
  close(): Promise<void>;
}

/** Makes a home with a new identity. Throws `VAULT_EXISTS`, `VAULT_USAGE`, `VAULT_NO_SPACE`. */
export async function initHome(
  options: InitOptions,
  environment: Environment = systemEnvironment(),
): Promise<InitResult> {
  const { home, deviceKey } = options;
  if (!isAbsolute(home)) throw new RangeError(`expected an absolute path, got ${home}`);
  const file = deviceKey === true ? homeLayout(home).deviceKey : deviceKey || undefined;
  const created = await createHome(
    environment,
    { home, name: options.name, passphrase: options.passphrase, deviceKey: file },
    { waitMs: 0, signal: new AbortController().signal },
  );
  return { ...created, home, deviceKey: file ?? null };
}

/**
 * Whether there is a home. Where there is none, throws what would keep `folder` from being the first of one made
 * there: `VAULT_NOT_FOUND` for no directory, `VAULT_REFUSED`. Both paths are absolute. Nothing is made.
 */
export function hasHome(
  { home, folder }: { readonly home: string; readonly folder: string },
  { fileSystem }: Pick<Environment, 'fileSystem'> = systemEnvironment(),
): boolean {
  if (readHomeMarker(fileSystem, homeLayout(home).marker) !== undefined) return true;
  demandDirectory(fileSystem, folder);
  demandApart(fileSystem, realPathOfMissing(fileSystem, folder), home);
  return false;
}

/** Path of the device key file inside a home, whatever it opens; null where there is none. Throws `VAULT_NOT_FOUND`. */
export function deviceKeyOf(
  home: string,
  { fileSystem }: Pick<Environment, 'fileSystem'> = systemEnvironment(),
): string | null {
  const layout = homeLayout(home);
  demandHomeMarker(fileSystem, layout);
  return fileSystem.statIfPresent(layout.deviceKey) === undefined ? null : layout.deviceKey;
}

/** Looks for what of this machine vault will stumble over: `operations/doctor.ts`. */
export async function examine(
  options: DoctorOptions,
  context: OperationContext,
  environment: Environment = systemEnvironment(),
  machine: MachineFacts = systemMachine,
): Promise<DoctorResult> {
  return endingAs(context.signal, () => doctor(environment, machine, options, context));
}

/**
 * Opens a home. Throws `VAULT_NOT_FOUND`, `VAULT_KEY_WRONG` (nothing was touched), `VAULT_LOCKED`,
 * `VAULT_FORMAT_UNSUPPORTED`, `VAULT_DAMAGED`, `VAULT_INTERRUPTED`. Folders are opened when an
 * operation needs them. Without `given`, on this machine.
 */
export async function openVault(options: OpenOptions, given?: Environment): Promise<Vault> {
  return openIn(options, given ?? systemEnvironment(), given === undefined);
}

/**
 * Takes the lock of a home without anything that opens it. Throws `VAULT_NOT_FOUND`, `VAULT_LOCKED`,
 * `VAULT_FORMAT_UNSUPPORTED`, `VAULT_INTERRUPTED`. Without `given`, on this machine.
 */
export async function holdHome(
  options: Pick<OpenOptions, 'home' | 'waitLockMs' | 'signal'>,
  given?: Environment,
): Promise<HeldHome> {
  const { home, waitLockMs, signal } = options;
  const world = given ?? systemEnvironment();
  const layout = homeLayout(home);
  const { id } = demandHomeMarker(world.fileSystem, layout);
  const lock = await endingAs(signal, () =>
    lockAnyhow(world, layout, { waitMs: waitLockMs, signal }),
  );
  let isTaken = false;
  const held: Environment = {
    ...world,
    // An opening that fails after it took the lock must not give it away.
    lock: () => Promise.resolve({ close: () => (isTaken ? lock.close() : Promise.resolve()) }),
  };
  return {
    id,
    hasDeviceKey: () => world.fileSystem.statIfPresent(layout.deviceKey) !== undefined,
    async open(opening) {
      const vault = await openIn({ ...opening, home, waitLockMs: 0 }, held, given === undefined);
      isTaken = true;
      return vault;
    },
    close: async () => {
      if (!isTaken) await lock.close();
    },
  };
}

/** `isOurs`: the pool of `world` may be replaced by one of as many threads as a setting says. */
async function openIn(options: OpenOptions, world: Environment, isOurs: boolean): Promise<Vault> {
  const { waitLockMs, signal } = options;
  const lock = { waitMs: waitLockMs, signal };
  if (options.heavy === true) world.pool.warm();
  const home = await endingAs(signal, () => Home.open(world, options.home, options.secret, lock));
  const workers = Number(home.setting('workers'));
  let environment = world;
  if (isOurs && workers > 0 && workers !== world.pool.lanes) {
    await world.pool.close();
    environment = { ...world, pool: systemPool(workers) };
  }
  return wire({ environment, home, folders: new FolderSet(environment, home) });
}

/** Whatever an aborted signal made `work` throw is told as `VAULT_INTERRUPTED`. */
async function endingAs<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!signal.aborted || error !== signal.reason || isVaultError(error)) throw error;
    throw new VaultError('VAULT_INTERRUPTED', 'interrupted', { cause: error });
  }
}

function wire(session: Session): Vault {
  const { environment, home, folders } = session;
  const background = new Background(session);
  const ownHosts = async (): Promise<readonly string[]> =>
    (await openNodeNetwork(session)).ownAddresses();
  const guarded = <A extends readonly unknown[], R>(
    run: (...args: A) => Promise<R>,
  ): ((...args: A) => Promise<R>) => {
    return async (...args) => {
      if (closing !== undefined) throw new VaultError('VAULT_CLOSED', 'the home is closed');
      try {
        return await run(...args);
      } catch (error) {
        // Room to end in order.
        if (isHomeFull(error, home)) home.reserve.release();
        throw error;
      }
    };
  };
  const streamed = <A extends readonly unknown[], R>(
    run: (...args: [...A, OperationContext]) => Promise<R>,
  ): ((...args: [...A, OperationContext]) => Promise<R>) =>
    guarded((...args: [...A, OperationContext]) => {
      const { signal } = args.at(-1) as OperationContext;
      return endingAs(signal, () => run(...args));
    });
  /** Peers hear of what an operation wrote. */
  const writing = <A extends readonly unknown[], R>(
    run: (...args: [...A, OperationContext]) => Promise<R>,
  ): ((...args: [...A, OperationContext]) => Promise<R>) =>
    streamed((...args: [...A, OperationContext]) => background.telling(() => run(...args)));
  /** The folder is not exchanged while the operation replaces what it lies in. */
  const replacing = <O extends { readonly folder: string }, R>(
    run: (options: O, context: OperationContext) => Promise<R>,
  ): ((options: O, context: OperationContext) => Promise<R>) =>
    streamed((options: O, context: OperationContext) =>
      background.replacing(options.folder, () => run(options, context)),
    );
  /** Which folders there are, or what is so of one, is another than before. */
  const arranging = <O, R>(
    run: (options: O, context: OperationContext) => Promise<R>,
  ): ((options: O, context: OperationContext) => Promise<R>) =>
    streamed(async (options: O, context: OperationContext) => {
      const result = await run(options, context);
      await background.foldersChanged();
      return result;
    });
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    try {
      await background.close();
      await environment.pool.close();
      await folders.close();
      restoreReserve(home);
    } finally {
      await home.close();
    }
  };
  return {
    status: streamed(async (options, context) =>
      status(session, await background.online, options, context),
    ),
    snapshot: writing((options, context) => snapshot(session, options, context)),
    snapshots: streamed((options, context) => listSnapshots(session, options, context)),
    ls: streamed((options, context) => ls(session, options, context)),
    cat: streamed(async (options, write, context) => {
      if (options.fetch === true)
        await fetchChosen(session, options, context, background.withExchange);
      return cat(session, options, write, context);
    }),
    diff: streamed((options, context) => diff(session, options, context)),
    log: streamed((options, context) => log(session, options, context)),
    show: streamed((options, context) => show(session, options, context)),
    find: streamed((options, context) => find(session, options, context)),
    stats: streamed((options, context) => stats(session, options, context)),
    // Two that write into one place would take each other's unfinished files away.
    restore: streamed((options, context) =>
      folders.inOrder(`into ${options.to}`, async () => {
        if (options.fetch === true && options.dryRun !== true)
          await fetchChosen(session, options, context, background.withExchange);
        return restore(session, options, context);
      }),
    ),
    revert: writing((options, context) => revert(session, options, context)),
    undo: writing((options, context) => undo(session, options, context)),
    conflicts: streamed((options, context) => conflicts(session, options, context)),
    resolve: writing((options, context) => resolve(session, options, context)),
    verify: streamed(async (options, context) => {
      checkVerifyOptions(options);
      return verify(session, options, context);
    }),
    folderAdd: arranging((options: FolderAddOptions) => addFolder(session, options)),
    folderList: streamed((context) => listFolders(session, context)),
    folderShow: streamed((folder, context) => showFolder(session, folder, context)),
    folderSet: arranging(async (options: FolderSetOptions) => {
      const run = (): ReturnType<typeof setFolder> => setFolder(session, options);
      // What is wanted is found out anew.
      const isAnew = options.settings.some(({ key }) => key === 'history');
      return isAnew ? background.replacing(options.folder, run) : run();
    }),
    folderMove: replacing((options, context) => moveFolder(session, options, context)),
    folderLock: replacing((options, context) => lockFolder(session, options, context)),
    folderUnlock: replacing((options, context) => unlockFolder(session, options, context)),
    folderRemove: replacing((options, context) => removeFolder(session, options, context)),
    invite: streamed((options, context) => makeInvite(session, options, ownHosts, context)),
    inviteList: streamed((options, context) => listInvites(session, options, context)),
    inviteRevoke: streamed(async (options) => revokeInvite(session, options)),
    join: arranging((options: JoinOptions, context) =>
      background.dialing((dial) => join(session, options, dial, context)),
    ),
    memberList: streamed((options, context) => listMembers(session, options, context)),
    memberRemove: writing((options, context) => removeMember(session, options, context)),
    memberRole: writing((options) => setMemberRole(session, options)),
    keyList: streamed((context) => listKeys(session, context)),
    keyAdd: streamed((options) => addKey(session, options)),
    keyRemove: streamed(({ slot }) => removeKey(session, slot)),
    keyChangePassphrase: guarded(async ({ passphrase, openedBy }) => ({
      slot: (await home.changePassphrase(passphrase, openedBy)).id,
    })),
    keyRecoveryCode: guarded(async () => {
      const { slot, recoveryCode } = await home.newRecoveryCode();
      return { slot: slot.id, recoveryCode };
    }),
    sync: streamed(async (options, context) =>
      sync(
        session,
        { online: await background.online, goOnline: background.goOnline },
        options,
        context,
      ),
    ),
    peerList: streamed(async (context) => listPeers(session, await background.online, context)),
    peerAdd: arranging((options: PeerAddressOptions) => addPeer(session, options)),
    peerRemove: arranging((options: Pick<PeerAddressOptions, 'address'>) =>
      Promise.resolve(removePeer(session, options)),
    ),
    deny: arranging((options: DenyOptions) => denyNode(session, options)),
    allow: arranging((options: DenyOptions) => allowNode(session, options)),
    configGet: guarded(async (key) => getSetting(session, key)),
    configSet: guarded((key, value) => setSetting(session, key, value)),
    configList: streamed(async (context) => listSettings(session, context)),
    exchange: guarded(background.exchange),
    keepLive: guarded((options) => background.keepLive(options)),
    online: guarded(background.goOnline),
    prove: guarded(async (secret) => (await home.prove(secret)).id),
    close: () => (closing ??= close()),
  };
}

/** Whether the disk of the home is full; a full destination elsewhere is not for the reserve to help. */
function isHomeFull(error: unknown, home: Home): boolean {
  if (isVaultError(error)) {
    const path = error.details?.['path'];
    return (
      error.code === 'VAULT_NO_SPACE' &&
      (typeof path !== 'string' || isInside(path, home.layout.root))
    );
  }
  return ['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '');
}

/** Takes back what a full disk made us give up, once there is room again. */
function restoreReserve(home: Home): void {
  if (home.reserve.status().whole) return;
  try {
    home.reserve.restore();
  } catch (error) {
    if (!isVaultError(error)) throw error;
  }
}
