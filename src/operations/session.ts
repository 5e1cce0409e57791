/** An open home as operations see it: what they need of the world, and the folders a user means. */

import { isVaultError, systemCode, VaultError, type ErrorCode } from '../errors.ts';
import type { Environment } from '../home/environment.ts';
import { describeFolders, type FolderSet, type ListedFolder } from '../home/folder-set.ts';
import type { Home } from '../home/home.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { OperationContext } from './operation.ts';

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
 * The folders named; where none is, the one whose working copy holds the current directory. Throws
 * `VAULT_USAGE` naming the folders there are.
 */
export function foldersOrHere(
  session: Session,
  names: readonly string[],
  cwd: string,
): readonly ListedFolder[] {
  if (names.length > 0) return chosenFolders(session, names);
  return [folderOfPaths(session, { paths: [], cwd })];
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

/**
 * Does `work` for each folder. Where several are meant, the failure of one is told as its result and
 * the rest goes on; not so an interrupt or a full disk, which concern them all.
 */
export async function eachFolder<T>(
  folders: readonly ListedFolder[],
  context: OperationContext,
  work: (folder: ListedFolder) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  for (const listed of folders) {
    try {
      results.push(await work(listed));
    } catch (error) {
      const failure = folders.length > 1 ? failureOfOne(error) : undefined;
      if (failure === undefined) throw error;
      const { code, message, hint } = failure;
      const told = { code, message, ...(hint === undefined ? {} : { hint }) };
      const item = { type: 'result', folder: listed.id, name: listed.state.name, error: told };
      context.emit({ type: 'item', item });
    }
  }
  return results;
}

/** The failure if it concerns one folder only; undefined for an interrupt, a full disk or a mistake of ours. */
export function failureOfOne(error: unknown): VaultError | undefined {
  const code = systemCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return undefined;
  if (isVaultError(error)) return ofAll.has(error.code) ? undefined : error;
  if (code === undefined || !(error instanceof Error)) return undefined;
  return new VaultError('VAULT_IO', error.message, { cause: error });
}

const ofAll: ReadonlySet<ErrorCode> = new Set([
  'VAULT_INTERRUPTED',
  'VAULT_CLOSED',
  'VAULT_NO_SPACE',
  'VAULT_FAILED',
]);

/**
 * Runs what changes a folder or its working copy, once all that was asked for before has ended. After a
 * failure the folder is released: what was staged and never committed must not come along with what a
 * later run commits.
 */
export function changingFolder<T>(
  session: Session,
  listed: ListedFolder,
  work: (folder: OpenFolder) => Promise<T>,
): Promise<T> {
  return session.folders.inOrder(listed.id, async () => {
    const folder = await session.folders.open(listed);
    try {
      return await work(folder);
    } catch (error) {
      await session.folders.release(listed.id);
      throw error;
    }
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
