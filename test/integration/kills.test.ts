import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSeed } from '../helpers/seeded.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { killSnapshots } from './kill-campaign.ts';

const seed = runSeed();
const isLong = process.env['VAULT_SLOW'] === '1';

test('no kill of a snapshot costs anything that was reported', async (t) => {
  const directory = tempDir(t);
  const kills = isLong ? 300 : 40;
  const result = await killSnapshots({
    kills,
    seed,
    directory,
    files: 150,
    restoreEvery: isLong ? 1 : 4,
  });
  t.diagnostic(JSON.stringify({ seed, ...result }));
  assert.deepEqual(result.failures, []);
  assert.equal(result.kills, kills);
  // Else the kills did not come while there was something to lose.
  assert.ok(result.beforeCommit > 0 && result.snapshots > 0 && result.restores > 0);
});
