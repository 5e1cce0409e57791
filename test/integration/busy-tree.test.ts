import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skipUnless } from '../helpers/requires.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { judge } from './busy-judge.ts';
import { busyTree } from './busy-tree.ts';

const isLong = process.env['VAULT_SLOW'] === '1';

test('no snapshot of a tree in which programs are at work fails or shows what never was', async (t) => {
  if (!skipUnless(t, { programs: ['git', 'npm'] })) return;
  const { failures, ...result } = await busyTree({
    directory: tempDir(t),
    packages: ['cborg'],
    snapshots: 2,
    seconds: isLong ? 120 : 1,
  });
  t.diagnostic(JSON.stringify(result));
  assert.deepEqual(failures, []);
  assert.ok(Object.values(result.turns).every((turns) => turns > 0));
  assert.ok(result.versions.whole > 100, 'many files were seen');
});

test('what never was is told from what was', () => {
  const line = (turn: number, count: number): string =>
    `export const turn_${String(turn).padStart(9, '0')} = 1;\n`.repeat(count);
  const originals = new Map([['p', Buffer.from('original')]]);
  for (const [path, content, verdict] of [
    ['replaced/a', line(7, 1200), 'whole'],
    ['replaced/a', line(7, 1199), 'torn'],
    ['replaced/a~', line(7, 1199), 'moment'],
    ['rewritten/a', line(7, 3), 'moment'],
    ['rewritten/a', '', 'moment'],
    ['rewritten/a', line(7, 600) + line(2, 600), 'torn'],
    ['overwritten/a', line(7, 40_000), 'whole'],
    ['overwritten/a', line(7, 600) + line(2, 600), 'moment'],
    ['overwritten/a', line(2, 600) + line(7, 600), 'torn'],
    ['overwritten/a', line(12, 600) + line(2, 600), 'torn'],
    ['overwritten/a', line(7, 1) + line(2, 600) + line(7, 599), 'torn'],
    ['compiler/source/m.ts', line(1, 199), 'torn'],
    ['compiler/output/m.js', line(1, 199), 'moment'],
    ['git/d1/file 3', line(1, 23), 'whole'],
    [`git/.git/objects/aa/${'b'.repeat(38)}`, 'no object', 'torn'],
    ['git/.git/index', 'DIRC cut off', 'torn'],
    ['npm/p', 'orig', 'moment'],
    ['npm/p', 'origin of', 'torn'],
    ['npm/other', 'anything', undefined],
  ] as const) {
    assert.equal(judge(path, Buffer.from(content), originals), verdict, path);
  }
});
