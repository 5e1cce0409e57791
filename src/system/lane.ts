/** One place in which tasks run, as a pool sees it. */

import { VaultError } from '../errors.ts';
import type { RunOptions } from './worker-pool.ts';

/** One call of `run`. */
export interface Job extends RunOptions {
  readonly id: number;
  readonly task: string;
  readonly input: unknown;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

export interface Lane {
  /** Begins a job. Throws `TypeError` if its input cannot cross; then the job does not count as begun. */
  begin(job: Job): void;
  /** Tells the task of a begun job that nobody waits for it. It still ends by `ended`. */
  cancel(id: number): void;
  configure(key: string, value: unknown): void;
  /** Ends all jobs, without any further event. */
  stop(): Promise<void>;
}

/** What a lane reports. */
export interface LaneEvents {
  /** The task of a job has returned or thrown: the lane has room again. */
  ended(id: number, outcome: Outcome): void;
  /** The lane is gone, with all its jobs. */
  died(cause: unknown): void;
}

export type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** What the caller of a job answers to its task. */
export async function answer(job: Job, question: unknown): Promise<unknown> {
  if (job.signal?.aborted) throw interrupted(job.signal);
  if (!job.ask) throw new TypeError(`expected a caller of ${job.task} that answers, got none`);
  return job.ask(question);
}

/** What the caller of a job gets once its signal has aborted. */
export function interrupted(signal: AbortSignal): VaultError {
  return new VaultError('VAULT_INTERRUPTED', 'interrupted', { cause: signal.reason });
}
