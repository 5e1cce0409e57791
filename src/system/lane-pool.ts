import { VaultError } from '../errors.ts';
import { interrupted, type Job, type Lane, type LaneEvents, type Outcome } from './lane.ts';
import type { RunOptions, WorkerPool } from './worker-pool.ts';

export interface LanePoolOptions {
  /** Lanes at most; each is started when a task first needs it. */
  readonly lanes: number;
  /** Tasks a lane holds at once, so that one waiting for an answer or a message does not idle it. */
  readonly depth: number;
  readonly startLane: (settings: ReadonlyMap<string, unknown>, events: LaneEvents) => Lane;
}

interface LaneState {
  readonly lane: Lane;
  readonly jobs: Map<number, Job>;
}

/** The scheduling all pools share: jobs wait in order, and the least loaded lane with room takes the next. */
export class LanePool implements WorkerPool {
  readonly lanes: number;
  readonly #options: LanePoolOptions;
  readonly #settings = new Map<string, unknown>();
  readonly #states: LaneState[] = [];
  #waiting: Job[] = [];
  /** What ends the jobs of a signal. */
  readonly #acts = new Map<AbortSignal, Set<() => void>>();
  #nextId = 1;
  #closing: Promise<void> | undefined;

  constructor(options: LanePoolOptions) {
    for (const key of ['lanes', 'depth'] as const) {
      if (!Number.isSafeInteger(options[key]) || options[key] < 1) {
        throw new RangeError(`expected ${key} of at least 1, got ${options[key]}`);
      }
    }
    this.lanes = options.lanes;
    this.#options = options;
  }

  run<I, O>(task: string, input: I, options: RunOptions = {}): Promise<O> {
    return new Promise<unknown>((resolve, reject) => {
      if (this.#closing) throw closed();
      const { signal } = options;
      if (signal?.aborted) throw interrupted(signal);
      const job: Job = { ...options, id: this.#nextId++, task, input, resolve, reject };
      if (signal) this.#rejectOnAbort(job, signal);
      this.#waiting.push(job);
      this.#dispatch();
    }) as Promise<O>;
  }

  configure(key: string, value: unknown): void {
    const copy: unknown = crossing(() => structuredClone(value));
    if (copy === undefined) this.#settings.delete(key);
    else this.#settings.set(key, copy);
    for (const { lane } of this.#states) lane.configure(key, copy);
  }

  warm(): void {
    if (this.#closing) return;
    while (this.#states.length < this.lanes) this.#startLane();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const states = this.#states.splice(0);
    const jobs = [...states.flatMap((state) => [...state.jobs.values()]), ...this.#waiting];
    this.#waiting = [];
    for (const job of jobs) job.reject(closed());
    await Promise.all(states.map((state) => state.lane.stop()));
  }

  #rejectOnAbort(job: Job, signal: AbortSignal): void {
    const abort = (): void => {
      job.reject(interrupted(signal));
      this.#waiting = this.#waiting.filter((one) => one !== job);
      this.#states.find((state) => state.jobs.has(job.id))?.lane.cancel(job.id);
    };
    const forget = this.#onAbort(signal, abort);
    const { resolve, reject } = job;
    job.resolve = (value) => {
      forget();
      resolve(value);
    };
    job.reject = (error) => {
      forget();
      reject(error);
    };
  }

  /** Calls `act` when the signal aborts, until what is returned is called: one listener serves all jobs of a signal. */
  #onAbort(signal: AbortSignal, act: () => void): () => void {
    const acts = this.#acts.get(signal) ?? new Set();
    acts.add(act);
    if (!this.#acts.has(signal)) {
      this.#acts.set(signal, acts);
      signal.addEventListener('abort', this.#aborted, { once: true });
    }
    return () => {
      acts.delete(act);
      if (acts.size > 0 || this.#acts.get(signal) !== acts) return;
      this.#acts.delete(signal);
      signal.removeEventListener('abort', this.#aborted);
    };
  }

  readonly #aborted = ({ target }: Event): void => {
    const acts = this.#acts.get(target as AbortSignal) ?? [];
    this.#acts.delete(target as AbortSignal);
    for (const act of acts) act();
  };

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const state = this.#stateWithRoom();
      if (!state) return;
      const job = this.#waiting.shift();
      if (!job) return;
      state.jobs.set(job.id, job);
      try {
        crossing(() => state.lane.begin(job));
      } catch (error) {
        state.jobs.delete(job.id);
        job.reject(error);
      }
    }
  }

  #stateWithRoom(): LaneState | undefined {
    let least: LaneState | undefined;
    for (const state of this.#states) {
      if (!least || state.jobs.size < least.jobs.size) least = state;
    }
    if (least?.jobs.size === 0) return least;
    if (this.#states.length < this.lanes) return this.#startLane();
    return least && least.jobs.size < this.#options.depth ? least : undefined;
  }

  #startLane(): LaneState {
    const jobs = new Map<number, Job>();
    const lane = this.#options.startLane(this.#settings, {
      ended: (id, outcome) => this.#ended(jobs, id, outcome),
      died: (cause) => this.#died(state, cause),
    });
    const state: LaneState = { lane, jobs };
    this.#states.push(state);
    return state;
  }

  #ended(jobs: Map<number, Job>, id: number, outcome: Outcome): void {
    const job = jobs.get(id);
    jobs.delete(id);
    if ('error' in outcome) job?.reject(outcome.error);
    else job?.resolve(outcome.value);
    this.#dispatch();
  }

  #died(state: LaneState, cause: unknown): void {
    const at = this.#states.indexOf(state);
    if (at < 0) return;
    this.#states.splice(at, 1);
    for (const { task, reject } of state.jobs.values()) {
      reject(
        new VaultError('VAULT_FAILED', `a worker stopped in the middle of ${task}`, {
          cause,
          details: { task },
        }),
      );
    }
    this.#dispatch();
  }
}

/** Runs what sends values to another thread; values that cannot be sent are a programming mistake. */
export function crossing<T>(send: () => T): T {
  try {
    return send();
  } catch (error) {
    if (error instanceof DOMException && error.name === 'DataCloneError') {
      throw new TypeError(`expected a value that can be cloned, got: ${error.message}`, {
        cause: error,
      });
    }
    throw error;
  }
}

function closed(): VaultError {
  return new VaultError('VAULT_CLOSED', 'the worker pool is closed');
}
