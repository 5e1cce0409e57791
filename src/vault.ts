/** Opens a home, wires everything below to it, and closes it again: the one place that does. */

import { isAbsolute } from 'node:path';
import { parseRecoveryCode } from './crypto/recovery-code.ts';
import { isVaultError } from './errors.ts';
import type { Environment } from './home/environment.ts';
import { FolderSet } from './home/folder-set.ts';
import { createHome, Home } from './home/home.ts';
import { homeLayout } from './home/home-layout.ts';
import { addFolder } from './operations/add-folder.ts';
import type {
  InitOptions,
  InitResult,
  OpenOptions,
  OperationContext,
  VaultApi,
} from './operations/api.ts';
import { listFolders, removeFolder, setFolder, showFolder } from './operations/folders.ts';
import {
  addKey,
  getSetting,
  listKeys,
  listSettings,
  removeKey,
  setSetting,
} from './operations/keys.ts';
import { cat, listSnapshots, ls } from './operations/look.ts';
import { restore } from './operations/restore.ts';
import type { Session } from './operations/session.ts';
import { snapshot } from './operations/snapshot.ts';
import { status } from './operations/status.ts';
import { checkVerifyOptions, verify } from './operations/verify.ts';
import { systemEnvironment } from './environment.ts';

/** Whether a text is a recovery code, its check symbols included. */
export function isRecoveryCode(text: string): boolean {
  try {
    parseRecoveryCode(text);
    return true;
  } catch (error) {
    if (isVaultError(error)) return false;
    throw error;
  }
}

/** Makes a home with a new identity. Throws `VAULT_EXISTS`, `VAULT_USAGE`, `VAULT_NO_SPACE`. */
export async function initHome(
  options: InitOptions,
  environment: Environment = systemEnvironment(0),
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
 * Opens a home. Throws `VAULT_NOT_FOUND`, `VAULT_KEY_WRONG` (nothing was touched), `VAULT_LOCKED`,
 * `VAULT_FORMAT_UNSUPPORTED`, `VAULT_DAMAGED`. Folders are opened when an operation needs them.
 */
export async function openVault(
  options: OpenOptions,
  environment: Environment = systemEnvironment(0),
): Promise<VaultApi> {
  const { waitLockMs, signal } = options;
  const lock = { waitMs: waitLockMs, signal };
  const home = await Home.open(environment, options.home, options.secret, lock);
  return wire({ environment, home, folders: new FolderSet(environment, home) });
}

function wire(session: Session): VaultApi {
  const { environment, home, folders } = session;
  const guarded = <A extends readonly unknown[], R>(
    run: (...args: A) => Promise<R>,
  ): ((...args: A) => Promise<R>) => {
    return async (...args) => {
      try {
        return await run(...args);
      } catch (error) {
        if (isVaultError(error, 'VAULT_NO_SPACE')) {
          // Room for the next command to open the stores and go on.
          home.reserve.release();
          isFull = true;
        }
        throw error;
      }
    };
  };
  let isFull = false;
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await environment.pool.close();
    await folders.close();
    if (!isFull) restoreReserve(home);
    await home.close();
  };
  type Context = OperationContext;
  return {
    status: guarded((options, context: Context) => status(session, options, context)),
    snapshot: guarded((options, context: Context) => snapshot(session, options, context)),
    snapshots: guarded((options, context: Context) => listSnapshots(session, options, context)),
    ls: guarded((options, context: Context) => ls(session, options, context)),
    cat: guarded((options, write, context: Context) => cat(session, options, write, context)),
    restore: guarded((options, context: Context) => restore(session, options, context)),
    verify: guarded(async (options, context: Context) => {
      checkVerifyOptions(options);
      return verify(session, options, context);
    }),
    folderAdd: guarded((options) => addFolder(session, options)),
    folderList: guarded((context: Context) => listFolders(session, context)),
    folderShow: guarded((folder, context: Context) => showFolder(session, folder, context)),
    folderSet: guarded((options) => setFolder(session, options)),
    folderRemove: guarded((options, context: Context) => removeFolder(session, options, context)),
    keyList: guarded((context: Context) => listKeys(session, context)),
    keyAdd: guarded((options) => addKey(session, options)),
    keyRemove: guarded(({ slot }) => removeKey(session, slot)),
    keyChangePassphrase: guarded(async ({ passphrase }) => ({
      slot: (await home.changePassphrase(passphrase)).id,
    })),
    keyRecoveryCode: guarded(async () => {
      const { slot, recoveryCode } = await home.newRecoveryCode();
      return { slot: slot.id, recoveryCode };
    }),
    configGet: guarded(async (key) => getSetting(session, key)),
    configSet: guarded((key, value) => setSetting(session, key, value)),
    configList: guarded(async (context: Context) => listSettings(session, context)),
    close: () => (closing ??= close()),
  };
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
