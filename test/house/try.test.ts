import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { projectPath } from '../helpers/project.ts';
import { skipUnless } from '../helpers/requires.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const needs = { platforms: ['linux', 'darwin'] as const, programs: ['bash', 'diff', 'npm'] };

/** Runs scripts/try with a scratch place of its own; what was left in it is given back. */
function tryVault(
  t: TestContext,
  ...args: string[]
): { status: number | null; output: string; left: string[] } {
  const scratch = tempDir(t);
  const run = spawnSync('bash', [projectPath('scripts', 'try'), ...args], {
    encoding: 'utf8',
    // A caller's own settings must not reach the trial.
    env: { ...process.env, TMPDIR: scratch, VAULT_HOME: join(scratch, 'no-home'), VAULT_JSON: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { status: run.status, output: run.stdout + run.stderr, left: readdirSync(scratch) };
}

describe('scripts/try', () => {
  test('does the main job on a folder, changes nothing in it and leaves nothing behind', (t) => {
    if (!skipUnless(t, needs)) return;
    const folder = join(tempDir(t), 'a folder');
    mkdirSync(join(folder, 'deep', 'empty'), { recursive: true });
    writeFileSync(join(folder, 'nothing'), '');
    writeFileSync(join(folder, 'one.txt'), 'one\n');
    writeFileSync(join(folder, 'deep', 'zwei – 二.txt'), 'two\n'.repeat(50_000));
    symlinkSync('one.txt', join(folder, 'link'));
    symlinkSync('nowhere', join(folder, 'dangling'));

    const { status, output, left } = tryVault(t, folder);
    assert.equal(status, 0, output);
    assert.match(output, /five bytes inserted into deep\/zwei – 二\.txt\nremoved [^\n]*\nrenamed /);
    assert.match(output, /first: no difference[\s\S]*second: no difference/);
    assert.match(output, /All of it worked/);
    assert.deepEqual(left, []);
    assert.deepEqual(readdirSync(folder).sort(), [
      'dangling',
      'deep',
      'link',
      'nothing',
      'one.txt',
    ]);
    assert.equal(readFileSync(join(folder, 'one.txt'), 'utf8'), 'one\n');
  });

  test('refuses a folder that is not there', (t) => {
    if (!skipUnless(t, needs)) return;
    const { status, output, left } = tryVault(t, join(tempDir(t), 'absent'));
    assert.equal(status, 2, output);
    assert.match(output, /no folder at .*absent/);
    assert.deepEqual(left, []);
  });
});
