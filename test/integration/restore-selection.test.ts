import assert from 'node:assert/strict';
import { before as first, describe, test } from 'node:test';
import { utf8 } from '../../src/bytes.ts';
import type { RestoreOptions, RestoreResult } from '../../src/operations/change-options.ts';
import { describeTree } from '../helpers/file-system-tree.ts';
import { writeFile } from '../helpers/files.ts';
import { memoryEnvironment } from '../helpers/test-environment.ts';
import { inVault, makeHome, operationContext } from '../helpers/test-home.ts';

const environment = memoryEnvironment();
const { fileSystem } = environment;

function put(path: string): void {
  fileSystem.makeDirectories(path.replace(/\/[^/]*$/, ''));
  writeFile(fileSystem, path, utf8(path));
}

interface Restored {
  readonly result: RestoreResult;
  readonly files: readonly string[];
  readonly items: readonly unknown[];
  readonly warnings: readonly string[];
}

async function restored(
  options: Partial<RestoreOptions>,
  destination: () => void = () => fileSystem.removeTree('/out'),
): Promise<Restored> {
  destination();
  const context = operationContext();
  const whole = { folder: 'plans', paths: [], cwd: '/', to: '/out', ...options };
  const result = await inVault(environment, '/home', (vault) => vault.restore(whole, context));
  const there =
    fileSystem.statIfPresent('/out') === undefined ? {} : describeTree(fileSystem, '/out');
  const files = Object.entries(there).flatMap(([path, text]) =>
    text.startsWith('file') ? [path] : [],
  );
  return { result, files, items: context.items, warnings: context.warnings };
}

describe('what is restored', () => {
  first(async () => {
    for (const path of [
      'src/main.ts',
      'src/lib/a.ts',
      'src/lib/a.js',
      'docs/main.ts',
      'node_modules/x/y.ts',
      'a [b]*',
      'readme.md',
    ]) {
      put(`/disk/plans/${path}`);
    }
    fileSystem.makeDirectories('/disk/plans/empty/inside');
    fileSystem.makeSymlink('src', '/disk/plans/link');
    await makeHome(environment, '/home');
    await inVault(environment, '/home', async (vault) => {
      await vault.folderAdd({ path: '/disk/plans' }, operationContext());
      await vault.snapshot({ folders: [] }, operationContext());
    });
  });

  const chosen = async (expected: string[], options: Partial<RestoreOptions>): Promise<void> => {
    assert.deepEqual((await restored(options)).files, expected.toSorted());
  };

  test('is what lies at and below the paths given', async () => {
    const lib = ['src/lib/a.js', 'src/lib/a.ts'];
    await chosen(lib, { paths: ['src/lib'] });
    await chosen(lib, { paths: ['/disk/plans/src/lib/'] });
    await chosen(lib, { paths: ['.'], cwd: '/disk/plans/src/lib' });
    await chosen(['readme.md', ...lib], { paths: ['lib', '../readme.md'], cwd: '/disk/plans/src' });
    await chosen(['readme.md', 'a [b]*'], { paths: ['readme.md', 'a [b]*'] });
  });

  test('is what the patterns say', async () => {
    await chosen(['docs/main.ts', 'src/lib/a.ts', 'src/main.ts'], {
      include: ['*.ts'],
      exclude: ['node_modules'],
    });
    await chosen(['src/main.ts'], { include: ['/src/*.ts'] });
    await chosen(['src/lib/a.ts', 'src/main.ts'], { include: ['src/**'], exclude: ['*.js'] });
    await chosen(['src/lib/a.ts'], { include: ['src/**/a.t?'] });
    await chosen(['src/main.ts'], { paths: ['src'], exclude: ['lib'] });
    await chosen(['a [b]*'], { include: ['a [[]b[]][*]'] });
    await chosen(['a [b]*'], { include: ['a [!]]b[!b]?'] });
    await chosen(['docs/main.ts'], { include: ['/[!s]*/[k-n]*.ts'] });
    await chosen([], { include: ['nothing'] });
    await assert.rejects(restored({ include: ['[z-a]'] }), { code: 'VAULT_USAGE' });
  });

  test('counts only directories that lead to something', async () => {
    const options = { include: ['docs'] };
    const { result } = await restored(options);
    assert.deepEqual([result.files, result.dirs], [1, 1]);
    const dry = await restored({ ...options, dryRun: true });
    assert.deepEqual([dry.result.files, dry.result.dirs], [1, 1]);
  });

  test('is nothing where a path is unknown or lies outside', async () => {
    await assert.rejects(restored({ paths: ['src/nothing'] }), { code: 'VAULT_NOT_FOUND' });
    await assert.rejects(restored({ paths: ['../home'], cwd: '/disk/plans' }), {
      code: 'VAULT_PATH_UNSAFE',
    });
  });
});

