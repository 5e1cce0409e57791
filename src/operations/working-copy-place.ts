/** Where a working copy may lie. */

import { VaultError } from '../errors.ts';
import { isInside, realPathOfMissing } from '../home/folder-set.ts';
import type { FileSystem } from '../system/file-system.ts';
import type { Session } from './session.ts';

/**
 * The canonical form of a path, which need not exist, for a working copy. Throws `VAULT_REFUSED` where it
 * overlaps the home, or the working copy of a folder other than `own` (by id).
 */
export function checkedPlace(session: Session, given: string, own?: string): string {
  const { environment, home, folders } = session;
  const { fileSystem } = environment;
  const path = realPathOfMissing(fileSystem, given);
  demandApart(fileSystem, path, home.layout.root);
  for (const { id, state } of folders.list().folders) {
    if (state.path === undefined || id === own) continue;
    if (isInside(state.path, path) || isInside(path, state.path)) {
      throw new VaultError(
        'VAULT_REFUSED',
        `${JSON.stringify(path)} overlaps the folder ${state.name} at ${JSON.stringify(state.path)}`,
      );
    }
  }
  return path;
}

/** Throws `VAULT_NOT_FOUND` unless a path leads to a directory. */
export function demandDirectory(fileSystem: FileSystem, given: string): void {
  if (fileSystem.statIfPresent(realPathOfMissing(fileSystem, given))?.kind !== 'directory') {
    throw new VaultError('VAULT_NOT_FOUND', `there is no directory ${JSON.stringify(given)}`);
  }
}

/** Throws `VAULT_REFUSED` where a canonical path overlaps the home, which need not exist. */
export function demandApart(fileSystem: FileSystem, path: string, home: string): void {
  const homePath = realPathOfMissing(fileSystem, home);
  if (isInside(homePath, path) || isInside(path, homePath)) {
    throw new VaultError('VAULT_REFUSED', `${JSON.stringify(path)} and the vault home overlap`, {
      hint: 'keep the home outside of the folder: see --home',
    });
  }
}
