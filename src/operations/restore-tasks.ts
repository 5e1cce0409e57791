/** Files on their way through the workers to their places, a bounded number at a time. */

import { isVaultError, systemCode, VaultError } from '../errors.ts';
import type { Overwrite, RestoredFile, RestoreFilesInput } from '../folder/restore-files.ts';
import { packFiles, rootsOf, type RestoreFile } from '../folder/packed-files.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { FileSystem } from '../system/file-system.ts';
import type { WorkerPool } from '../system/worker-pool.ts';
import type { Place } from './restore-place.ts';
import { TableMap } from '../store/table-file.ts';
import { LARGE_BYTES, PART_BYTES, restoreLargeFile } from './large-file.ts';
import type { ValuePlaces } from '../folder/value-source.ts';
import { answerValues, placesOf } from './values.ts';

export interface FileToRestore {
  /** In the folder. */
  readonly path: string;
  readonly file: RestoreFile;
}

export interface RestoreTasksParts {
  readonly fileSystem: FileSystem;
  readonly pool: WorkerPool;
  readonly folder: OpenFolder;
  readonly overwrite: Overwrite;
  /** Read back what was written. */
  readonly verify: boolean;
  readonly signal: AbortSignal;
  readonly onRestored: (file: FileToRestore, result: RestoredFile) => void;
  /** After each batch. */
  readonly onBatch: () => void;
}

/** What one task takes at most: a file more may go beyond the bytes. */
const FILES_PER_TASK = 256;
const BYTES_PER_TASK = 1024 * 1024;
/** Each is an open directory until the task ends. */
const DIRECTORIES_PER_TASK = 16;

/** Files for one task, in order, and how many of them go to which place. */
interface Batch {
  readonly files: FileToRestore[];
  readonly places: { readonly place: Place; readonly release: () => void; count: number }[];
  bytes: number;
}

export class RestoreTasks {
  readonly #parts: RestoreTasksParts;
  readonly #tasks = new Set<Promise<void>>();
  #batch: Batch = emptyBatch();
  #failure: { readonly error: unknown } | undefined;
  #isEnded = false;
  #tables: Promise<TableMap | undefined> | undefined;

  constructor(parts: RestoreTasksParts) {
    this.#parts = parts;
  }

  /** Takes a file of a directory that was entered. Resolves when more may come. */
  async add(file: FileToRestore, place: Place): Promise<void> {
    if (file.file.manifest.size >= LARGE_BYTES) {
      this.#track(this.#restoreLarge(file, place), [place.use()]);
      await this.#makeRoom();
      return;
    }
    const { files, places } = this.#batch;
    const last = places.at(-1);
    if (last?.place === place) last.count++;
    else places.push({ place, release: place.use(), count: 1 });
    files.push(file);
    this.#batch.bytes += file.file.manifest.size;
    const isFull =
      files.length >= FILES_PER_TASK ||
      places.length >= DIRECTORIES_PER_TASK ||
      this.#batch.bytes >= BYTES_PER_TASK;
    if (!isFull) return;
    this.#begin();
    await this.#makeRoom();
  }

  /** Until nothing is on its way. */
  async settle(): Promise<void> {
    this.#begin();
    while (this.#tasks.size > 0) await Promise.race(this.#tasks);
    this.throwIfFailed();
  }

  #begin(): void {
    const batch = this.#batch;
    if (batch.files.length === 0) return;
    this.#batch = emptyBatch();
    this.#track(
      this.#restore(batch),
      batch.places.map(({ release }) => release),
    );
  }

  #track(running: Promise<void>, releases: readonly (() => void)[]): void {
    const task: Promise<void> = running
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#tasks.delete(task);
        for (const release of releases) release();
      });
    this.#tasks.add(task);
  }

  async #makeRoom(): Promise<void> {
    while (this.#tasks.size >= this.#parts.pool.lanes * 2) await Promise.race(this.#tasks);
    this.throwIfFailed();
  }

  /** Ends what is on its way soon, and waits for it: then no worker uses a held directory any more. */
  async end(): Promise<void> {
    this.#isEnded = true;
    for (const { release } of this.#batch.places) release();
    this.#batch = emptyBatch();
    await Promise.allSettled(this.#tasks);
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #restore(batch: Batch): Promise<void> {
    const { pool, folder, overwrite, verify, onRestored, onBatch } = this.#parts;
    const { secrets } = folder;
    const files = batch.files.map(({ file }) => file);
    const directories = batch.places.map(({ place, count }) => ({
      path: place.where ?? '',
      count,
      isNew: place.isNew,
    }));
    const { tables, places } = await this.#placesOf(files);
    const parts = { secrets, directories, files: packFiles(files), overwrite, verify };
    const input: RestoreFilesInput = places === undefined ? parts : { ...parts, places };
    // The pool would give a task up before it has ended: it is ended by its next question instead.
    const results = await pool.run<RestoreFilesInput, RestoredFile[]>('restoreFiles', input, {
      ask: (question) => this.#answer(question, tables),
    });
    results.forEach((result, index) => onRestored(batch.files[index] as FileToRestore, result));
    onBatch();
  }

  async #restoreLarge(file: FileToRestore, place: Place): Promise<void> {
    const { pool, folder, fileSystem, overwrite, verify, onRestored, onBatch } = this.#parts;
    const { tables, places } = await this.#placesOf([file.file]);
    const answer = (question: unknown): Promise<unknown> => this.#answer(question, tables);
    const { secrets } = folder;
    const how = { overwrite, verify, partBytes: PART_BYTES };
    const parts = { fileSystem, pool, secrets, places, answer, ...how };
    onRestored(file, await restoreLargeFile(place.where ?? '', file.file, parts));
    onBatch();
  }

  async #placesOf(files: readonly RestoreFile[]): Promise<{
    readonly tables: TableMap | undefined;
    readonly places: ValuePlaces | undefined;
  }> {
    const { folder } = this.#parts;
    const tables = await (this.#tables ??= tablesOf(folder));
    return { tables, places: tables && (await placesOf(folder.store, rootsOf(files), tables)) };
  }

  async #answer(question: unknown, tables: TableMap | undefined): Promise<unknown> {
    const { signal, folder } = this.#parts;
    if (signal.aborted || this.#isEnded) {
      const { reason } = signal as { reason: unknown };
      throw isVaultError(reason)
        ? reason
        : new VaultError('VAULT_INTERRUPTED', 'interrupted', { cause: reason });
    }
    return answerValues(folder.store, question, tables);
  }
}

/**
 * The tables there are by now: what comes to lie elsewhere meanwhile is asked for, and so is everything
 * where nobody can tell.
 */
async function tablesOf({ store }: OpenFolder): Promise<TableMap | undefined> {
  try {
    const tables = await store.chunks.tables('some');
    return tables && new TableMap(tables);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}

function emptyBatch(): Batch {
  return { files: [], places: [], bytes: 0 };
}
