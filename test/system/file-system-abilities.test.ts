import assert from 'node:assert/strict';
import { test } from 'node:test';
import { probeAbilities } from '../../src/system/file-system-abilities.ts';
import { FileError, type FileSystem } from '../../src/system/file-system.ts';
import { MemoryFileSystem } from '../../src/system/memory-file-system.ts';
import type { MemoryFileSystemOptions } from '../../src/system/memory-volume.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { seededRandom } from '../../src/system/seeded-random.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { skipUnless } from '../helpers/requires.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const NOW = 1_700_000_001_000;
const random = seededRandom('abilities');
const everything = {
  isCaseSensitive: true,
  unicode: 'kept',
  takesAnyName: true,
  hasSymlinks: true,
  hasHardLinks: true,
  hasSparseFiles: true,
  keepsExecutableBit: true,
  timeStepNs: 1000,
  fileTimeMs: NOW,
} as const;

function disk(options: Omit<MemoryFileSystemOptions, 'clock'> = {}): MemoryFileSystem {
  return new MemoryFileSystem({ clock: new VirtualClock(NOW), ...options });
}

test('each ability that is missing is found missing, and no other', () => {
  assert.deepEqual(probeAbilities(disk(), '/', random), everything);
  assert.deepEqual(probeAbilities(disk({ names: 'ignore-case' }), '/', random), {
    ...everything,
    isCaseSensitive: false,
  });
  assert.deepEqual(probeAbilities(disk({ names: 'ignore-case-and-form' }), '/', random), {
    ...everything,
    isCaseSensitive: false,
    unicode: 'folded',
  });
  for (const [granularityNs, timeStepNs] of [
    [1000n, 1000],
    [1_000_000n, 1_000_000],
    [1_000_000_000n, 1_000_000_000],
    [2_000_000_000n, 2_000_000_000],
  ] as const) {
    const { timeStepNs: found } = probeAbilities(disk({ granularityNs }), '/', random);
    assert.equal(found, timeStepNs);
  }
});

test('what the system refuses is not there', () => {
  const refuse = (operation: string) => (): never => {
    throw new FileError('EPERM', operation, '/');
  };
  const poor = Object.assign(disk(), {
    link: refuse('link'),
    makeSymlink: refuse('make symlink'),
    setMode: () => undefined,
  });
  assert.deepEqual(probeAbilities(poor, '/', random), {
    ...everything,
    hasHardLinks: false,
    hasSymlinks: false,
    keepsExecutableBit: false,
  });
  const broken = Object.assign(disk(), { link: () => assert.fail('a mistake of ours') });
  assert.throws(() => probeAbilities(broken, '/', random), /a mistake of ours/);
  assert.deepEqual(broken.list('/'), [], 'nothing is left behind');
});

test('a directory that cannot be written is no file system without abilities', () => {
  const sealed: FileSystem = Object.assign(disk(), {
    makeDirectory: (path: string) => {
      throw new FileError('EROFS', 'make directory', path);
    },
  });
  assert.throws(() => probeAbilities(sealed, '/', random), { code: 'EROFS' });
});

test('the disk of a Linux machine has them all, and nothing is left on it', (t) => {
  if (!skipUnless(t, { platforms: ['linux'] })) return;
  const directory = tempDir(t);
  const files = realFileSystem();
  const { fileTimeMs, ...found } = probeAbilities(files, directory, random);
  const { fileTimeMs: _, ...all } = everything;
  assert.deepEqual(found, all);
  assert.ok(Math.abs(fileTimeMs - Date.now()) < 60_000);
  assert.deepEqual(files.list(directory), []);
});