test('what is in the way of a name is one error, and the rest goes on', async () => {
  const clutter = (): void => {
    fileSystem.removeTree('/out');
    put('/out/src');
    put('/out/readme.md/inside');
    put('/out/link/inside');
  };
  const { result, warnings, files } = await restored({}, clutter);
  assert.deepEqual([result.errors, result.files], [3, 3], JSON.stringify(warnings));
  assert.ok(files.includes('src') && files.includes('readme.md/inside'));
  const dry = await restored({ dryRun: true }, clutter);
  assert.deepEqual([dry.result.errors, dry.result.files], [3, 3]);
  assert.deepEqual(dry.warnings.toSorted(), warnings.toSorted());
});

test('files that are there are kept unless it is told otherwise', async () => {
  const content = (path: string): string => Buffer.from(fileSystem.readFile(path)).toString();
  const rewrite = (path: string, text: string): void => {
    fileSystem.removeFile(path);
    writeFile(fileSystem, path, utf8(text));
  };
  await restored({});
  const spoil = (): void => {
    rewrite('/out/readme.md', 'mine');
    if (fileSystem.statIfPresent('/out/docs/main.ts')) fileSystem.removeFile('/out/docs/main.ts');
    if (!fileSystem.statIfPresent('/out/other')) put('/out/other');
    // Same size and time, other content: only `always` looks behind them.
    const { mtimeNs } = fileSystem.stat('/out/src/main.ts');
    rewrite('/out/src/main.ts', '/disk/plans/src/main.xx');
    fileSystem.setModified('/out/src/main.ts', mtimeNs);
  };
  const never = await restored({}, spoil);
  assert.deepEqual([never.result.files, never.result.skipped], [1, 7]);
  assert.equal(content('/out/readme.md'), 'mine');
  const ifChanged = await restored({ overwrite: 'if-changed' }, spoil);
  assert.deepEqual([ifChanged.result.files, ifChanged.result.skipped], [2, 6]);
  assert.equal(content('/out/readme.md'), '/disk/plans/readme.md');
  assert.equal(content('/out/src/main.ts'), '/disk/plans/src/main.xx');
  const always = await restored({ overwrite: 'always', verify: true }, spoil);
  assert.equal(always.result.files + always.result.skipped, 8);
  assert.equal(content('/out/src/main.ts'), '/disk/plans/src/main.ts');
  assert.ok(fileSystem.statIfPresent('/out/other'), 'what the folder does not have stays');
});

test('a dry run says what the real run does, whatever is there', async () => {
  const clutters: (() => void)[] = [
    () => fileSystem.removeTree('/out'),
    () => put('/out/readme.md'),
    () => {
      put('/out/src/lib/a.ts');
      fileSystem.makeSymlink('src', '/out/link');
    },
    () => {
      fileSystem.makeDirectories('/out');
      fileSystem.makeSymlink('/disk/plans/src', '/out/src');
    },
  ];
  for (const clutter of clutters) {
    for (const overwrite of ['never', 'if-changed', 'always'] as const) {
      const options = { overwrite };
      const make = (): void => {
        fileSystem.removeTree('/out');
        clutter();
      };
      const there = (): unknown =>
        fileSystem.statIfPresent('/out') && describeTree(fileSystem, '/out');
      make();
      const before = there();
      const dry = await restored({ ...options, dryRun: true }, make);
      assert.deepEqual(there(), before, 'nothing is written');
      const real = await restored(options, make);
      assert.deepEqual(
        { ...dry.result, seconds: 0 },
        { ...real.result, seconds: 0 },
        `${overwrite}: ${clutter.toString()}`,
      );
      assert.equal(dry.items.length, real.result.files);
    }
  }
});
