/** `folder move`: the working copy lies elsewhere from now on. */

import { dirname } from 'node:path';
import { systemCode, VaultError } from '../errors.ts';
import { isSameRoot, rootIdentity } from '../folder/root-identity.ts';
import { isInside, type ListedFolder } from '../home/folder-set.ts';
import type { FolderMoveOptions, FolderMoveResult } from './folder-options.ts';
import type { OperationContext } from './operation.ts';
import { changingFolder, type Session } from './session.ts';
import { checkedPlace } from './working-copy-place.ts';

/**
 * Where the working copy lies at `path` already, because somebody moved it, it is adopted; else it is
 * renamed to there. It is known by its root's identity; a copy of it (on another disk, say) is adopted
 * where the old place is gone and the new one holds names of the folder. Throws `VAULT_REFUSED` where it
 * is neither, and where it cannot be renamed to another disk; then nothing was changed. Run again after
 * it was cut short, it finishes.
 */
export async function moveFolder(
  session: Session,
  options: FolderMoveOptions,
  context: OperationContext,
): Promise<FolderMoveResult> {
  const listed = session.folders.find(options.folder, '/');
  const { name, path: old } = listed.state;
  if (old === undefined) {
    const hint = 'a locked folder comes back elsewhere with: vault folder unlock --to';
    const more = listed.state.lockedAt === undefined ? {} : { hint };
    throw new VaultError('VAULT_USAGE', `the folder ${name} has no working copy here`, more);
  }
  const path = checkedPlace(session, options.path, listed.id);
  return changingFolder(session, listed, async (folder) => {
    const how = await wayTo(session, listed, old, path, options, context);
    if (options.dryRun !== true) {
      if (how === 'renamed') rename(session, old, path);
      folder.update({ path, root: rootIdentity(session.environment.fileSystem.stat(path)) });
    }
    return { folder: listed.id, name, path, how };
  });
}

async function wayTo(
  session: Session,
  listed: ListedFolder,
  old: string,
  path: string,
  options: FolderMoveOptions,
  context: OperationContext,
): Promise<FolderMoveResult['how']> {
  const { fileSystem } = session.environment;
  const there = fileSystem.statIfPresent(path);
  const { root } = listed.state;
  const isDirectory = there?.kind === 'directory';
  if (isDirectory && root !== undefined && isSameRoot(root, there)) return 'adopted';
  if (fileSystem.statIfPresent(old)?.kind === 'directory') {
    if (isInside(path, old) || isInside(old, path)) {
      throw new VaultError(
        'VAULT_REFUSED',
        `${JSON.stringify(path)} and ${JSON.stringify(old)} overlap`,
      );
    }
    if (there !== undefined) {
      throw new VaultError('VAULT_REFUSED', `${JSON.stringify(path)} is there already`, {
        hint: `move it away, or the files of ${JSON.stringify(old)} if they were copied there`,
      });
    }
    if (fileSystem.statIfPresent(dirname(path))?.kind !== 'directory') {
      throw new VaultError(
        'VAULT_NOT_FOUND',
        `there is no directory ${JSON.stringify(dirname(path))}`,
      );
    }
    return 'renamed';
  }
  if (!isDirectory) {
    throw new VaultError(
      'VAULT_NOT_FOUND',
      `the working copy is neither at ${JSON.stringify(old)} nor at ${JSON.stringify(path)}`,
    );
  }
  await demandNames(session, listed, path, options, context);
  return 'adopted';
}

/** A wrong directory would have everything recorded as deleted. */
async function demandNames(
  session: Session,
  listed: ListedFolder,
  path: string,
  options: FolderMoveOptions,
  context: OperationContext,
): Promise<void> {
  const folder = await session.folders.open(listed);
  const rows = await folder.seen('');
  const present = session.environment.fileSystem.list(path).map(({ name }) => name);
  const known = present.filter((name) => rows?.has(name) === true).length;
  if (rows === undefined || rows.size === 0 || known * 2 >= rows.size) return;
  const what = `${JSON.stringify(path)} holds ${known} of the ${rows.size} names that ${listed.state.name} had`;
  const text = `${what}: is it the working copy all the same?`;
  if (options.yes === true || (await context.confirm({ kind: 'confirm', text })) === true) return;
  throw new VaultError('VAULT_REFUSED', what, {
    hint: 'if that is where it lies now, go on with --yes',
  });
}

function rename({ environment }: Session, old: string, path: string): void {
  const { fileSystem } = environment;
  try {
    fileSystem.rename(old, path);
  } catch (cause) {
    if (systemCode(cause) !== 'EXDEV') throw cause;
    throw new VaultError('VAULT_REFUSED', `${JSON.stringify(path)} is on another disk`, {
      cause,
      hint: 'to move it there with everything proved on the way: vault folder lock, then unlock --to',
    });
  }
  fileSystem.syncDirectory(dirname(path));
  fileSystem.syncDirectory(dirname(old));
}
