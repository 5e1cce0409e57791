/**
 * Alternating rounds over one input: each round makes a new store for every side, then does the steps
 * one after the other, all sides of a step next to each other, forwards and backwards in turn.
 */

import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CaseName } from '../harness/case-names.ts';
import { measure, runCommand, type Command } from '../harness/measure.ts';
import { sameTrees } from '../harness/same-trees.ts';
import { orderOf } from '../harness/statistics.ts';
import { warm } from '../harness/warm.ts';
import type { Operation, Side, SidePaths } from '../sides/side.ts';
import type { ScenarioContext } from './scenario.ts';

export interface Step {
  readonly case: CaseName;
  readonly operation: Operation;
  /** Puts the source into the state this step is about, for all sides; called in every round. */
  readonly arrange?: () => void;
  /**
   * What is restored is removed after the last round only: for a while after many files were removed,
   * ext4 makes new ones slowly, and the next run would be measured with that.
   */
  readonly keepsRestored?: boolean;
}

/** Runs `steps` on the directory `source` as far as the last that is wanted. */
export async function runRounds(
  source: string,
  steps: readonly Step[],
  wanted: ReadonlySet<CaseName>,
  context: ScenarioContext,
): Promise<void> {
  const last = steps.findLastIndex((step) => wanted.has(step.case));
  // Of the steps before the last one wanted, only snapshots leave something behind.
  const needed = steps.filter(
    (step, at) => at <= last && (wanted.has(step.case) || step.operation === 'snapshot'),
  );
  const rounds = join(context.scratch, 'round');
  const kept = join(context.scratch, 'kept');
  mkdirSync(kept, { recursive: true });
  try {
    for (let pair = 0; pair < context.pairs; pair++) {
      const places = prepareSides(rounds, source, needed, context);
      for (const { commands, place } of places) {
        mkdirSync(place, { recursive: true });
        for (const command of commands) await runCommand(command, context.signal);
      }
      for (const step of needed) {
        step.arrange?.();
        for (const place of orderOf(places, pair)) {
          await runStep(step, place, { pair, kept, wanted, context });
        }
      }
      rmSync(rounds, { recursive: true, force: true });
    }
  } finally {
    for (const left of [rounds, kept]) rmSync(left, { recursive: true, force: true });
  }
}

interface PreparedSide extends SidePaths {
  readonly side: Side;
  readonly commands: readonly Command[];
}

/** Sides that can do any of the wanted steps. */
function prepareSides(
  rounds: string,
  source: string,
  steps: readonly Step[],
  { sides }: ScenarioContext,
): PreparedSide[] {
  return sides.flatMap((side) => {
    const place = join(rounds, side.name);
    const paths = { place, source, out: join(place, 'out') };
    if (!steps.some(({ operation }) => side.command(operation, paths))) return [];
    return [{ ...paths, side, commands: side.prepare(place, source) }];
  });
}

interface StepContext {
  readonly pair: number;
  readonly kept: string;
  readonly wanted: ReadonlySet<CaseName>;
  readonly context: ScenarioContext;
}

async function runStep(
  { case: name, operation, keepsRestored = false }: Step,
  paths: PreparedSide,
  { pair, kept, wanted, context }: StepContext,
): Promise<void> {
  const { side, place, source, out } = paths;
  const command = side.command(operation, paths);
  if (command === undefined) return;
  const before = side.storeBytes(place);
  warm(operation === 'snapshot' ? source : place);
  const { stdout, ...measured } = await measure(command, context);
  if (operation === 'restore') {
    // Whoever restores something else is not measured, but wrong.
    if (pair === 0) await sameTrees(source, side.restored(paths), context.signal);
    if (keepsRestored) renameSync(out, join(kept, `${side.name}-${pair}`));
    else rmSync(out, { recursive: true, force: true });
  }
  if (!wanted.has(name)) return;
  const isSnapshot = operation === 'snapshot';
  const storeBytes = side.storeBytes(place);
  context.say({
    type: 'run',
    case: name,
    pair,
    side: side.name,
    ...measured,
    storeBytes,
    grownBytes: isSnapshot ? storeBytes - before : null,
    sealedBytes: isSnapshot ? (side.sealedBytes?.(stdout) ?? null) : null,
  });
}
