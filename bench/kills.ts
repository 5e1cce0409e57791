/**
 * Kills snapshots of a changing tree at random moments and looks at the home after each: see
 * `test/integration/kill-campaign.ts` for what must hold.
 *
 *   node build/bench/kills.js [kills, default 1000] [seed] [small files, default 200]
 *
 * JSON lines: `progress` every 50 kills, then one `summary`. Exits with 1 where anything failed.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killSnapshots } from '../test/integration/kill-campaign.ts';

const [kills = 1000, seed = Date.now() % 1_000_000_000, files = 200] = process.argv
  .slice(2)
  .map(Number);
if (![kills, seed, files].every((number) => Number.isSafeInteger(number) && number > 0)) {
  throw new RangeError('expected positive whole numbers: kills, seed, files');
}

const directory = mkdtempSync(join(tmpdir(), 'vault-kills-'));
const started = performance.now();
const seconds = (): number => Math.round((performance.now() - started) / 100) / 10;
const say = (line: Readonly<Record<string, unknown>>): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

let told = 0;
try {
  const result = await killSnapshots({
    kills,
    seed,
    directory,
    files,
    restoreEvery: 1,
    onKill: ({ kills: done, restores, failures }) => {
      if (done < told + 50) return;
      told = done;
      say({
        type: 'progress',
        kills: done,
        restores,
        failures: failures.length,
        seconds: seconds(),
      });
    },
  });
  say({ type: 'summary', seed, files, ...result, seconds: seconds() });
  if (result.failures.length > 0) process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
