import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulate } from './simulation.ts';

/** Without `VAULT_SEED` the seeds do not change. */
const FIRST = Number(process.env['VAULT_SEED'] ?? 1);
const RUNS = process.env['VAULT_SLOW'] === '1' ? 1000 : 12;
/** Every so many runs are made twice. */
const TWICE = 4;

test('whole nodes lose nothing, bring nothing back, and end alike, whatever goes wrong', async () => {
  for (let seed = FIRST; seed < FIRST + RUNS; seed++) {
    const { violations, lines, trace } = await simulate(String(seed));
    const replay = `npm run simulate -- --seed ${seed} --trace`;
    assert.deepEqual(violations, [], `${replay}\n${lines.slice(-60).join('\n')}`);
    if (seed % TWICE !== 0) continue;
    const again = await simulate(String(seed));
    assert.equal(again.trace, trace, `the same seed led to another trace: ${replay}`);
  }
});

test('a machine restored from an old copy removes nothing of what it wrote since', async () => {
  for (const seed of ['16', '56', '70', '247', '1063']) {
    const { violations, lines } = await simulate(seed, { restores: true });
    const replay = `npm run simulate -- --seed ${seed} --restores --trace`;
    assert.deepEqual(violations, [], `${replay}\n${lines.slice(-60).join('\n')}`);
  }
});
