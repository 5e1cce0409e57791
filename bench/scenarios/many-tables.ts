import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bytesBelow } from '../harness/disk-usage.ts';
import { measure } from '../harness/measure.ts';
import { orderOf } from '../harness/statistics.ts';
import { countTables, makeManyTables } from '../inputs/many-tables.ts';
import type { Scenario, ScenarioContext } from './scenario.ts';

const WRITER = fileURLToPath(new URL('../table-writer.js', import.meta.url));
const TABLES = 200_000;
const BYTES = 1024 ** 3;

/** The chunk store alone, with the tables of terabytes and with none. No peer takes part. */
export const manyTablesScenario: Scenario = {
  cases: ['many-tables'],
  async run(_wanted, context) {
    const full = join(context.scratch, 'full');
    await makeManyTables(full, Math.ceil(TABLES * context.scale), context.signal);
    const bytes = Math.ceil(BYTES * context.scale);
    context.say({
      type: 'input',
      name: 'tables',
      files: countTables(full),
      bytes: bytesBelow(full),
    });
    for (let pair = 0; pair < context.pairs; pair++) {
      const empty = join(context.scratch, `empty ${pair}`);
      const sides = [
        { side: 'vault', path: full },
        { side: 'empty', path: empty },
      ];
      for (const { side, path } of orderOf(sides, pair))
        await write(side, path, bytes, pair, context);
      rmSync(empty, { recursive: true });
    }
  },
};

async function write(
  side: string,
  path: string,
  bytes: number,
  pair: number,
  context: ScenarioContext,
): Promise<void> {
  const { stdout, ...measured } = await measure(
    { program: process.execPath, args: [WRITER, path, String(bytes)], env: {} },
    context,
  );
  const { openSeconds, writeSeconds } = JSON.parse(stdout) as Record<string, number>;
  if (openSeconds === undefined || writeSeconds === undefined) throw new Error(stdout);
  context.say({
    type: 'run',
    case: 'many-tables',
    pair,
    side,
    ...measured,
    seconds: writeSeconds,
    openSeconds,
    storeBytes: null,
    grownBytes: null,
    sealedBytes: null,
  });
}
