/** What keeping folders live is asked for and tells: {@link Live} is made by `keepLive`. */

import type { OperationEvent } from './operation.ts';

export interface LiveOptions {
  /** Versions of this node were written in a folder (id in hex): peers are to be told. Must not throw. */
  readonly onRecorded?: (folder: string) => void;
  /** What is wrong with a folder changed. */
  readonly onProblems?: (folder: string, problems: readonly string[]) => void;
  /** What recording a folder, or bringing it in step, tells on the way. */
  readonly onEvent?: (folder: string, event: OperationEvent) => void;
}

/** Folders whose working copies are watched, recorded, and brought in step with what comes. */
export interface Live {
  /** Something came for a folder (id in hex) from others: its working copy is brought in step soon. */
  news(folder: string): void;
  /** What is wrong with a folder: its watch, its last recording. `status` tells it too. */
  problems(folder: string): readonly string[];
  /** Whether every hint was followed, and nothing is awaited but the next look at everything. */
  readonly isQuiet: boolean;
  /** Reads anew which folders there are, where they lie, and which are paused. */
  foldersChanged(): Promise<void>;
  /** Ends what is under way soon, waits for it for some seconds at most, and watches no more. Idempotent. */
  close(): Promise<void>;
}
