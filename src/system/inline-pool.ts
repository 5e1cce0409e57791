import type { RandomSource } from '../random.ts';
import type { FileSystem } from './file-system.ts';
import { answer, type Job, type Lane, type LaneEvents, type Outcome } from './lane.ts';
import { crossing, LanePool } from './lane-pool.ts';
import { RunningTask, type TaskWorld } from './running-task.ts';
import { fromSentError, toSentError } from './sent-error.ts';
import type { TaskTable, WorkerPool } from './worker-pool.ts';

export interface InlinePoolOptions {
  readonly tasks: TaskTable;
  readonly fileSystem: FileSystem;
  readonly random: RandomSource;
  /** Default 1. */
  readonly lanes?: number;
  /** Tasks in progress per lane. Default 2. */
  readonly depth?: number;
  /**
   * Clone everything that crosses, as threads do: what a caller or a task does with a value afterwards
   * then stays its own affair, and transferred buffers are gone. Slower; for tests. Default false:
   * caller and task share their values.
   */
  readonly isolate?: boolean;
}

/**
 * A pool in the calling thread, on a file system and randomness handed in: for simulations, and for
 * work too small for threads. Tasks start in a later microtask. `close` waits for tasks in progress to
 * end, and lets every question of theirs fail.
 */
export function inlinePool(options: InlinePoolOptions): WorkerPool {
  return new LanePool({
    lanes: options.lanes ?? 1,
    depth: options.depth ?? 2,
    startLane: (settings, events) =>
      new InlineLane({ ...options, settings }, options.isolate ? cloned : shared, events),
  });
}

/** How values cross. */
interface Crossing {
  value(value: unknown, transfer?: readonly ArrayBuffer[]): unknown;
  error(error: unknown): unknown;
}

const shared: Crossing = { value: (value) => value, error: (error) => error };

const cloned: Crossing = {
  value: (value, transfer = []) =>
    crossing((): unknown => structuredClone(value, { transfer: [...transfer] })),
  error: (error) => fromSentError(structuredClone(toSentError(error))),
};

class InlineLane implements Lane {
  readonly #world: TaskWorld;
  readonly #cross: Crossing;
  readonly #events: LaneEvents;
  readonly #running = new Map<number, { task: RunningTask; end: Promise<void> }>();
  #stopped = false;

  constructor(world: TaskWorld, cross: Crossing, events: LaneEvents) {
    this.#world = world;
    this.#cross = cross;
    this.#events = events;
  }

  begin(job: Job): void {
    const input = this.#cross.value(job.input, job.transfer);
    const task = new RunningTask(this.#world, (content, transfer) =>
      this.#ask(job, this.#cross.value(content, transfer)),
    );
    this.#running.set(job.id, { task, end: this.#run(job, task, input) });
  }

  cancel(id: number): void {
    this.#running.get(id)?.task.cancel();
  }

  configure(): void {
    // The settings of the pool are the lane's own.
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const running = [...this.#running.values()];
    for (const { task } of running) task.cancel();
    await Promise.all(running.map(({ end }) => end));
  }

  async #run(job: Job, task: RunningTask, input: unknown): Promise<void> {
    const outcome = await this.#outcome(job, task, input);
    this.#running.delete(job.id);
    if (!this.#stopped) this.#events.ended(job.id, outcome);
  }

  async #outcome(job: Job, task: RunningTask, input: unknown): Promise<Outcome> {
    try {
      await Promise.resolve();
      const value = await task.run(job.task, input);
      return { value: this.#cross.value(value, task.moving) };
    } catch (error) {
      return { error: this.#cross.error(error) };
    }
  }

  async #ask(job: Job, content: unknown): Promise<unknown> {
    try {
      return this.#cross.value(await answer(job, content));
    } catch (error) {
      throw this.#cross.error(error);
    }
  }
}
