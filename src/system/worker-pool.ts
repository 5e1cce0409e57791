/**
 * Heavy work, away from the thread that talks to the user. A pool has lanes; a lane is a thread, or in
 * simulations a place in the calling thread. Both kinds share scheduling, so that they differ in speed
 * only.
 */

import type { RandomSource } from '../random.ts';
import type { FileSystem } from './file-system.ts';

export interface RunOptions {
  /**
   * Buffers of the input that move to the task instead of being copied. Whoever transfers a buffer must
   * not touch it again, whichever pool it is. A view that is not transferred takes its *whole* underlying
   * buffer along as a copy.
   */
  readonly transfer?: readonly ArrayBuffer[];
  /** Answers the task's questions. Its failure is thrown by the task's `ask`. */
  readonly ask?: (question: unknown) => Promise<unknown>;
  /** Gives up waiting, and tells the task at its next question. */
  readonly signal?: AbortSignal;
}

export interface WorkerPool {
  /** How many tasks can run at the same time. */
  readonly lanes: number;

  /**
   * The result of the task `task` for `input`, run on the least loaded lane. Tasks are started in the
   * order asked; a lane holds a few at once, which take turns where they wait.
   *
   * Input and result must be structured-cloneable, and nobody may change an input while its task runs.
   * A failed task rejects with its own error: `VaultError` and `FileError` stay what they are. Else
   * `VAULT_INTERRUPTED` as soon as `signal` aborts, `VAULT_CLOSED` once the pool is closed,
   * `VAULT_FAILED` where the lane died (the next task gets a new one), `TypeError` for an unknown task
   * and for values that cannot cross.
   */
  run<I, O>(task: string, input: I, options?: RunOptions): Promise<O>;

  /**
   * Hands every lane, also future ones, a value that tasks find as `context.settings.get(key)`; tasks
   * run later see it. `undefined` takes it away. Throws `TypeError` for what cannot cross.
   */
  configure(key: string, value: unknown): void;

  /** Starts the lanes that are not there yet, so that the first tasks need not wait for them. */
  warm(): void;

  /**
   * Ends all tasks: those waiting or running reject with `VAULT_CLOSED` at once. Resolves when no lane
   * is left. May be called again.
   */
  close(): Promise<void>;
}

/** What a task is given besides its input. */
export interface TaskContext {
  readonly fileSystem: FileSystem;
  readonly random: RandomSource;
  readonly settings: ReadonlyMap<string, unknown>;
  /** True once the caller gave up: nobody wants the result. */
  readonly cancelled: boolean;
  /**
   * The caller's answer. Other tasks of the lane run meanwhile. Rejects with the caller's error, with
   * `TypeError` if the caller answers no questions, and with `VAULT_INTERRUPTED` once cancelled.
   */
  ask(question: unknown, transfer?: readonly ArrayBuffer[]): Promise<unknown>;
  /** Marks buffers of the result that move to the caller instead of being copied. */
  transfer(buffers: readonly ArrayBuffer[]): void;
}

/** One kind of work. Called with one input at a time; everything it needs is in its arguments. */
export type Task<I, O> = (input: I, context: TaskContext) => Promise<O> | O;

/** Tasks by name. A module of tasks exports one as `tasks`. */
export type TaskTable = Readonly<Record<string, Task<never, unknown>>>;
