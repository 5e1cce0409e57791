import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { countFiles } from '../harness/disk-usage.ts';
import { Alternatives } from '../inputs/alternatives.ts';
import { writeRandomFile } from '../inputs/random-file.ts';
import { runRounds, type Step } from './rounds.ts';
import type { Scenario } from './scenario.ts';

const BYTES = 2 * 1024 ** 3;
const INSERTED = Buffer.from('+five');

/** One file that nothing can compress, and then with five bytes more in its middle. */
export const largeFileScenario: Scenario = {
  cases: ['first-large', 'insert-large', 'restore-large'],
  async run(wanted, context) {
    const size = Math.round(BYTES * context.scale);
    // Not where a window or piece of whoever reads it ends.
    const at = Math.floor(size / 2) + 12_345;
    const first = join(context.scratch, 'first');
    const changed = join(context.scratch, 'changed');
    writeRandomFile(first, { seed: 'large file', size });
    writeRandomFile(changed, { seed: 'large file', size, inserted: { at, bytes: INSERTED } });
    const source = join(context.scratch, 'source');
    mkdirSync(source);
    const file = new Alternatives(join(source, 'large.bin'), [first, changed]);
    file.show(0);
    context.say({ type: 'input', name: 'incompressible file', ...countFiles(source) });
    const steps: readonly Step[] = [
      { case: 'first-large', operation: 'snapshot', arrange: () => file.show(0) },
      { case: 'insert-large', operation: 'snapshot', arrange: () => file.show(1) },
      { case: 'restore-large', operation: 'restore' },
    ];
    await runRounds(source, steps, wanted, context);
  },
};
