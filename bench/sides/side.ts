/** A program that is measured: how it makes a store of a directory and what it can do with it. */

import type { Command } from '../harness/measure.ts';

const operations = ['snapshot', 'list', 'verify', 'restore'] as const;
export type Operation = (typeof operations)[number];

export interface Side {
  readonly name: string;
  /** Undefined where the program is not installed. */
  readonly version: () => string | undefined;
  /**
   * Prepares a store of the directory `source` in the empty directory `place`: the commands to run
   * before anything is measured.
   */
  readonly prepare: (place: string, source: string) => readonly Command[];
  /** Undefined where it has nothing to compare. `out` is where a restore goes; it does not exist. */
  readonly command: (operation: Operation, paths: SidePaths) => Command | undefined;
  /** Below `out`, where a restore puts what `source` held. */
  readonly restored: (paths: SidePaths) => string;
  /** What the store takes, without room put by for later. */
  readonly storeBytes: (place: string) => number;
  /** Newly sealed bytes of a snapshot, if the program tells. */
  readonly sealedBytes?: (stdout: string) => number;
}

export interface SidePaths {
  readonly place: string;
  readonly source: string;
  readonly out: string;
}
