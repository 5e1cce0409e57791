/** One walk through what a moment shows, writing it to a destination. */

import { isLoss, isVaultError, systemCode, VaultError } from '../errors.ts';
import { directoryOf, lastName } from '../folder-path.ts';
import type { RestoreFile } from '../folder/packed-files.ts';
import type { Overwrite, RestoredFile } from '../folder/restore-files.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { TreeEntry } from '../log/folder-tree.ts';
import type { TreeView } from '../log/tree-view.ts';
import type { Body } from '../log/types.ts';
import type { RestoreOptions, RestoreResult } from './change-options.ts';
import type { OperationContext } from './operation.ts';
import { decideSymlink, DestinationPreview } from './destination.ts';
import { isShared } from './edit-parents.ts';
import { ExpectedContents } from './expected-contents.ts';
import { valueSource } from './look.ts';
import { noSuchPath, pathInFolder } from './path-in-folder.ts';
import { Place } from './restore-place.ts';
import { RestoreSelection } from './restore-selection.ts';
import { RestoreTasks } from './restore-tasks.ts';
import type { Session } from './session.ts';

export type RestoreCounts = Omit<RestoreResult, 'folder' | 'seconds'>;

export class RestoreRun {
  readonly counts: { -readonly [K in keyof RestoreCounts]: RestoreCounts[K] } = {
    files: 0,
    dirs: 0,
    bytes: 0,
    skipped: 0,
    errors: 0,
    damaged: 0,
  };
  readonly #session: Session;
  readonly #folder: OpenFolder;
  readonly #view: TreeView;
  readonly #options: RestoreOptions;
  readonly #context: OperationContext;
  readonly #selection: RestoreSelection;
  readonly #overwrite: Overwrite;
  /** In a dry run. */
  readonly #preview: DestinationPreview | undefined;
  readonly #tasks: RestoreTasks;
  /** Others write in the folder: then contents may be here or not. */
  readonly #mayBeElsewhere: boolean;
  #expected: ExpectedContents | undefined;
  /** The last warning about damage. */
  #told = '';

