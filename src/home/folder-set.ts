/** The folders of a home: which there are, finding one by what a user says, opening each once. */

import { Mutex } from '../async.ts';
import { toHex } from '../bytes.ts';
import { systemCode, VaultError } from '../errors.ts';
import type { DirectoryEntry } from '../system/file-system.ts';
import type { Environment } from './environment.ts';
import { readFolderFile, type FolderState } from './folder-file.ts';
import type { Home } from './home.ts';
import { folderLayout } from './home-layout.ts';
import { OpenFolder } from './open-folder.ts';

export interface ListedFolder {
  /** Directory inside the home. */
  readonly root: string;
  readonly id: string;
  readonly state: FolderState;
}

/** Ending of a folder's directory while it is being made. */
export const UNFINISHED = '.new';
/** Ending of a folder's directory while it is being removed. */
export const REMOVED = '.removed';

export class FolderSet {
  readonly #environment: Environment;
  readonly #home: Home;
  readonly #open = new Map<string, Promise<OpenFolder>>();
  /** By folder: what is wrong with what this process does with it all the time, in plain words. */
  readonly troubles = new Map<string, readonly string[]>();
  /** By folder, or by a name for another place: what changes it, or its working copy, waits here for its turn. */
  readonly #orders = new Map<string, Mutex>();

  constructor(environment: Environment, home: Home) {
    this.#environment = environment;
    this.#home = home;
  }

  /** All folders by name, and the directories that hold one which cannot be read. */
  list(): { readonly folders: readonly ListedFolder[]; readonly unreadable: readonly string[] } {
    const { fileSystem } = this.#environment;
    const folders: ListedFolder[] = [];
    const unreadable: string[] = [];
    for (const { name, kind } of this.#directories()) {
      if (kind !== 'directory' || name.endsWith(UNFINISHED) || name.endsWith(REMOVED)) continue;
      const root = `${this.#home.layout.folders}/${name}`;
      try {
        const state = readFolderFile(
          fileSystem,
          folderLayout(root).state,
          this.#home.keys.folderKey,
        );
        if (state === undefined) unreadable.push(name);
        else folders.push({ root, id: toHex(state.id), state });
      } catch (error) {
        if (!(error instanceof VaultError) || error.code === 'VAULT_FORMAT_UNSUPPORTED')
          throw error;
        unreadable.push(name);
      }
    }
    folders.sort((a, b) => (a.state.name < b.state.name ? -1 : 1));
    return { folders, unreadable };
  }

  /**
   * The folder that `argument` names: a name, an id or its unique prefix, or a path inside a working
   * copy (relative to `cwd`). Throws `VAULT_NOT_FOUND`, or `VAULT_USAGE` where several fit.
   */
  find(argument: string, cwd: string): ListedFolder {
    const { folders } = this.list();
    const named = folders.find(({ state }) => state.name === argument);
    if (named !== undefined) return named;
    if (/^[0-9a-f]{4,64}$/.test(argument)) {
      const fitting = folders.filter(({ id }) => id.startsWith(argument));
      if (fitting.length > 1) {
        throw new VaultError(
          'VAULT_USAGE',
          `several folders have an id that begins with ${argument}`,
        );
      }
      if (fitting[0] !== undefined) return fitting[0];
    }
    const path = argument.startsWith('/') ? argument : `${cwd}/${argument}`;
    const holding = this.holding(path);
    if (holding !== undefined) return holding;
    throw new VaultError('VAULT_NOT_FOUND', `there is no folder ${JSON.stringify(argument)}`, {
      hint: describeFolders(folders),
    });
  }

  /** The folder whose working copy holds a path, which need not exist. */
  holding(path: string): ListedFolder | undefined {
    const wanted = this.#real(path);
    return this.list().folders.find(
      ({ state }) => state.path !== undefined && isInside(wanted, state.path),
    );
  }

  /** The folder, opened once; closed with {@link close}. */
  open(folder: ListedFolder): Promise<OpenFolder> {
    let opened = this.#open.get(folder.id);
    if (opened === undefined) {
      opened = this.#openAnyhow(folder).catch((error: unknown) => {
        // Another try may find the disk with room again.
        this.#open.delete(folder.id);
        throw error;
      });
      this.#open.set(folder.id, opened);
    }
    return opened;
  }

  /**
   * Runs what changes a folder or its working copy, in the order asked and one at a time for each folder.
   * `work` must open the folder itself: whoever was before may have released it. Must not be nested.
   */
  inOrder<T>(id: string, work: () => Promise<T>): Promise<T> {
    let order = this.#orders.get(id);
    if (order === undefined) {
      order = new Mutex();
      this.#orders.set(id, order);
    }
    return order.run(work);
  }

  /** Whether this is how the folder is open now: not where it was released since. */
  async isOpen(folder: OpenFolder): Promise<boolean> {
    return (await this.#open.get(folder.id)) === folder;
  }

  /** Closes a folder that is to be removed or was never to stay open. */
  async release(id: string): Promise<void> {
    const opened = this.#open.get(id);
    this.#open.delete(id);
    await (await opened)?.close();
  }

  async close(): Promise<void> {
    const all = [...this.#open.values()];
    this.#open.clear();
    const opened = await Promise.allSettled(all);
    const closed = await Promise.allSettled(
      opened.map(async (one) => (one.status === 'fulfilled' ? one.value.close() : undefined)),
    );
    const failed = closed.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  #directories(): DirectoryEntry[] {
    const { folders } = this.#home.layout;
    try {
      return this.#environment.fileSystem.list(folders);
    } catch (cause) {
      if (systemCode(cause) !== 'ENOENT') throw cause;
      throw new VaultError('VAULT_DAMAGED', `${JSON.stringify(folders)} is missing`, { cause });
    }
  }

  /** A disk with no room left lets no database open: then the reserve is given up first. */
  async #openAnyhow({ root, state: listed }: ListedFolder): Promise<OpenFolder> {
    // It may have been listed before something changed it, or removed it.
    const { fileSystem } = this.#environment;
    const path = folderLayout(root).state;
    const state = readFolderFile(fileSystem, path, this.#home.keys.folderKey);
    if (state === undefined) {
      throw new VaultError('VAULT_NOT_FOUND', `the folder ${listed.name} is not there any more`);
    }
    try {
      return await OpenFolder.open(this.#environment, this.#home, root, state);
    } catch (error) {
      if (!(error instanceof VaultError) || error.code !== 'VAULT_NO_SPACE') throw error;
      if (!this.#home.reserve.release()) throw error;
      return OpenFolder.open(this.#environment, this.#home, root, state);
    }
  }

  #real(path: string): string {
    return realPathOfMissing(this.#environment.fileSystem, path);
  }
}

/** The canonical form of a path whose last parts need not exist; `.` and `..` are resolved. */
export function realPathOfMissing(fileSystem: Environment['fileSystem'], path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  for (let known = parts.length; known > 0; known--) {
    const candidate = `/${parts.slice(0, known).join('/')}`;
    try {
      const real = fileSystem.realPath(candidate);
      return [real === '/' ? '' : real, ...parts.slice(known)].join('/');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
    }
  }
  return `/${parts.join('/')}`;
}

/** Whether `path` is `directory` or lies below it. Both canonical. */
export function isInside(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}

/** Names the folders there are, for a hint. */
export function describeFolders(folders: readonly ListedFolder[]): string {
  if (folders.length === 0) return 'there are no folders yet: add one with vault folder add PATH';
  return `the folders are ${folders.map(({ state }) => state.name).join(', ')}`;
}
