import { Worker } from 'node:worker_threads';
import { VaultError } from '../errors.ts';
import { answer, type Job, type Lane, type LaneEvents } from './lane.ts';
import { crossing, LanePool } from './lane-pool.ts';
import { fromSentError, toSentError } from './sent-error.ts';
import type { FromWorker, SentOutcome, ToWorker, WorkerStart } from './worker-messages.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface ThreadPoolOptions {
  /** Modules that export `tasks`, a `TaskTable`; names are unique over all of them. */
  readonly modules: readonly URL[];
  /** Threads at most. */
  readonly lanes: number;
  /** Tasks in progress per thread. Default 2. */
  readonly depth?: number;
}

/**
 * A pool of worker threads with the disk and the randomness of this machine. Threads start with the
 * first task that needs them, and keep the process alive only while they hold a task.
 */
export function threadPool(options: ThreadPoolOptions): WorkerPool {
  const modules = options.modules.map((url) => url.href);
  return new LanePool({
    lanes: options.lanes,
    depth: options.depth ?? 2,
    startLane: (settings, events) => new ThreadLane({ modules, settings: [...settings] }, events),
  });
}

/** Threads would inherit flags about the main script (`--input-type`), which are wrong for ours. */
const EXEC_ARGV = process.execArgv.filter((flag) => flag === '--enable-source-maps');

/** Most of what a task makes is short-lived and lies outside of the heap: more would only be memory. */
const YOUNG_HEAP_MB = 4;

const WORKER = new URL('./worker-main.js', import.meta.url);

class ThreadLane implements Lane {
  readonly #worker: Worker | undefined;
  readonly #events: LaneEvents;
  readonly #jobs = new Map<number, Job>();
  #stopped = false;

  constructor(start: WorkerStart, events: LaneEvents) {
    this.#events = events;
    try {
      const worker = new Worker(WORKER, {
        workerData: start,
        execArgv: EXEC_ARGV,
        resourceLimits: { maxYoungGenerationSizeMb: YOUNG_HEAP_MB },
      });
      this.#worker = worker;
      let cause: unknown;
      worker.on('message', (message: FromWorker) => this.#hear(message));
      worker.on('error', (error) => (cause = error));
      worker.on('messageerror', (error) => {
        cause = error;
        void worker.terminate();
      });
      worker.on('exit', (code) => this.#died(cause ?? new Error(`worker exited with ${code}`)));
      worker.unref();
    } catch (error) {
      // Reported like any other death, once the pool has handed over the job it was started for.
      queueMicrotask(() => this.#died(error));
    }
  }

  begin(job: Job): void {
    const { id, task, input, transfer } = job;
    this.#say({ say: 'begin', id, task, input }, transfer);
    this.#jobs.set(id, job);
    if (this.#jobs.size === 1) this.#worker?.ref();
  }

  cancel(id: number): void {
    this.#say({ say: 'cancel', id });
  }

  configure(key: string, value: unknown): void {
    this.#say({ say: 'configure', key, value });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#worker?.terminate();
  }

  #say(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker?.postMessage(message, transfer);
  }

  #hear(message: FromWorker): void {
    if (this.#stopped) return;
    const job = this.#jobs.get(message.id);
    if (!job) throw new VaultError('VAULT_FAILED', `a worker spoke of unknown job ${message.id}`);
    if (message.say === 'ask') {
      void this.#answer(job, message.question, message.content);
      return;
    }
    this.#jobs.delete(message.id);
    if (this.#jobs.size === 0) this.#worker?.unref();
    const { outcome } = message;
    this.#events.ended(
      message.id,
      'error' in outcome ? { error: fromSentError(outcome.error) } : outcome,
    );
  }

  async #answer(job: Job, question: number, content: unknown): Promise<void> {
    const say = (outcome: SentOutcome): void => this.#say({ say: 'answer', question, outcome });
    try {
      const value = await answer(job, content);
      crossing(() => say({ value }));
    } catch (error) {
      say({ error: toSentError(error) });
    }
  }

  #died(cause: unknown): void {
    if (!this.#stopped) this.#events.died(cause);
  }
}
