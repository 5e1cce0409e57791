/** An open home as operations see it: what they need of the world, and the folders a user means. */

import { VaultError } from '../errors.ts';
import type { Environment } from '../home/environment.ts';
import { describeFolders, type FolderSet, type ListedFolder } from '../home/folder-set.ts';
import type { Home } from '../home/home.ts';
import type { OpenFolder } from '../home/open-folder.ts';

export interface Session {
  readonly environment: Environment;
  readonly home: Home;
  readonly folders: FolderSet;
}

/** The folders named, or all of them where none is. */
export function chosenFolders(session: Session, names: readonly string[]): readonly ListedFolder[] {
  if (names.length === 0) return session.folders.list().folders;
  const chosen = new Map<string, ListedFolder>();
  for (const name of names) {
    const folder = session.folders.find(name, '/');
    chosen.set(folder.id, folder);
  }
  return [...chosen.values()];
}

/**
 * The one folder that a command about paths means: given by name, else the one whose working copy
 * holds the first path or the current directory. Throws `VAULT_USAGE` naming the folders there are.
 */
export function folderOfPaths(
  session: Session,
  selection: { readonly folder?: string; readonly paths: readonly string[]; readonly cwd: string },
): ListedFolder {
  if (selection.folder !== undefined) return session.folders.find(selection.folder, selection.cwd);
  for (const path of [...selection.paths, '.']) {
    const absolute = path.startsWith('/') ? path : `${selection.cwd}/${path}`;
    const found = session.folders.holding(absolute);
    if (found !== undefined) return found;
  }
  throw new VaultError('VAULT_USAGE', 'which folder is meant?', {
    hint: `name one with -f; ${describeFolders(session.folders.list().folders)}`,
  });
}

/** Runs `work`; where `meta/` turns out damaged it is made again from `chunks/`, and `work` runs once more. */
export async function withIndex<T>(
  folder: OpenFolder,
  work: () => Promise<T>,
  onMended: (message: string) => void,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof VaultError) || error.code !== 'VAULT_DAMAGED') throw error;
    onMended(`${error.message}: the index is made again`);
    await folder.rebuild();
    return work();
  }
}
