import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { tasks } from '../../src/folder/tasks.ts';
import type { FolderAddOptions, FolderSetOptions } from '../../src/operations/folder-options.ts';
import type { Item } from '../../src/operations/operation.ts';
import type { FileSystem } from '../../src/system/file-system.ts';
import { FileError } from '../../src/system/file-system.ts';
import { inlinePool } from '../../src/system/inline-pool.ts';
import { rejects } from '../helpers/rejects.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { renewedPool } from '../helpers/test-environment.ts';
import { operationContext } from '../helpers/test-home.ts';
import { World } from './world.ts';

const SIGNATURE = 'Signature: 8a477f597d28d172789f06886806bc55';

/** A world whose folder was added with these options. */
async function worldWith(options: Omit<FolderAddOptions, 'path'> = {}): Promise<World> {
  const world = await World.make();
  await world.in(async (vault) => {
    await vault.folderRemove({ folder: 'disk', yes: true }, operationContext());
    await vault.folderAdd({ path: '/disk', ...options }, operationContext());
  });
  return world;
}

/** Files and symlinks that the newest snapshot restores, by path. */
async function kept(world: World): Promise<Record<string, string>> {
  world.fs.removeTree('/out');
  await world.restore();
  const tree = Object.entries(world.tree('/out'));
  return Object.fromEntries(tree.filter(([path]) => !path.endsWith('/')));
}
const keptNames = async (world: World): Promise<string[]> => Object.keys(await kept(world));

const set = (world: World, ...settings: [string, string][]): Promise<unknown> => {
  const options: FolderSetOptions = {
    folder: 'disk',
    settings: settings.map(([key, value]) => ({ key, value })),
  };
  return world.in((vault) => vault.folderSet(options, operationContext()));
};

async function shown(world: World): Promise<Item> {
  const context = operationContext();
  await world.in((vault) => vault.folderShow('disk', context));
  return context.items[0] as Item;
}

async function status(
  world: World,
): Promise<{ pending: number; ignored: Item[]; problems: unknown }> {
  const context = operationContext();
  const options = { folders: [], ignored: true };
  const { pending } = await world.in((vault) => vault.status(options, context));
  const ignored = context.items.filter(({ type }) => type === 'ignored');
  return { pending, ignored, problems: context.items.at(-1)?.['problems'] };
}

/** The world with calls on its file system changed. */
function withFiles(world: World, change: (fs: FileSystem) => Partial<FileSystem>): void {
  const fs: FileSystem = world.fs;
  const changes = change(fs);
  const fileSystem = new Proxy(fs, {
    get(target, key) {
      const own = changes[key as keyof FileSystem] ?? target[key as keyof FileSystem];
      return typeof own === 'function' ? own.bind(target) : own;
    },
  });
  const pool = renewedPool(() =>
    inlinePool({ tasks, fileSystem, random: seededRandom('pool'), isolate: true }),
  );
  world.world = { ...world.environment, fileSystem, pool };
}