  /** Throws `VAULT_USAGE` for patterns that cannot be. */
  constructor(
    session: Session,
    folder: OpenFolder,
    view: TreeView,
    options: RestoreOptions,
    context: OperationContext,
  ) {
    this.#session = session;
    this.#folder = folder;
    this.#view = view;
    this.#options = options;
    this.#context = context;
    this.#overwrite = options.overwrite ?? 'never';
    this.#mayBeElsewhere = isShared(folder.log);
    const { fileSystem, pool } = session.environment;
    this.#preview =
      options.dryRun === true ? new DestinationPreview(fileSystem, this.#overwrite) : undefined;
    this.#selection = new RestoreSelection(options);
    this.#tasks = new RestoreTasks({
      fileSystem,
      pool,
      folder,
      overwrite: this.#overwrite,
      verify: options.verify === true,
      signal: context.signal,
      onRestored: ({ path, file }, result) => this.#count(path, file.manifest.size, result),
      onBatch: () => {
        const { files, bytes } = this.counts;
        context.emit({ type: 'progress', phase: 'restore', files, bytes });
      },
    });
  }

  /**
   * Restores what was chosen. Once it has ended, in whatever way, no task is running. Throws
   * `VAULT_DAMAGED` where the index is wrong, `VAULT_NO_SPACE`, `VAULT_INTERRUPTED`, `VAULT_NOT_FOUND`.
   */
  async run(): Promise<void> {
    const top = this.#top();
    try {
      for (const error of this.#view.lostEntries) this.#damaged('', error.message);
      const { paths, cwd } = this.#options;
      if (paths.length === 0) await this.#directory('', top);
      for (const typed of paths) {
        const path = pathInFolder(this.#session, this.#folder, typed, cwd);
        if (path === '') await this.#directory('', top);
        else await this.#selected(path, top);
      }
      await this.#tasks.settle();
    } finally {
      await this.#tasks.end();
      top.release();
    }
  }

  #top(): Place {
    const { fileSystem } = this.#session.environment;
    const parts = {
      fileSystem,
      mayReplace: this.#overwrite === 'always',
      preview: this.#preview,
      onEntered: () => {
        this.counts.dirs++;
      },
      onBlocked: (path: string, error: unknown) => {
        const why = systemCode(error) ?? String(error);
        this.#failed(path, `cannot make the directory: ${why}`, error);
      },
    };
    try {
      return Place.top(parts, this.#options.to);
    } catch (error) {
      throwIfFull(error, this.#options.to);
      throw error;
    }
  }

  /** One chosen path, with the directories that lead to it. */
  async #selected(path: string, top: Place): Promise<void> {
    const entry = await this.#view.find(path);
    if (entry === undefined) throw noSuchPath(path);
    const opened = [top];
    try {
      for (const name of directoryOf(path).split('/').filter(Boolean)) {
        opened.push((opened.at(-1) ?? top).child(name));
      }
      const place = opened.at(-1) ?? top;
      if (entry.kind === 'directory') await this.#subdirectory(entry, place);
      else if (this.#isWanted(path)) await this.#entries([entry], place);
    } finally {
      for (const place of opened.slice(1)) place.release();
    }
  }

  async #directory(path: string, place: Place): Promise<void> {
    this.#context.signal.throwIfAborted();
    this.#tasks.throwIfFailed();
    const listed = await this.#view.list(path);
    for (const one of listed?.damage ?? []) this.#damaged(one.path ?? path, one.error.message);
    const entries = listed?.entries ?? [];
    await this.#entries(
      entries.filter(({ kind, path: at }) => kind !== 'directory' && this.#isWanted(at)),
      place,
    );
    for (const entry of entries) {
      if (entry.kind === 'directory' && !place.isBlocked) await this.#subdirectory(entry, place);
    }
  }

  async #subdirectory({ path }: TreeEntry, parent: Place): Promise<void> {
    if (this.#selection.isExcluded(path)) return;
    const place = parent.child(lastName(path));
    try {
      // With --include, only directories that lead to something are made.
      if (this.#isWanted(path) && !place.enter()) return;
      await this.#directory(path, place);
    } finally {
      place.release();
    }
  }

  #isWanted(path: string): boolean {
    return this.#selection.isWanted(path);
  }

  async #entries(entries: readonly TreeEntry[], place: Place): Promise<void> {
    if (entries.length === 0 || !place.enter()) return;
    for (const entry of entries) {
      const body = await this.#body(entry);
      if (body === undefined || !(await this.#isHere(entry))) continue;
      const { path } = entry;
      const { manifest, symlink, mtimeNs, executable } = body;
      if (symlink !== undefined) this.#symlink(path, place, symlink, mtimeNs);
      if (manifest === undefined) continue;
      const file: RestoreFile = { name: lastName(path), manifest, mtimeNs, executable };
      if (this.#preview !== undefined) {
        this.#count(path, manifest.size, this.#preview.file(place.where, file));
        continue;
      }
      await this.#tasks.add({ path, file }, place);
    }
  }

  async #body(entry: TreeEntry): Promise<Body | undefined> {
    if (entry.version === undefined) return undefined;
    try {
      return await this.#folder.log.body(entry.version);
    } catch (error) {
      if (!isVaultError(error) || error.code === 'VAULT_DAMAGED') throw error;
      if (isLoss(error) && !(await this.#isHere(entry))) return undefined;
      this.#damaged(entry.path, error.message);
      return undefined;
    }
  }

  /** Whether the content is here, or was to be: what of it is damaged shows when it is read. */
  async #isHere({ path, version }: TreeEntry): Promise<boolean> {
    if (version === undefined || !this.#mayBeElsewhere) return true;
    this.#expected ??= await ExpectedContents.open(this.#folder);
    if (
      (await this.#expected.isHere(version, await valueSource(this.#folder))) ||
      (await this.#expected.isExpected(version))
    )
      return true;
    const { message, hint } = this.#expected.elsewhere(version);
    this.#damaged(path, `${message}; ${hint}`);
    return false;
  }

  #symlink(path: string, place: Place, target: string, mtimeNs: bigint): void {
    const { fileSystem } = this.#session.environment;
    const name = lastName(path);
    const at = `${place.where}/${name}`;
    try {
      const decided =
        this.#preview?.symlink(place.where, name, target) ??
        decideSymlink(fileSystem, at, target, this.#overwrite);
      if (decided.status === 'written' && this.#preview === undefined) {
        if (fileSystem.statIfPresent(at) !== undefined) fileSystem.removeFile(at);
        fileSystem.makeSymlink(target, at);
        fileSystem.setModified(at, mtimeNs);
      }
      this.#count(path, 0, decided);
    } catch (error) {
      this.#failed(path, `cannot make the symlink: ${systemCode(error) ?? String(error)}`, error);
    }
  }

  #count(path: string, size: number, result: RestoredFile): void {
    switch (result.status) {
      case 'written':
        this.counts.files++;
        this.counts.bytes += size;
        if (this.#preview === undefined) return;
        this.#context.emit({ type: 'item', item: { type: 'would-restore', path } });
        return;
      case 'same':
      case 'kept':
        this.counts.skipped++;
        return;
      case 'damaged':
        this.#damaged(path, result.message);
        return;
      case 'failed':
        this.#failed(path, `cannot be written: ${result.message}`);
    }
  }

  #damaged(path: string, message: string): void {
    this.counts.damaged++;
    // Names that are lost with one entry are told once for each directory.
    const text = `${path}: ${message}`;
    if (text === this.#told) return;
    this.#told = text;
    this.#context.emit({ type: 'warning', path, message });
  }

  /** A full disk ends the run; any other trouble is one path's own. */
  #failed(path: string, message: string, error?: unknown): void {
    throwIfFull(error, this.#options.to);
    this.counts.errors++;
    this.#context.emit({ type: 'warning', path, message });
  }
}

/** Throws `VAULT_NO_SPACE` where it is the destination that is full. */
export function throwIfFull(error: unknown, to: string): void {
  const code = systemCode(error);
  if (isVaultError(error) || (code !== 'ENOSPC' && code !== 'EDQUOT')) return;
  throw new VaultError('VAULT_NO_SPACE', 'there is no space left at the destination', {
    cause: error,
    details: { path: to },
  });
}
