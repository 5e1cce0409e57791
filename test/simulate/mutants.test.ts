import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, test } from 'node:test';
import { mutants } from './mutants.ts';

const child = fileURLToPath(new URL('./mutant-child.js', import.meta.url));
const isSlow = process.env['VAULT_SLOW'] === '1';
/** Each of these has to be noticed within so many seeds. */
const SEEDS = 1000;
/** How many are tried in a quick run, each with the one seed that is known to notice it. */
const QUICK = 3;

async function seedThatNotices(number: number, seeds: readonly number[]): Promise<unknown> {
  const args = [child, String(number), ...seeds.map(String)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as unknown;
}

describe('mistakes in vault that the simulator notices', () => {
  test('there are at least twenty, each a change of one place', () => {
    assert.ok(mutants.length >= 20);
    assert.equal(new Set(mutants.map(({ name }) => name)).size, mutants.length);
    for (const { name, file, from, to } of mutants) {
      const text = readFileSync(new URL(`../../src/${file}.js`, import.meta.url), 'utf8');
      assert.equal(text.split(from).length, 2, `"${name}" is to be found once in ${file}`);
      assert.notEqual(from, to, name);
    }
  });

  for (const [number, { name, caughtBy }] of mutants.entries()) {
    if (!isSlow && number >= QUICK) continue;
    test(name, async () => {
      const others = isSlow ? Array.from({ length: SEEDS }, (_, at) => at + 1) : [];
      const caught = await seedThatNotices(number, [caughtBy, ...others]);
      assert.ok(caught !== null, `no seed up to ${isSlow ? SEEDS : caughtBy} notices it`);
    });
  }
});
