import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VaultError } from '../../src/errors.ts';
import { FileError, type FileSystem } from '../../src/system/file-system.ts';
import { rejects } from '../helpers/rejects.ts';
import { operationContext } from '../helpers/test-home.ts';
import { World } from './world.ts';

/** The file system with some of its calls replaced. */
function wrapped(fs: FileSystem, change: Partial<FileSystem>): FileSystem {
  return new Proxy(fs, {
    get(target, key) {
      const own: unknown = Reflect.get(change, key);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

describe('restore', () => {
  test('chosen paths come with the directories that lead to them, and only those', async () => {
    const world = await World.make();
    world.put({ 'a/b/c/one': '1', 'a/b/two': '2', 'a/three': '3', four: '4' });
    world.fs.makeDirectory('/disk/a/b/empty');
    await world.snapshot();
    const result = await world.restore({ paths: ['a/b/c/one', 'a/b/empty', '/disk/four'] });
    assert.deepEqual(world.tree('/out'), {
      'a/': '',
      'a/b/': '',
      'a/b/c/': '',
      'a/b/c/one': '1',
      'a/b/empty/': '',
      four: '4',
    });
    assert.deepEqual([result.files, result.errors, result.damaged], [2, 0, 0]);
    await rejects('VAULT_NOT_FOUND', () => world.restore({ paths: ['a/b/none'], to: '/none' }));
    await rejects('VAULT_PATH_UNSAFE', () => world.restore({ paths: ['../outside'], to: '/none' }));
  });

  test('a chosen path is relative to where the caller stands inside the working copy', async () => {
    const world = await World.make();
    world.put({ 'a/b/one': '1', one: 'root' });
    await world.snapshot();
    await world.restore({ paths: ['one'], cwd: '/disk/a/b', to: '/inside' });
    await world.restore({ paths: ['one'], cwd: '/', to: '/outside' });
    await world.restore({ paths: ['..'], cwd: '/disk/a/b', to: '/above' });
    assert.deepEqual(world.tree('/inside'), { 'a/': '', 'a/b/': '', 'a/b/one': '1' });
    assert.deepEqual(world.tree('/outside'), { one: 'root' });
    assert.deepEqual(Object.keys(world.tree('/above')), ['a/', 'a/b/', 'a/b/one']);
  });

  test('with --include only directories that lead to something are made', async () => {
    const world = await World.make();
    world.put({
      'a/x.txt': 'x',
      'a/y.c': 'y',
      'b/deep/er/z.txt': 'z',
      'c/none.c': 'n',
      'docs/all': 'd',
    });
    world.fs.makeDirectory('/disk/docs/empty');
    await world.snapshot();
    const result = await world.restore({ include: ['*.txt', 'docs'], exclude: ['b/deep'] });
    assert.deepEqual(world.tree('/out'), {
      'a/': '',
      'a/x.txt': 'x',
      'docs/': '',
      'docs/all': 'd',
      'docs/empty/': '',
    });
    assert.deepEqual([result.files, result.dirs], [2, 3]);
  });

  test('patterns hold for chosen paths too', async () => {
    const world = await World.make();
    world.put({ 'a/x.txt': 'x', 'a/y.c': 'y' });
    await world.snapshot();
    await world.restore({ paths: ['a/x.txt', 'a/y.c'], exclude: ['*.c'] });
    assert.deepEqual(Object.keys(world.tree('/out')), ['a/', 'a/x.txt']);
    await rejects('VAULT_USAGE', () => world.restore({ include: ['[z-a]'] }));
  });

  test('a dry run counts as the real one does, and touches nothing', async () => {
    const world = await World.make();
    world.put({ 'a/x.txt': 'x', 'a/y.c': 'y', 'b/z.txt': 'z' });
    await world.snapshot();
    for (const options of [
      {},
      { include: ['*.txt'] },
      { paths: ['a/x.txt'] },
      { exclude: ['a'] },
    ]) {
      world.fs.removeTree('/out');
      const context = operationContext();
      const dry = await world.restore({ ...options, dryRun: true }, context);
      assert.equal(world.fs.statIfPresent('/out'), undefined);
      const real = await world.restore(options);
      assert.deepEqual({ ...dry, seconds: 0 }, { ...real, seconds: 0 }, JSON.stringify(options));
      assert.equal(context.items.length, real.files);
      const again = await world.restore({ ...options, dryRun: true });
      assert.deepEqual([again.files, again.skipped], [0, real.files]);
    }
  });

  test('something in the way of a directory costs what is below it, told once', async () => {
    const world = await World.make();
    world.put({ 'a/b/c': '1', 'a/b/d/e': '2', f: '3' });
    await world.snapshot();
    world.fs.makeDirectories('/out/a');
    const blocker = world.fs.open('/out/a/b', { mode: 'create' });
    blocker.close();
    for (const include of [undefined, ['c', 'e', 'f']]) {
      const context = operationContext();
      const result = await world.restore(include === undefined ? {} : { include }, context);
      assert.equal(result.errors, 1);
      assert.deepEqual(context.warnings, ['a/b: cannot make the directory: EEXIST']);
      assert.equal(world.tree('/out')['f'], '3');
    }
    const result = await world.restore({ overwrite: 'always' });
    assert.equal(result.errors, 0);
    assert.equal(world.tree('/out')['a/b/d/e'], '2');
  });

  test('what a full destination leaves undone is one failure, and the reserve of the home stays', async () => {
    const world = await World.make();
    world.put({ a: '1', b: '2' });
    await world.snapshot();
    const fileSystem = wrapped(world.fs, {
      makeDirectories(path, mode) {
        if (path === '/out') throw new FileError('ENOSPC', 'make directory', path);
        world.fs.makeDirectories(path, mode);
      },
    });
    world.world = { ...world.environment, fileSystem };
    await rejects('VAULT_NO_SPACE', () => world.restore());
    assert.notEqual(world.fs.statIfPresent('/home/reserve'), undefined);
  });

  test('no directory stays held, however it ends', async () => {
    const world = await World.make();
    world.put({ 'a/b/c': '1', 'a/d': '2', e: '3' });
    await world.snapshot();
    let held = 0;
    let failing = '';
    const fileSystem = wrapped(world.fs, {
      hold(path) {
        const directory = world.fs.hold(path);
        held++;
        let isOpen = true;
        return {
          path: directory.path,
          close() {
            if (isOpen) held--;
            isOpen = false;
            directory.close();
          },
        };
      },
      makeDirectory(path, mode) {
        if (failing !== '' && path.endsWith(failing))
          throw new VaultError('VAULT_FAILED', 'broken');
        world.fs.makeDirectory(path, mode);
      },
    });
    world.world = { ...world.environment, fileSystem };
    await world.restore();
    assert.equal(held, 0);
    await world.restore({ paths: ['a/b/c'], to: '/other' });
    assert.equal(held, 0);
    failing = '/b';
    const result = await world.restore({ to: '/third' });
    assert.equal(result.errors, 1);
    assert.equal(held, 0);
  });

  test('an interrupt waits until no worker writes any more, then ends as one', async () => {
    const world = await World.make();
    world.put(
      Object.fromEntries(
        Array.from({ length: 400 }, (_, at) => [`d${at % 7}/f${at}`, `text ${at}`]),
      ),
    );
    await world.snapshot();
    const controller = new AbortController();
    const running: string[] = [];
    let held = 0;
    const { pool } = world.environment;
    world.world = {
      ...world.environment,
      fileSystem: wrapped(world.fs, {
        hold(path) {
          const directory = world.fs.hold(path);
          held++;
          return {
            path: directory.path,
            close() {
              assert.ok(!running.includes(directory.path), 'closed under a worker');
              held--;
              directory.close();
            },
          };
        },
      }),
      pool: {
        ...pool,
        lanes: 1,
        configure: (key, value) => pool.configure(key, value),
        close: () => pool.close(),
        async run<I, O>(
          task: string,
          input: I,
          options: Parameters<typeof pool.run>[2],
        ): Promise<O> {
          if (task === 'restoreFiles') {
            assert.equal(options?.signal, undefined, 'the pool gives up before the task has ended');
            running.push((input as { directory: string }).directory);
            controller.abort(new Error('ctrl-c'));
          }
          try {
            return await pool.run<I, O>(task, input, options);
          } finally {
            if (task === 'restoreFiles') running.shift();
          }
        },
      },
    };
    const context = operationContext({ signal: controller.signal });
    await rejects('VAULT_INTERRUPTED', () => world.restore({}, context));
    assert.deepEqual(running, []);
    assert.equal(held, 0);
    assert.deepEqual(context.warnings, [], 'what was interrupted is not damage');
  });

  test('a tree of two thousand levels comes back', async () => {
    const world = await World.make();
    const levels = 2000;
    const deep = Array.from({ length: levels }, () => 'd').join('/');
    world.put({ [`${deep}/f`]: 'deep' });
    const taken = await world.snapshot();
    assert.deepEqual([taken.files, taken.dirs, taken.errors], [1, levels, 0]);
    const result = await world.restore();
    assert.deepEqual([result.files, result.dirs, result.errors], [1, levels, 0]);
    const last = world.fs.hold(`/out/${deep}`);
    assert.equal(Buffer.from(world.fs.readFile(`${last.path}/f`)).toString(), 'deep');
    last.close();
  });

  test('a directory that became a file, and back, is each time what it was', async () => {
    const world = await World.make();
    const ids: string[] = [];
    const trees: Record<string, string>[] = [];
    const take = async (): Promise<void> => {
      ids.push((await world.snapshot({ yes: true })).snapshot ?? '');
      trees.push(world.tree('/disk'));
    };
    world.put({ 'x/a': '1', 'x/b/c': '2', y: 'file' });
    await take();
    world.fs.removeFile('/disk/y');
    world.put({ x: 'a file now', 'y/in': 'a directory now' });
    await take();
    world.fs.removeFile('/disk/x');
    world.put({ 'x/a': '3' });
    await take();
    world.fs.removeTree('/disk/x');
    world.fs.makeSymlink('y', '/disk/x');
    await take();
    world.fs.removeFile('/disk/x');
    await take();
    for (const [at, id] of ids.entries()) {
      await world.restore({ at: id, to: `/out${at}` });
      assert.deepEqual(world.tree(`/out${at}`), trees[at], `snapshot ${at}`);
    }
  });
});
