/** Files on their way through the workers to their places, a bounded number at a time. */

import { isVaultError, VaultError } from '../errors.ts';
import type {
  Overwrite,
  RestoredFile,
  RestoreFile,
  RestoreFilesInput,
  ValuesAnswer,
} from '../folder/restore-files.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { WorkerPool } from '../system/worker-pool.ts';
import type { Place } from './restore-place.ts';
import { answerValues } from './values.ts';

export interface FileToRestore {
  /** In the folder. */
  readonly path: string;
  readonly file: RestoreFile;
}

export interface RestoreTasksParts {
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

export class RestoreTasks {
  readonly #parts: RestoreTasksParts;
  readonly #tasks = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;
  #isEnded = false;

  constructor(parts: RestoreTasksParts) {
    this.#parts = parts;
  }

  /** Takes files of one directory that was entered. Resolves when more may come. */
  async add(batch: readonly FileToRestore[], place: Place): Promise<void> {
    const release = place.use();
    const task: Promise<void> = this.#restore(batch, place.where ?? '')
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#tasks.delete(task);
        release();
      });
    this.#tasks.add(task);
    while (this.#tasks.size >= this.#parts.pool.lanes * 2) await Promise.race(this.#tasks);
    this.throwIfFailed();
  }

  /** Until nothing is on its way. */
  async settle(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.race(this.#tasks);
    this.throwIfFailed();
  }

  /** Ends what is on its way soon, and waits for it: then no worker uses a held directory any more. */
  async end(): Promise<void> {
    this.#isEnded = true;
    await Promise.allSettled(this.#tasks);
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #restore(batch: readonly FileToRestore[], directory: string): Promise<void> {
    const { pool, folder, overwrite, verify, onRestored, onBatch } = this.#parts;
    const files = batch.map(({ file }) => file);
    const { secrets } = folder;
    const input: RestoreFilesInput = { secrets, directory, files, overwrite, verify };
    // The pool would give a task up before it has ended: it is ended by its next question instead.
    const results = await pool.run<RestoreFilesInput, RestoredFile[]>('restoreFiles', input, {
      ask: (question) => this.#answer(question),
    });
    results.forEach((result, index) => onRestored(batch[index] as FileToRestore, result));
    onBatch();
  }

  async #answer(question: unknown): Promise<ValuesAnswer> {
    const { signal, folder } = this.#parts;
    if (signal.aborted || this.#isEnded) {
      const { reason } = signal as { reason: unknown };
      throw isVaultError(reason)
        ? reason
        : new VaultError('VAULT_INTERRUPTED', 'interrupted', { cause: reason });
    }
    return answerValues(folder.store, question);
  }
}
