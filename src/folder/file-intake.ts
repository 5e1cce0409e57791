/** Changed files on their way through the workers into the store, a bounded number at a time. */

import type { Clock } from '../clock.ts';
import { VaultError } from '../errors.ts';
import { deferred } from '../async.ts';
import type { SecretKey } from '../crypto/hash.ts';
import type { FolderStore } from '../store/folder-store.ts';
import { want } from '../store/want.ts';
import { giveBack } from '../system/lent-bytes.ts';
import type { WorkerPool } from '../system/worker-pool.ts';
import type { OutgoingAnswer, OutgoingQuestion } from './outgoing.ts';
import { defaultStretching, LARGE_BYTES, storeLargeFile } from './large-intake.ts';
import type { LargeFile, StoredFile, StoreFilesInput, StoreFilesOutput } from './store-files.ts';

export interface IntakeParts<T> {
  readonly store: Pick<FolderStore, 'stage' | 'wanted' | 'isPromised' | 'commit' | 'pendingChunks'>;
  readonly pool: WorkerPool;
  /** Setting of the pool that holds the folder's secrets. */
  readonly secrets: string;
  /** The folder's: makes the ids of chunks and nodes. */
  readonly idKey: SecretKey;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Absolute path of a candidate. */
  readonly pathOf: (candidate: T) => string;
  /** What became of a candidate; `takenMs` is the wall clock before it was looked at. */
  readonly onStored: (candidate: T, file: StoredFile, takenMs: number) => Promise<void>;
  /** After each batch. */
  readonly onBatch: () => void;
}

const FILES_PER_TASK = 64;
const CHUNKS_PER_COMMIT = 16_384;

export class FileIntake<T> {
  readonly #parts: IntakeParts<T>;
  #waiting: T[] = [];
  readonly #tasks = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;
  /** Resolved when a task has brought something, or all is given up. */
  #arrival = deferred<void>();

  constructor(parts: IntakeParts<T>) {
    this.#parts = parts;
  }

  /** Takes a candidate. Resolves when more may come; throws what an earlier one failed with. */
  async add(candidate: T): Promise<void> {
    this.#waiting.push(candidate);
    if (this.#waiting.length >= FILES_PER_TASK) await this.#dispatch();
  }

  /** Until nothing waits and nothing is on its way. */
  async settle(): Promise<void> {
    await this.#dispatch();
    while (this.#tasks.size > 0) await Promise.race(this.#tasks);
    this.throwIfFailed();
    this.#parts.signal.throwIfAborted();
  }

  /** Waits for tasks in progress after a failure elsewhere, so that nothing runs on unowned. */
  async abandon(): Promise<void> {
    this.#waiting = [];
    this.#failure ??= { error: new VaultError('VAULT_INTERRUPTED', 'given up') };
    this.#announce();
    await Promise.allSettled(this.#tasks);
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #dispatch(): Promise<void> {
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    const { pool } = this.#parts;
    const task = this.#store(batch)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#tasks.delete(task);
        this.#announce();
      });
    this.#tasks.add(task);
    const most = pool.lanes * 3;
    while (this.#tasks.size >= most) await Promise.race(this.#tasks);
    this.throwIfFailed();
  }

  async #store(batch: readonly T[]): Promise<void> {
    const { secrets, clock, pathOf, onStored, onBatch } = this.#parts;
    const takenMs = clock.wallMs();
    const paths = batch.map(pathOf);
    const input: StoreFilesInput = { secrets, paths, largeFrom: LARGE_BYTES };
    const { files } = await this.#run<StoreFilesInput, StoreFilesOutput>('storeFiles', input);
    for (const [index, file] of files.entries()) {
      const isLarge = file.status === 'large';
      const stored = isLarge ? await this.#storeLarge(paths[index] ?? '', file) : file;
      await onStored(batch[index] as T, stored, takenMs);
    }
    onBatch();
  }

  async #storeLarge(path: string, { stat }: LargeFile): Promise<StoredFile> {
    const { secrets, idKey, pool } = this.#parts;
    const run = this.#run.bind(this);
    const parts = { ...defaultStretching, secrets, idKey, lanes: pool.lanes, run };
    const stored = await storeLargeFile(path, stat.size, parts);
    if (stored !== undefined) return stored;
    const input: StoreFilesInput = { secrets, paths: [path] };
    const { files } = await run<StoreFilesInput, StoreFilesOutput>('storeFiles', input);
    return files[0] as StoredFile;
  }

  /** Runs a task that stores. On return all that it counts on is in the store. */
  async #run<I, O extends { readonly sealed: Uint8Array | undefined }>(
    task: string,
    input: I,
  ): Promise<O> {
    const { pool, signal } = this.#parts;
    const answers = new Set<Promise<unknown>>();
    const promised: Uint8Array[] = [];
    const ask = (question: unknown): Promise<OutgoingAnswer> => {
      const answer = this.#answer(question as OutgoingQuestion, promised);
      const settled = answer.catch(() => undefined).finally(() => answers.delete(settled));
      answers.add(settled);
      return answer;
    };
    try {
      const output = await pool.run<I, O>(task, input, { signal, ask });
      if (output.sealed !== undefined) await this.#stage(output.sealed);
      await this.#arrived(promised);
      return output;
    } finally {
      // An interrupted task is given up at once, an answer to it may still be using the store.
      await Promise.all(answers);
    }
  }

  async #stage(sealed: Uint8Array): Promise<void> {
    await this.#parts.store.stage(sealed, () => giveBack(sealed));
    this.#announce();
  }

  /** What the store wants of a batch; ids that another task promised are added to `promised`. */
  async #answer(
    { ids, sealed }: OutgoingQuestion,
    promised: Uint8Array[],
  ): Promise<OutgoingAnswer> {
    const { store } = this.#parts;
    if (sealed !== undefined) await this.#stage(sealed);
    if (store.pendingChunks >= CHUNKS_PER_COMMIT) await store.commit({});
    const answer = await store.wanted(ids);
    for (const [at, what] of answer.entries()) {
      if (what === want.promised) promised.push(ids.subarray(at * 32, at * 32 + 32));
    }
    return answer;
  }

  /**
   * Until other tasks have brought what they promised: a commit may come at any moment, and must not
   * take a version along whose content is still on its way.
   */
  async #arrived(promised: readonly Uint8Array[]): Promise<void> {
    for (const id of promised) {
      while (this.#parts.store.isPromised(id)) {
        this.throwIfFailed();
        await this.#arrival.promise;
      }
    }
  }

  #announce(): void {
    const arrival = this.#arrival;
    this.#arrival = deferred<void>();
    arrival.resolve();
  }
}
