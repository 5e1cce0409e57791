import { join } from 'node:path';
import { countFiles } from '../harness/disk-usage.ts';
import { installedSourceTree, treeOf } from '../inputs/unpack.ts';
import { runRounds, type Step } from './rounds.ts';
import type { Scenario } from './scenario.ts';

const steps: readonly Step[] = [
  { case: 'first-tree', operation: 'snapshot' },
  { case: 'unchanged-tree', operation: 'snapshot' },
  { case: 'list-snapshots', operation: 'list' },
  { case: 'verify-tree', operation: 'verify' },
  { case: 'restore-tree', operation: 'restore', keepsRestored: true },
];

/** Everything a user does with one real tree. */
export const treeScenario: Scenario = {
  cases: steps.map((step) => step.case),
  async run(wanted, context) {
    const given = context.tree ?? installedSourceTree();
    if (given === undefined) {
      const why = 'no tree: give one with --tree, or install a package linux-source-*';
      for (const name of wanted) context.say({ type: 'not-run', case: name, side: null, why });
      return;
    }
    const { name, path } = await treeOf(given, join(context.scratch, 'tree'), context.signal);
    context.say({ type: 'input', name, ...countFiles(path) });
    await runRounds(path, steps, wanted, context);
  },
};
