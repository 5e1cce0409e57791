/** `restore`: the folder as of a moment, written to another place. */

import { isVaultError, systemCode, VaultError } from '../errors.ts';
import type {
  Overwrite,
  RestoredFile,
  RestoreFile,
  RestoreFilesInput,
} from '../folder/restore-files.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { TreeEntry } from '../log/folder-tree.ts';
import { TreeView } from '../log/tree-view.ts';
import type { Body } from '../log/types.ts';
import type { FileSystem, HeldDirectory } from '../system/file-system.ts';
import type { OperationContext, RestoreOptions, RestoreResult } from './api.ts';
import { decideSymlink, DestinationPreview } from './destination.ts';
import { globMatcher } from './glob.ts';
import { noSuchPath, pathInFolder } from './look.ts';
import { momentOf } from './moment.ts';
import { folderOfPaths, withIndex, type Session } from './session.ts';
import { answerValues } from './values.ts';

const FILES_PER_TASK = 64;
const BYTES_PER_TASK = 2 * 1024 * 1024;

/**
 * Writes what the moment shows directly into `to`, each file under a temporary name first. Nothing is
 * written through a symlink. What could not be restored is told and counted; the rest goes on.
 */
export async function restore(
  session: Session,
  options: RestoreOptions,
  context: OperationContext,
): Promise<RestoreResult> {
  const { clock } = session.environment;
  const started = clock.monotonicMs();
  const folder = await session.folders.open(folderOfPaths(session, options));
  const counts = await withIndex(
    folder,
    async () => {
      const moment = await momentOf(folder.log, options.at, clock);
      const view = await TreeView.open(folder.log, moment);
      return new RestoreRun(session, folder, view, options, context).run();
    },
    (message) => context.emit({ type: 'warning', message }),
  );
  return { folder: folder.id, ...counts, seconds: (clock.monotonicMs() - started) / 1000 };
}

type Counts = Omit<RestoreResult, 'folder' | 'seconds'>;
type MutableCounts = { -readonly [K in keyof Counts]: Counts[K] };

/** A directory of the destination that is kept open while files are written into it. */
interface Destination {
  readonly held: HeldDirectory | undefined;
  tasks: number;
  isDone: boolean;
}

/** A directory of the destination; a dry run has no place where there is none yet. */
interface Entered {
  readonly place: string | undefined;
  readonly held?: HeldDirectory;
}

