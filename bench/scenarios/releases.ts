import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { countFiles } from '../harness/disk-usage.ts';
import { runCommand } from '../harness/measure.ts';
import { Alternatives } from '../inputs/alternatives.ts';
import { installedSourceTree, treeOf } from '../inputs/unpack.ts';
import { runRounds, type Step } from './rounds.ts';
import type { Scenario, ScenarioContext } from './scenario.ts';

/**
 * A tree replaced by its next release as a whole: every file of it is another one on disk, though
 * most hold what they held.
 */
export const releasesScenario: Scenario = {
  cases: ['next-release'],
  async run(wanted, context) {
    const [old, next] = [context.tree ?? installedSourceTree(), context.nextTree];
    if (old === undefined || next === undefined) {
      const why = 'no second release: give one with --next-tree';
      for (const name of wanted) context.say({ type: 'not-run', case: name, side: null, why });
      return;
    }
    const paths = [await ownTree(old, 'old', context), await ownTree(next, 'next', context)];
    const source = join(context.scratch, 'tree');
    const releases = new Alternatives(source, paths);
    const steps: readonly Step[] = [
      // Another case's, measured elsewhere: here it only makes the store of the older release.
      { case: 'first-tree', operation: 'snapshot', arrange: () => releases.show(0) },
      { case: 'next-release', operation: 'snapshot', arrange: () => releases.show(1) },
    ];
    releases.show(0);
    await runRounds(source, steps, wanted, context);
  },
};

/** The tree as a directory of the scratch directory, which may be renamed. */
async function ownTree(given: string, name: string, context: ScenarioContext): Promise<string> {
  const { scratch, signal, say } = context;
  const tree = await treeOf(given, join(scratch, `unpacked ${name}`), signal);
  say({ type: 'input', name: `${name} release: ${tree.name}`, ...countFiles(tree.path) });
  const own = join(scratch, name);
  if (tree.path.startsWith(scratch)) renameSync(tree.path, own);
  else await runCommand({ program: 'cp', args: ['-a', tree.path, own], env: {} }, signal);
  return own;
}