describe('.vaultignore', () => {
  test('rules of any directory leave names out, and the files themselves are kept', async () => {
    const world = await worldWith();
    world.put({
      '.vaultignore': '*.o\n/build/\n',
      'a.o': 'x',
      'a.c': 'x',
      'build/out': 'x',
      'src/build/in': 'x',
      'src/.vaultignore': '!keep.o\nsecret\n',
      'src/keep.o': 'x',
      'src/x.o': 'x',
      'src/deep/secret': 'x',
      secret: 'x',
    });
    await world.snapshot();
    assert.deepEqual(await keptNames(world), [
      '.vaultignore',
      'a.c',
      'secret',
      'src/.vaultignore',
      'src/build/in',
      'src/keep.o',
    ]);
    assert.equal((await status(world)).pending, 0);
  });

  test('what is ignored from now on stays as it was recorded, whatever becomes of it', async () => {
    const world = await worldWith();
    world.put({ 'changed.log': 'old', 'gone.log': 'old', 'd/inside': 'old', stays: 'old' });
    await world.snapshot();
    world.put({ '.vaultignore': '*.log\n/d/\n' });
    const ignoring = await world.snapshot();
    assert.deepEqual([ignoring.added, ignoring.changed, ignoring.removed], [1, 0, 0]);
    world.put({ 'changed.log': 'new', 'd/inside': 'new', 'd/more': 'new', 'new.log': 'new' });
    assert.equal((await status(world)).pending, 0);
    const after = await world.snapshot();
    assert.deepEqual([after.added, after.changed, after.removed, after.files], [0, 0, 0, 4]);
    assert.deepEqual(await kept(world), {
      '.vaultignore': '*.log\n/d/\n',
      'changed.log': 'old',
      'd/inside': 'old',
      'gone.log': 'old',
      stays: 'old',
    });
  });

  test('what is ignored no more is a change of what is recorded, or none', async () => {
    const world = await worldWith();
    world.put({ 'same.log': 'same', 'other.log': 'old' });
    await world.snapshot();
    world.put({ '.vaultignore': '*.log\n' });
    await world.snapshot();
    world.put({ 'other.log': 'new', 'first.log': 'first', 'same.log': 'same' });
    world.put({ '.vaultignore': '' });
    const after = await world.snapshot();
    assert.deepEqual([after.added, after.changed, after.removed], [1, 2, 0]);
    assert.deepEqual(await kept(world), {
      '.vaultignore': '',
      'first.log': 'first',
      'other.log': 'new',
      'same.log': 'same',
    });
    assert.equal(world.tree('/disk')['other.log'], 'new');
  });

  test('a recorded name that is ignored and gone is not taken for deleted; unignored it is', async () => {
    const world = await worldWith();
    world.put({ 'a.log': 'a', b: 'b' });
    await world.snapshot();
    world.put({ '.vaultignore': '*.log\n' });
    await world.snapshot();
    world.fs.removeFile('/disk/a.log');
    const ignored = await world.snapshot();
    assert.equal(ignored.removed, 0);
    assert.ok((await keptNames(world)).includes('a.log'));
    world.put({ '.vaultignore': '' });
    assert.equal((await world.snapshot()).removed, 1);
    assert.deepEqual(await keptNames(world), ['.vaultignore', 'b']);
  });

  test('what is ignored goes with the directory it lies in', async () => {
    const world = await worldWith();
    world.put({ 'd/a.log': 'a', 'd/b': 'b', c: 'c' });
    await world.snapshot();
    world.put({ '.vaultignore': '*.log\n' });
    await world.snapshot();
    world.fs.removeTree('/disk/d');
    assert.equal((await world.snapshot()).removed, 2);
    assert.deepEqual(await keptNames(world), ['.vaultignore', 'c']);
  });

  for (const [what, make] of [
    ['that cannot be read', undefined],
    ['that is a directory', (world: World) => world.fs.makeDirectory('/disk/d/.vaultignore')],
    [
      'that is a symlink',
      (world: World) => world.fs.makeSymlink('../rules', '/disk/d/.vaultignore'),
    ],
    ['that is no file', (world: World) => world.fs.makeOther('/disk/d/.vaultignore')],
    [
      'that is too large',
      (world: World) => world.put({ 'd/.vaultignore': '#'.repeat(1024 * 1024 + 1) }),
    ],
  ] as const) {
    test(`a file ${what} leaves its directory as it was recorded, and is told of`, async () => {
      const world = await worldWith();
      world.put({ 'd/a': 'old', 'd/e/b': 'old', c: 'old', rules: '*' });
      await world.snapshot();
      if (make === undefined) {
        world.put({ 'd/.vaultignore': 'secret' });
        withFiles(world, (fs) => ({
          open(path, options) {
            if (path === '/disk/d/.vaultignore') throw new FileError('EACCES', 'open', path);
            return fs.open(path, options);
          },
          readFile(path, limit) {
            if (path === '/disk/d/.vaultignore') throw new FileError('EACCES', 'open', path);
            return fs.readFile(path, limit);
          },
        }));
      } else make(world);
      world.put({ 'd/secret': 'new', 'd/a': 'new', 'd/e/b': 'new', c: 'new' });
      const context = operationContext();
      const taken = await world.snapshot({}, context);
      assert.equal(taken.errors, 1);
      assert.match(context.warnings.join(), /its \.vaultignore cannot be read: E[A-Z]+/);
      assert.deepEqual(await kept(world), { c: 'new', 'd/a': 'old', 'd/e/b': 'old', rules: '*' });
      assert.deepEqual((await status(world)).problems, [
        '1 name in the working copy cannot be read',
      ]);
    });
  }
});