class RestoreRun {
  readonly #session: Session;
  readonly #folder: OpenFolder;
  readonly #view: TreeView;
  readonly #options: RestoreOptions;
  readonly #context: OperationContext;
  readonly #isWanted: (path: string) => boolean;
  readonly #overwrite: Overwrite;
  /** In a dry run. */
  readonly #preview: DestinationPreview | undefined;
  readonly #counts: MutableCounts = {
    files: 0,
    dirs: 0,
    bytes: 0,
    skipped: 0,
    errors: 0,
    damaged: 0,
  };
  readonly #tasks = new Set<Promise<void>>();
  #failure: { error: unknown } | undefined;

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
    this.#preview =
      options.dryRun === true
        ? new DestinationPreview(session.environment.fileSystem, this.#overwrite)
        : undefined;
    const include = (options.include ?? []).map(globMatcher);
    const exclude = (options.exclude ?? []).map(globMatcher);
    this.#isWanted = (path) =>
      (include.length === 0 || include.some((matches) => matches(path))) &&
      !exclude.some((matches) => matches(path));
  }

  async run(): Promise<Counts> {
    const { fileSystem } = this.#session.environment;
    const { to, dryRun, paths, cwd } = this.#options;
    if (dryRun !== true) fileSystem.makeDirectories(to);
    const top = dryRun === true ? existing(fileSystem, to) : fileSystem.realPath(to);
    try {
      for (const error of this.#view.lostEntries) this.#damaged('', error.message);
      if (paths.length === 0) await this.#directory('', top);
      for (const typed of paths) {
        const path = pathInFolder(this.#session, this.#folder, typed, cwd);
        if (path === '') await this.#directory('', top);
        else await this.#selected(path, top);
      }
      while (this.#tasks.size > 0) await Promise.race(this.#tasks);
      this.#throwIfFailed();
    } finally {
      await Promise.allSettled(this.#tasks);
    }
    return this.#counts;
  }

  /** One chosen path, with the directories that lead to it. */
  async #selected(path: string, top: string | undefined): Promise<void> {
    const entry = await this.#view.find(path);
    if (entry === undefined) throw noSuchPath(path);
    const names = path.split('/').slice(0, -1);
    let place = top;
    const opened: HeldDirectory[] = [];
    try {
      for (const name of names) {
        const entered = this.#enter(place, name, path);
        if (entered === undefined) return;
        if (entered.held !== undefined) opened.push(entered.held);
        place = entered.place;
      }
      const destination: Destination = { held: undefined, tasks: 0, isDone: false };
      if (entry.kind === 'directory') {
        await this.#subdirectory(entry, place);
      } else await this.#entries([entry], place, destination);
      while (this.#tasks.size > 0) await Promise.race(this.#tasks);
    } finally {
      for (const held of opened) held.close();
    }
  }

  async #directory(path: string, place: string | undefined, held?: HeldDirectory): Promise<void> {
    const destination: Destination = { held, tasks: 0, isDone: false };
    try {
      this.#context.signal.throwIfAborted();
      this.#throwIfFailed();
      const listed = await this.#view.list(path);
      for (const one of listed?.damage ?? []) this.#damaged(one.path ?? path, one.error.message);
      const entries = listed?.entries ?? [];
      await this.#entries(
        entries.filter(({ kind, path: at }) => kind !== 'directory' && this.#isWanted(at)),
        place,
        destination,
      );
      for (const entry of entries) {
        if (entry.kind === 'directory') await this.#subdirectory(entry, place);
      }
    } finally {
      destination.isDone = true;
      if (destination.tasks === 0) held?.close();
    }
  }

  async #subdirectory(entry: TreeEntry, place: string | undefined): Promise<void> {
    const isFiltered = (this.#options.include?.length ?? 0) > 0;
    if ((this.#options.exclude ?? []).some((pattern) => globMatcher(pattern)(entry.path))) return;
    // With --include, only directories that lead to something are made.
    if (isFiltered && !(await this.#leadsToWanted(entry.path))) return;
    const entered = this.#enter(place, lastName(entry.path), entry.path);
    if (entered === undefined) return;
    this.#counts.dirs++;
    await this.#directory(entry.path, entered.place, entered.held);
  }

  async #leadsToWanted(directory: string): Promise<boolean> {
    if (this.#isWanted(directory)) return true;
    const listed = await this.#view.list(directory);
    for (const entry of listed?.entries ?? []) {
      if (
        entry.kind === 'directory'
          ? await this.#leadsToWanted(entry.path)
          : this.#isWanted(entry.path)
      ) {
        return true;
      }
    }
    return false;
  }

  /** Makes or enters a directory of the destination; undefined, and told, where something is in the way. */
  #enter(place: string | undefined, name: string, path: string): Entered | undefined {
    const { fileSystem } = this.#session.environment;
    const directory = `${place}/${name}`;
    try {
      if (this.#preview !== undefined) return { place: this.#preview.enter(place, name) };
      const there = fileSystem.statIfPresent(directory);
      if (there !== undefined && there.kind !== 'directory' && this.#overwrite === 'always') {
        fileSystem.removeFile(directory);
      }
      if (there?.kind !== 'directory') fileSystem.makeDirectory(directory);
      const held = fileSystem.hold(directory);
      return { place: held.path, held };
    } catch (error) {
      this.#failed(path, `cannot make the directory: ${systemCode(error) ?? String(error)}`, error);
      return undefined;
    }
  }

  async #entries(
    entries: readonly TreeEntry[],
    place: string | undefined,
    destination: Destination,
  ): Promise<void> {
    let batch: { entry: TreeEntry; file: RestoreFile }[] = [];
    let bytes = 0;
    for (const entry of entries) {
      const body = await this.#body(entry);
      if (body === undefined) continue;
      const { manifest, symlink, mtimeNs, executable } = body;
      if (symlink !== undefined) this.#symlink(entry, place, symlink, mtimeNs);
      if (symlink !== undefined || manifest === undefined) continue;
      const file = { name: lastName(entry.path), manifest, mtimeNs, executable };
      if (place === undefined || this.#preview !== undefined) {
        this.#count(
          entry,
          manifest.size,
          this.#preview?.file(place, file) ?? { status: 'written' },
        );
        continue;
      }
      batch.push({ entry, file });
      bytes += manifest.size;
      if (batch.length >= FILES_PER_TASK || bytes >= BYTES_PER_TASK) {
        await this.#dispatch(batch, place, destination);
        batch = [];
        bytes = 0;
      }
    }
    if (place !== undefined && batch.length > 0) {
      await this.#dispatch(batch, place, destination);
    }
  }

  async #body(entry: TreeEntry): Promise<Body | undefined> {
    if (entry.version === undefined) return undefined;
    try {
      return await this.#folder.log.body(entry.version);
    } catch (error) {
      if (!isVaultError(error) || error.code === 'VAULT_DAMAGED') throw error;
      this.#damaged(entry.path, error.message);
      return undefined;
    }
  }

  async #dispatch(
    batch: readonly { entry: TreeEntry; file: RestoreFile }[],
    place: string,
    destination: Destination,
  ): Promise<void> {
    const { pool } = this.#session.environment;
    const input: RestoreFilesInput = {
      secrets: this.#folder.secrets,
      directory: place,
      files: batch.map(({ file }) => file),
      overwrite: this.#overwrite,
      verify: this.#options.verify === true,
    };
    destination.tasks++;
    const task = pool
      .run<RestoreFilesInput, RestoredFile[]>('restoreFiles', input, {
        signal: this.#context.signal,
        ask: (question) => answerValues(this.#folder.store, question),
      })
      .then((results) => {
        results.forEach((result, index) => {
          const { entry, file } = batch[index] as (typeof batch)[number];
          this.#count(entry, file.manifest.size, result);
        });
        const { files, bytes } = this.#counts;
        this.#context.emit({ type: 'progress', phase: 'restore', files, bytes });
      })
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#tasks.delete(task);
        destination.tasks--;
        if (destination.isDone && destination.tasks === 0) destination.held?.close();
      });
    this.#tasks.add(task);
    while (this.#tasks.size >= pool.lanes * 3) await Promise.race(this.#tasks);
    this.#throwIfFailed();
  }

  #count(entry: TreeEntry, size: number, result: RestoredFile): void {
    switch (result.status) {
      case 'written':
        this.#counts.files++;
        this.#counts.bytes += size;
        if (this.#preview === undefined) return;
        this.#context.emit({ type: 'item', item: { type: 'would-restore', path: entry.path } });
        return;
      case 'same':
      case 'kept':
        this.#counts.skipped++;
        return;
      case 'damaged':
        this.#damaged(entry.path, result.message);
        return;
      case 'failed':
        this.#failed(entry.path, `cannot be written: ${result.message}`);
    }
  }

  #symlink(entry: TreeEntry, place: string | undefined, target: string, mtimeNs: bigint): void {
    const { fileSystem } = this.#session.environment;
    const name = lastName(entry.path);
    const path = `${place}/${name}`;
    try {
      const decided =
        this.#preview === undefined
          ? decideSymlink(fileSystem, path, target, this.#overwrite)
          : this.#preview.symlink(place, name, target);
      if (decided.status === 'written' && this.#preview === undefined) {
        if (fileSystem.statIfPresent(path) !== undefined) fileSystem.removeFile(path);
        fileSystem.makeSymlink(target, path);
        fileSystem.setModified(path, mtimeNs);
      }
      this.#count(entry, 0, decided);
    } catch (error) {
      this.#failed(
        entry.path,
        `cannot make the symlink: ${systemCode(error) ?? String(error)}`,
        error,
      );
    }
  }

  #damaged(path: string, message: string): void {
    this.#counts.damaged++;
    this.#context.emit({ type: 'warning', path, message });
  }

  /** A full disk ends the run; any other trouble is one path's own. */
  #failed(path: string, message: string, error?: unknown): void {
    const code = systemCode(error);
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new VaultError('VAULT_NO_SPACE', 'there is no space left at the destination', {
        cause: error,
      });
    }
    this.#counts.errors++;
    this.#context.emit({ type: 'warning', path, message });
  }

  #throwIfFailed(): void {
    if (this.#failure === undefined) return;
    const { error } = this.#failure;
    const code = systemCode(error);
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new VaultError('VAULT_NO_SPACE', 'there is no space left at the destination', {
        cause: error,
      });
    }
    throw error;
  }
}

/** The canonical path of a directory, undefined where there is none. */
function existing(fileSystem: FileSystem, path: string): string | undefined {
  try {
    return fileSystem.realPath(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
