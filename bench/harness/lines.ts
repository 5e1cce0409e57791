/** The JSON lines of the benchmark: what was measured, one line for each run. */

import type { CaseName } from './case-names.ts';

/** Where and with what the runs were made. */
export interface EnvironmentLine {
  readonly type: 'environment';
  readonly time: string;
  readonly processor: string;
  readonly processors: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly kernel: string;
  readonly fileSystem: string;
  readonly node: string;
  readonly vault: string;
  /** Name → version; null where it is not installed. */
  readonly peers: Readonly<Record<string, string | null>>;
  readonly loadBefore: number;
  readonly pairs: number;
  readonly scale: number;
}

/** What one of the inputs is. */
export interface InputLine {
  readonly type: 'input';
  readonly name: string;
  readonly files: number;
  readonly bytes: number;
}

/** One run of one side. Sizes are bytes. What cannot be told on this machine is null. */
export interface RunLine extends Measured {
  readonly type: 'run';
  readonly case: CaseName;
  readonly pair: number;
  readonly side: string;
  /** The whole store after the run, without vault's reserve. */
  readonly storeBytes: number | null;
  /** By how much the run made it larger. */
  readonly grownBytes: number | null;
  /** Newly sealed bytes, as vault itself tells. */
  readonly sealedBytes: number | null;
  /** Where opening the store is told apart from the rest: then `seconds` is without it. */
  readonly openSeconds?: number;
}

/** What is measured of any program. */
export interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Greatest resident memory of all its processes together. */
  readonly peakBytes: number;
  /** What the processes wrote to files, counted once for each page and change, also if never synced. */
  readonly writtenBytes: number;
  /** What reached the device of the scratch directory, whoever wrote it, up to the `sync` after the run. */
  readonly deviceBytes: number | null;
}

/** A case, or a case beside one peer, that did not run, and why. */
export interface NotRunLine {
  readonly type: 'not-run';
  readonly case: CaseName;
  readonly side: string | null;
  readonly why: string;
}

export type Line = EnvironmentLine | InputLine | RunLine | NotRunLine;

/** Reads JSON lines back. Throws `SyntaxError` for what is none. */
export function parseLines(text: string): Line[] {
  const known = ['environment', 'input', 'run', 'not-run'];
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, at) => {
      const value = JSON.parse(line) as Partial<Line> | null;
      if (typeof value !== 'object' || !known.includes(value?.type ?? '')) {
        throw new SyntaxError(`line ${at + 1} is no line of the benchmark`);
      }
      return value as Line;
    });
}
