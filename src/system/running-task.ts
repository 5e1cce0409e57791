import { deferred, type Deferred } from '../async.ts';
import { VaultError } from '../errors.ts';
import type { RandomSource } from '../random.ts';
import type { FileSystem } from './file-system.ts';
import type { TaskContext, TaskTable } from './worker-pool.ts';

/** What all tasks of a lane share. */
export interface TaskWorld {
  readonly tasks: TaskTable;
  readonly fileSystem: FileSystem;
  readonly random: RandomSource;
  readonly settings: ReadonlyMap<string, unknown>;
}

export type AskCaller = (question: unknown, transfer: readonly ArrayBuffer[]) => Promise<unknown>;

/** One call of a task, from its side; the same in a thread and inline. */
export class RunningTask implements TaskContext {
  readonly fileSystem: FileSystem;
  readonly random: RandomSource;
  readonly settings: ReadonlyMap<string, unknown>;
  /** Buffers of the result that move. */
  readonly moving: ArrayBuffer[] = [];
  readonly #tasks: TaskTable;
  readonly #askCaller: AskCaller;
  readonly #questions = new Set<Deferred<unknown>>();
  #cancelled = false;

  constructor(world: TaskWorld, askCaller: AskCaller) {
    this.fileSystem = world.fileSystem;
    this.random = world.random;
    this.settings = world.settings;
    this.#tasks = world.tasks;
    this.#askCaller = askCaller;
  }

  /** The task's result. Throws `TypeError` for a name that no task has. */
  async run(name: string, input: unknown): Promise<unknown> {
    const task = Object.hasOwn(this.#tasks, name) ? this.#tasks[name] : undefined;
    if (!task) throw new TypeError(`expected the name of a task, got ${JSON.stringify(name)}`);
    try {
      return await task(input as never, this);
    } finally {
      // Whatever it left running may not ask a caller who has the result.
      this.cancel();
    }
  }

  /** Makes open and later questions fail with `VAULT_INTERRUPTED`. */
  cancel(): void {
    this.#cancelled = true;
    for (const question of this.#questions) question.reject(cancelledError());
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  async ask(question: unknown, transfer: readonly ArrayBuffer[] = []): Promise<unknown> {
    if (this.#cancelled) throw cancelledError();
    const asked = deferred<unknown>();
    this.#questions.add(asked);
    try {
      this.#askCaller(question, transfer).then(
        (value) => asked.resolve(value),
        (error: unknown) => asked.reject(error),
      );
      return await asked.promise;
    } finally {
      this.#questions.delete(asked);
    }
  }

  transfer(buffers: readonly ArrayBuffer[]): void {
    this.moving.push(...buffers);
  }
}

function cancelledError(): VaultError {
  return new VaultError('VAULT_INTERRUPTED', 'nobody waits for this task any more');
}
