/** What must be reached, and whether it was. */

import type { CaseName } from './case-names.ts';
import type { RunLine } from './lines.ts';
import { pairRatios, spread, type Sample, type Spread } from './statistics.ts';

/** What is compared of a run. */
export type Quantity = 'seconds' | 'storeBytes' | 'grownBytes' | 'sealedBytes' | 'peakBytes';

export interface Target {
  readonly cases: readonly CaseName[];
  readonly what: string;
  readonly unit: 'ratio' | 'KiB' | 'MB' | '%';
  readonly limit: number;
  readonly atLeast?: boolean;
  /** Every single run must reach it, not only the median. */
  readonly always?: boolean;
  /** Vault's figure from the runs of the case; undefined where it was not measured. */
  readonly figure: (runs: readonly RunLine[]) => Spread | undefined;
}

export interface Judged {
  readonly case: CaseName;
  readonly target: Target;
  readonly figure: Spread | undefined;
  readonly met: boolean | undefined;
}

const storing = ['first-tree', 'first-large', 'next-release', 'first-mixed'] as const;
const measuring: readonly CaseName[] = [
  'first-tree',
  'unchanged-tree',
  'verify-tree',
  'restore-tree',
  'first-large',
  'insert-large',
  'restore-large',
  'next-release',
  'first-mixed',
  'restore-mixed',
  'many-tables',
];

const targets: readonly Target[] = [
  beside('first-tree', 'time', 'seconds', 0.6),
  beside('first-tree', 'size', 'storeBytes', 1.05),
  beside('first-large', 'time', 'seconds', 1),
  beside('unchanged-tree', 'time', 'seconds', 0.4),
  beside('insert-large', 'time', 'seconds', 0.6),
  {
    cases: ['insert-large'],
    what: 'newly stored',
    unit: 'KiB',
    limit: 512,
    figure: (runs) => ofVault(runs, ({ sealedBytes }) => divided(sealedBytes, 1024)),
  },
  beside('restore-tree', 'time', 'seconds', 0.8),
  beside('restore-large', 'time', 'seconds', 1),
  beside('next-release', 'time', 'seconds', 0.6),
  beside('next-release', 'new bytes', 'grownBytes', 1.05),
  beside('verify-tree', 'time', 'seconds', 0.8),
  {
    cases: storing,
    what: 'device writes over sealed bytes',
    unit: 'ratio',
    limit: 1.2,
    figure: (runs) =>
      ofVault(runs, ({ deviceBytes, sealedBytes }) => divided(deviceBytes, sealedBytes)),
  },
  {
    cases: measuring,
    what: 'peak memory',
    unit: 'MB',
    limit: 300,
    always: true,
    figure: (runs) => ofVault(runs, ({ peakBytes }) => divided(peakBytes, 1e6)),
  },
  {
    cases: ['many-tables'],
    what: 'speed of writing kept',
    unit: '%',
    limit: 70,
    atLeast: true,
    figure: (runs) => {
      const kept = pairRatios(samples(runs, 'empty', 'seconds'), samples(runs, 'vault', 'seconds'));
      return kept && { median: kept.median * 100, min: kept.min * 100, max: kept.max * 100 };
    },
  },
];

/** All targets of the cases that ran, in order. */
export function judge(runs: readonly RunLine[]): Judged[] {
  return targets.flatMap((target) =>
    target.cases.flatMap((name) => {
      const ran = runs.filter((run) => run.case === name);
      if (ran.length === 0) return [];
      const figure = target.figure(ran);
      return [{ case: name, target, figure, met: figure && isMet(target, figure) }];
    }),
  );
}

function isMet({ limit, atLeast, always }: Target, figure: Spread): boolean {
  if (atLeast === true) return (always === true ? figure.min : figure.median) >= limit;
  return (always === true ? figure.max : figure.median) <= limit;
}

/** One quantity of one side, by round. */
export function samples(
  runs: readonly RunLine[],
  side: string,
  quantity: Exclude<keyof RunLine, 'type' | 'case' | 'side'>,
): Sample[] {
  return runs.flatMap((run) => {
    const value = run[quantity];
    return run.side !== side || value === null || value === undefined
      ? []
      : [{ pair: run.pair, value }];
  });
}

function beside(name: CaseName, what: string, quantity: Quantity, limit: number): Target {
  return {
    cases: [name],
    what: `${what}, × restic`,
    unit: 'ratio',
    limit,
    figure: (runs) =>
      pairRatios(samples(runs, 'vault', quantity), samples(runs, 'restic', quantity)),
  };
}

function ofVault(
  runs: readonly RunLine[],
  value: (run: RunLine) => number | undefined,
): Spread | undefined {
  const values = runs.flatMap((run) => {
    const one = run.side === 'vault' ? value(run) : undefined;
    return one === undefined ? [] : [one];
  });
  return values.length === 0 ? undefined : spread(values);
}

function divided(value: number | null, by: number | null): number | undefined {
  return value === null || by === null || by === 0 ? undefined : value / by;
}