describe('folder settings', () => {
  test('caches are left out where the tag has its signature, and the tag is kept', async () => {
    const world = await worldWith({ excludeCaches: true });
    world.put({
      'CACHEDIR.TAG': SIGNATURE,
      'a/CACHEDIR.TAG': `${SIGNATURE}\n# by a test`,
      'a/b/c': 'x',
      'a/d': 'x',
      'fake/CACHEDIR.TAG': SIGNATURE.slice(0, -1),
      'fake/x': 'x',
      'wrong/CACHEDIR.TAG': SIGNATURE.toUpperCase(),
      'wrong/x': 'x',
      'link/x': 'x',
    });
    world.fs.makeSymlink('../a/CACHEDIR.TAG', '/disk/link/CACHEDIR.TAG');
    await world.snapshot();
    assert.deepEqual(await keptNames(world), [
      'CACHEDIR.TAG',
      'a/CACHEDIR.TAG',
      'fake/CACHEDIR.TAG',
      'fake/x',
      'link/CACHEDIR.TAG',
      'link/x',
      'wrong/CACHEDIR.TAG',
      'wrong/x',
    ]);
  });

  test('what lies beside a name given is left out, but not in the root', async () => {
    const world = await worldWith({ excludeIfPresent: ['.nobackup', 'skip.d'] });
    world.put({ '.nobackup': '', x: 'x', 'a/.nobackup': '', 'a/x': 'x', 'a/b/x': 'x', 'c/x': 'x' });
    world.put({ 'c/skip.d/inside': 'x' });
    await world.snapshot();
    assert.deepEqual(await keptNames(world), ['.nobackup', 'a/.nobackup', 'c/skip.d/inside', 'x']);
  });

  test('a file that grows beyond the limit stays as it was recorded', async () => {
    const world = await worldWith({ excludeLargerThan: 4 });
    world.put({ at: '1234', over: '12345', grows: '1' });
    await world.snapshot();
    assert.deepEqual(await keptNames(world), ['at', 'grows']);
    world.put({ grows: '123456' });
    assert.equal((await status(world)).pending, 0);
    const taken = await world.snapshot();
    assert.deepEqual([taken.changed, taken.removed, taken.errors], [0, 0, 0]);
    assert.deepEqual(await kept(world), { at: '1234', grows: '1' });
    await set(world, ['exclude-larger-than', '']);
    await world.snapshot();
    assert.deepEqual(await kept(world), { at: '1234', grows: '123456', over: '12345' });
  });

  test('what is mounted inside is left out, the place it is mounted at is kept', async () => {
    const world = await worldWith({ oneFileSystem: true });
    world.put({ 'd/x': 'x', 'mounted/x': 'x', 'mounted/e/x': 'x' });
    withFiles(world, (fs) => ({
      stat(path) {
        const found = fs.stat(path);
        return path.startsWith('/disk/mounted') ? { ...found, device: 99n } : found;
      },
      statIfPresent(path) {
        const found = fs.statIfPresent(path);
        return path.startsWith('/disk/mounted') && found ? { ...found, device: 99n } : found;
      },
    }));
    await world.snapshot();
    await world.restore();
    assert.deepEqual(world.tree('/out'), { 'd/': '', 'd/x': 'x', 'mounted/': '' });
    const { ignored } = await status(world);
    assert.deepEqual(
      ignored.map(({ path, by }) => [path, by]),
      [
        ['mounted/e', 'file-system'],
        ['mounted/x', 'file-system'],
      ],
    );
    await set(world, ['one-file-system', 'false']);
    await world.snapshot();
    assert.ok((await keptNames(world)).includes('mounted/e/x'));
  });

  test('a tag that cannot be read leaves its directory as it was recorded', async () => {
    const world = await worldWith({ excludeCaches: true });
    world.put({ 'a/CACHEDIR.TAG': SIGNATURE, 'a/x': 'x', b: 'b' });
    withFiles(world, (fs) => ({
      open(path, options) {
        if (path.endsWith('CACHEDIR.TAG')) throw new FileError('EIO', 'open', path);
        return fs.open(path, options);
      },
    }));
    const context = operationContext();
    assert.equal((await world.snapshot({}, context)).errors, 1);
    assert.match(context.warnings.join(), /its CACHEDIR\.TAG cannot be read: EIO/);
    assert.deepEqual(await keptNames(world), ['b']);
  });

  test('they are shown, and changed one by one or in lists', async () => {
    const world = await worldWith({
      exclude: ['*.o', '!a.o'],
      excludeCaches: true,
      excludeIfPresent: ['.skip'],
      excludeLargerThan: 1000,
      oneFileSystem: true,
    });
    const settings = async (): Promise<unknown[]> => {
      const item = await shown(world);
      return [
        item['excludes'],
        item['excludeCaches'],
        item['excludeIfPresent'],
        item['excludeLargerThan'],
        item['oneFileSystem'],
      ];
    };
    assert.deepEqual(await settings(), [['*.o', '!a.o'], true, ['.skip'], 1000, true]);
    await set(world, ['exclude', 'a'], ['exclude', 'b'], ['exclude-caches', 'false']);
    await set(world, ['exclude-larger-than', '1.5k'], ['one-file-system', 'false']);
    assert.deepEqual(await settings(), [['a', 'b'], false, ['.skip'], 1536, false]);
    await set(world, ['exclude+', 'c'], ['exclude-', 'a'], ['exclude-if-present+', 'x']);
    assert.deepEqual(await settings(), [['b', 'c'], false, ['.skip', 'x'], 1536, false]);
    await set(world, ['exclude', ''], ['exclude-if-present', ''], ['exclude-larger-than', '']);
    assert.deepEqual(await settings(), [[], false, [], null, false]);
  });

  test('a value that is none is refused, and nothing is changed', async () => {
    const world = await worldWith({ exclude: ['a'] });
    for (const [key, value] of [
      ['exclude', '['],
      ['exclude', '!'],
      ['exclude', '\ud800'],
      ['exclude-', 'b'],
      ['exclude-caches', 'yes'],
      ['exclude-caches+', 'true'],
      ['exclude-if-present', 'a/b'],
      ['exclude-if-present', '..'],
      ['exclude-larger-than', 'big'],
      ['exclude-larger-than', '-1'],
      ['one-file-system', ''],
    ] as const) {
      await rejects('VAULT_USAGE', () => set(world, ['exclude', 'b2'], [key, value]));
    }
    assert.deepEqual((await shown(world))['excludes'], ['a']);
    world.fs.makeDirectories('/more');
    for (const wrong of [
      { exclude: [''] },
      { exclude: ['\\'] },
      { excludeIfPresent: [''] },
      { excludeLargerThan: -1 },
      { excludeLargerThan: 1.5 },
    ]) {
      await rejects('VAULT_USAGE', () =>
        world.in((vault) => vault.folderAdd({ path: '/more', ...wrong }, operationContext())),
      );
    }
    const tooMany = { path: '/more', exclude: new Array<string>(10_001).fill('a') };
    await rejects('VAULT_LIMIT_EXCEEDED', () =>
      world.in((vault) => vault.folderAdd(tooMany, operationContext())),
    );
  });
});

