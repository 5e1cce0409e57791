import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  checkAbilities,
  checkClock,
  checkNode,
  checkOpenFiles,
  checkPort,
  checkSpace,
  checkWatchLimits,
  OLDEST_NODE,
} from '../../src/operations/health-check.ts';
import type { FileSystemAbilities } from '../../src/system/file-system-abilities.ts';
import { projectPath } from '../helpers/project.ts';

const NOW = Date.UTC(2026, 5, 1);

test('what is as it should be is ok and has no remedy; what is not has one', () => {
  const checks = [
    [checkNode('20.19.0', false), 'ok'],
    [checkNode('24.1.0', true), 'ok'],
    [checkNode('20.18.3', false), 'problem'],
    [checkNode('18.20.0', false), 'problem'],
    [checkOpenFiles(undefined), 'ok'],
    [checkOpenFiles(Infinity), 'ok'],
    [checkOpenFiles(4096), 'ok'],
    [checkOpenFiles(4095), 'warning'],
    [checkOpenFiles(256), 'problem'],
    [checkWatchLimits(undefined), 'ok'],
    [checkWatchLimits({ directories: 65_536, watchers: 128 }), 'ok'],
    [checkWatchLimits({ directories: 8192, watchers: 128 }), 'warning'],
    [checkWatchLimits({ directories: 65_536, watchers: 10 }), 'warning'],
    [checkPort(7420, 'free'), 'ok'],
    [checkPort(7420, 'taken'), 'warning'],
    [checkPort(80, 'forbidden'), 'warning'],
    [checkClock(NOW, undefined, undefined), 'ok'],
    [checkClock(NOW, NOW + 59_000, NOW - 59_000), 'ok'],
    [checkClock(0, undefined, undefined), 'problem'],
    [checkClock(Date.UTC(2101, 0, 1), undefined, undefined), 'problem'],
    [checkClock(NOW, NOW + 61_000, NOW), 'warning'],
    [checkClock(NOW, NOW, NOW - 62_000), 'warning'],
    [checkSpace(2 ** 30, '/p', true), 'ok'],
    [checkSpace(2 ** 30 - 1, '/p', false), 'warning'],
    [checkSpace(1000, '/p', false), 'warning'],
    [checkSpace(1000, '/p', true), 'problem'],
  ] as const;
  for (const [check, status] of checks) {
    assert.equal(check.status, status, check.message);
    assert.equal(check.remedy === null, status === 'ok', check.message);
  }
});

test('only what is too low is to be raised', () => {
  const { remedy } = checkWatchLimits({ directories: 8192, watchers: 512 });
  assert.match(remedy ?? '', /max_user_watches=\d+ into/);
  assert.doesNotMatch(remedy ?? '', /instances/);
});

test('the oldest Node is that of the package', () => {
  const { engines } = JSON.parse(readFileSync(projectPath('package.json'), 'utf8')) as {
    engines: { node: string };
  };
  assert.equal(engines.node, `>=${OLDEST_NODE}`);
});

test('each ability a working copy lacks is a warning of its own', () => {
  const all: FileSystemAbilities = {
    isCaseSensitive: true,
    unicode: 'kept',
    takesAnyName: true,
    hasSymlinks: true,
    hasHardLinks: true,
    hasSparseFiles: true,
    keepsExecutableBit: true,
    timeStepNs: 1000,
    fileTimeMs: 0,
  };
  const warned = (abilities: FileSystemAbilities): string[] =>
    checkAbilities(abilities, '/p').flatMap(({ status, name }) => (status === 'ok' ? [] : [name]));
  assert.deepEqual(warned(all), []);
  for (const [lack, name] of [
    [{ isCaseSensitive: false }, 'case'],
    [{ unicode: 'folded' }, 'unicode'],
    [{ unicode: 'changed' }, 'unicode'],
    [{ takesAnyName: false }, 'any-name'],
    [{ hasSymlinks: false }, 'symlinks'],
    [{ hasHardLinks: false }, 'hard-links'],
    [{ hasSparseFiles: false }, 'sparse-files'],
    [{ keepsExecutableBit: false }, 'executable-bit'],
    [{ timeStepNs: 2_000_000_000 }, 'time-step'],
  ] as const) {
    assert.deepEqual(warned({ ...all, ...lack }), [name]);
  }
});
