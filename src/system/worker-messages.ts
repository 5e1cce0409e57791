/** What a worker thread and its pool say to each other. */

import type { SentError } from './sent-error.ts';

/** `workerData` of a new thread. */
export interface WorkerStart {
  /** URLs of modules that export `tasks`. */
  readonly modules: readonly string[];
  readonly settings: readonly (readonly [string, unknown])[];
}

export type ToWorker =
  | { readonly say: 'begin'; readonly id: number; readonly task: string; readonly input: unknown }
  | { readonly say: 'cancel'; readonly id: number }
  | { readonly say: 'configure'; readonly key: string; readonly value: unknown }
  | { readonly say: 'answer'; readonly question: number; readonly outcome: SentOutcome };

export type FromWorker =
  | { readonly say: 'ended'; readonly id: number; readonly outcome: SentOutcome }
  | {
      readonly say: 'ask';
      readonly id: number;
      readonly question: number;
      readonly content: unknown;
    };

export type SentOutcome = { readonly value: unknown } | { readonly error: SentError };
