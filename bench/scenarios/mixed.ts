import { join } from 'node:path';
import { countFiles } from '../harness/disk-usage.ts';
import { writeMixedTree } from '../inputs/mixed-tree.ts';
import { runRounds, type Step } from './rounds.ts';
import type { Scenario } from './scenario.ts';

const steps: readonly Step[] = [
  { case: 'first-mixed', operation: 'snapshot' },
  { case: 'restore-mixed', operation: 'restore' },
];

/** What a person has: few large files that do not compress, many small ones that do. */
export const mixedScenario: Scenario = {
  cases: steps.map((step) => step.case),
  async run(wanted, context) {
    const source = join(context.scratch, 'mixed');
    writeMixedTree(source, context.scale);
    context.say({ type: 'input', name: 'generated mixed tree', ...countFiles(source) });
    await runRounds(source, steps, wanted, context);
  },
};