describe('status', () => {
  test('tells on request what is left out, and why', async () => {
    const world = await worldWith({
      exclude: ['/out/'],
      excludeIfPresent: ['.skip'],
      excludeLargerThan: 50,
    });
    world.put({
      'out/x': 'x',
      'src/.vaultignore': '# ours\n*.log \n',
      'src/deep/a.log': 'x',
      'src/deep/b': 'x',
      'src/deep/big': 'x'.repeat(51),
      'tmp/.skip': '',
      'tmp/.vault-0123456789abcdef01234567.tmp': '',
      'tmp/x/y': 'x',
    });
    const { ignored, pending } = await status(world);
    assert.deepEqual(
      ignored.map(({ type: _type, folder: _folder, ...rest }) => rest),
      [
        { path: 'out', kind: 'directory', by: 'pattern', pattern: '/out/' },
        {
          path: 'src/deep/a.log',
          kind: 'file',
          by: 'pattern',
          pattern: '*.log',
          file: 'src/.vaultignore',
          line: 2,
        },
        { path: 'src/deep/big', kind: 'file', by: 'size', size: 51 },
        { path: 'tmp/x', kind: 'directory', by: 'tag', tag: '.skip' },
      ],
    );
    assert.equal(pending, 6, 'src, its rules, deep, b, tmp and its tag');
  });
});
