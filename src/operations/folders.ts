/** `folder list`, `show`, `set`, `remove`. */

import { VaultError } from '../errors.ts';
import type { FolderState } from '../home/folder-file.ts';
import { REMOVED, type ListedFolder } from '../home/folder-set.ts';
import type { FolderResult, FolderSetOptions } from './folder-options.ts';
import type { FolderArgument, Item, OperationContext } from './operation.ts';
import { checkedName } from './add-folder.ts';
import { lookAtAllContents } from './exchange-side.ts';
import { changedExcludes, excludeSettings, truth } from './exclude-settings.ts';
import { changingFolder, type Session } from './session.ts';
import { timeText } from './time-text.ts';

/** A folder as status and list show it. */
export function folderItem(folder: ListedFolder, problems: readonly string[]): Item {
  const { state, id } = folder;
  return {
    type: 'folder',
    folder: id,
    name: state.name,
    path: state.path ?? null,
    locked: state.lockedAt !== undefined,
    pending: 0,
    conflicts: 0,
    behind: 0,
    paused: state.paused,
    problems,
  };
}

export async function listFolders(
  { folders }: Session,
  context: OperationContext,
): Promise<{ readonly folders: number }> {
  const { folders: all, unreadable } = folders.list();
  for (const folder of all) context.emit({ type: 'item', item: folderItem(folder, []) });
  for (const name of unreadable) {
    context.emit({ type: 'warning', message: `the folder kept in ${name} cannot be read` });
  }
  return { folders: all.length };
}

export async function showFolder(
  session: Session,
  argument: FolderArgument,
  context: OperationContext,
): Promise<FolderResult> {
  const folder = session.folders.find(argument, '/');
  const { state } = folder;
  const { excludes } = state;
  const { min, average, max } = state.params;
  context.emit({
    type: 'item',
    item: {
      ...folderItem(folder, []),
      ...(state.lockedAt === undefined ? {} : { lockedAt: state.lockedAt }),
      created: timeText(state.createdMs * 1000),
      excludes: excludes.patterns,
      excludeCaches: excludes.caches,
      excludeIfPresent: excludes.ifPresent,
      excludeLargerThan: excludes.largerThan ?? null,
      oneFileSystem: excludes.oneFileSystem,
      history: state.history ?? 'all',
      epochs: state.epochs.length,
      chunkBytes: { min, average, max },
    },
  });
  return result(folder);
}

/** Changes settings of a folder: all of them or none. Throws `VAULT_USAGE`, `VAULT_EXISTS`. */
export async function setFolder(
  session: Session,
  options: FolderSetOptions,
): Promise<FolderResult> {
  const found = session.folders.find(options.folder, '/');
  let change: Partial<FolderState> = {};
  const keys = new Set<string>();
  for (const { key, value } of options.settings) {
    const before = change.excludes ?? found.state.excludes;
    const excludes = changedExcludes(before, key, value, !keys.has(key));
    change = {
      ...change,
      ...(excludes === undefined ? settingChange(session, found, key, value) : { excludes }),
    };
    keys.add(key);
  }
  return changingFolder(session, found, async (folder) => {
    const isMoreKept = change.history === 'all' && folder.state.history === 'current';
    // First, so that nothing is left out where this is cut short.
    if (isMoreKept) await lookAtAllContents(folder);
    folder.update(change);
    return result(folder);
  });
}

function settingChange(
  session: Session,
  { state }: ListedFolder,
  key: string,
  value: string,
): Partial<FolderState> {
  switch (key) {
    case 'name':
      return value === state.name ? {} : { name: checkedName(session, value) };
    case 'paused':
      return { paused: truth(key, value) };
    case 'history':
      if (value === 'all' || value === 'current') return { history: value };
      throw new VaultError(
        'VAULT_USAGE',
        `${JSON.stringify(value)} is no value for history: expected all or current`,
      );
    default:
      throw new VaultError('VAULT_USAGE', `unknown folder setting ${JSON.stringify(key)}`, {
        hint: `the settings of a folder are name, paused, history, ${excludeSettings.join(', ')}`,
      });
  }
}

/**
 * Removes what this node keeps of a folder: its store and secrets. Working files stay. Asks first;
 * `VAULT_REFUSED` where the answer is no or nobody can be asked.
 */
export async function removeFolder(
  session: Session,
  options: { readonly folder: FolderArgument; readonly yes?: boolean; readonly dryRun?: boolean },
  context: OperationContext,
): Promise<FolderResult> {
  const folder = session.folders.find(options.folder, '/');
  if (options.dryRun === true) return result(folder);
  const text = `remove the folder ${folder.state.name} and its whole history from this home? the files stay`;
  if (options.yes !== true && (await context.confirm({ kind: 'confirm', text })) !== true) {
    throw new VaultError('VAULT_REFUSED', `the folder ${folder.state.name} was not removed`, {
      hint: 'its history would be lost: confirm with --yes',
    });
  }
  const { fileSystem } = session.environment;
  await session.folders.inOrder(folder.id, async () => {
    await session.folders.release(folder.id);
    const removed = `${folder.root}${REMOVED}`;
    fileSystem.rename(folder.root, removed);
    fileSystem.syncDirectory(session.home.layout.folders);
    fileSystem.removeTree(removed);
  });
  return result(folder);
}

function result({ id, state }: Pick<ListedFolder, 'id' | 'state'>): FolderResult {
  return { folder: id, name: state.name, path: state.path ?? null };
}
