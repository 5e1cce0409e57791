import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rejects } from '../helpers/rejects.ts';
import { operationContext } from '../helpers/test-home.ts';
import { World } from './world.ts';

async function listed(
  world: World,
  options: {
    paths?: string[];
    at?: string;
    cwd?: string;
    recursive?: boolean;
    folder?: string;
  } = {},
): Promise<string[]> {
  const context = operationContext();
  const all = { folder: 'disk', paths: [], cwd: '/', recursive: true, ...options };
  const { entries } = await world.in((vault) => vault.ls(all, context));
  assert.equal(entries, context.items.length);
  return context.items.map(({ path }) => String(path));
}

async function printed(
  world: World,
  options: { paths: string[]; at?: string; cwd?: string; folder?: string },
): Promise<string> {
  const pieces: Uint8Array[] = [];
  const write = (piece: Uint8Array): Promise<void> => {
    pieces.push(piece.slice());
    return Promise.resolve();
  };
  await world.in((vault) =>
    vault.cat({ folder: 'disk', cwd: '/', ...options }, write, operationContext()),
  );
  return Buffer.concat(pieces).toString();
}

describe('ls', () => {
  test('lists names directly below, or all of them', async () => {
    const world = await World.make();
    world.put({ a: '1', 'd/b': '22', 'd/e/c': '333' });
    world.fs.makeSymlink('a', '/disk/link');
    await world.snapshot();
    assert.deepEqual(await listed(world, { recursive: false }), ['a', 'd', 'link']);
    assert.deepEqual(await listed(world), ['a', 'd', 'd/b', 'd/e', 'd/e/c', 'link']);
    assert.deepEqual(await listed(world, { paths: ['d'], recursive: false }), ['d/b', 'd/e']);
    assert.deepEqual(await listed(world, { paths: ['a', 'd/e/c', 'a'] }), ['a', 'd/e/c', 'a']);
    const context = operationContext();
    await world.in((vault) =>
      vault.ls({ folder: 'disk', paths: ['d/b', 'link'], cwd: '/' }, context),
    );
    const [file, link] = context.items;
    assert.deepEqual([file?.['kind'], file?.['size'], file?.['executable']], ['file', 2, false]);
    assert.deepEqual([link?.['kind'], link?.['target']], ['symlink', 'a']);
  });

  test('as of a snapshot, a tag, a time', async () => {
    const world = await World.make();
    const { clock } = world.environment;
    world.put({ a: '1' });
    const first = await world.snapshot({ tags: ['early'] });
    const between = new Date(clock.wallMs() + 1000).toISOString();
    world.put({ b: '2' });
    const second = await world.snapshot({ tags: ['late'] });
    const id = first.snapshot ?? '';
    for (const at of [id, id.slice(0, 8), 'early', between, '90s ago']) {
      assert.deepEqual(await listed(world, { at }), ['a'], at);
    }
    for (const at of [second.snapshot ?? '', 'late', 'now']) {
      assert.deepEqual(await listed(world, { at }), ['a', 'b'], at);
    }
    assert.deepEqual(await listed(world, { at: '2020-01-01' }), []);
    for (const at of ['2026-02-30', '26:00', 'two years ago']) {
      const error = await rejects('VAULT_USAGE', () => listed(world, { at }));
      assert.ok(error.message.includes(JSON.stringify(at)));
    }
    await rejects('VAULT_NOT_FOUND', () => listed(world, { at: 'no such tag' }));
    await rejects('VAULT_NOT_FOUND', () => listed(world, { at: 'ffffffffffff' }));
  });

  test('a tag means the newest snapshot that has it', async () => {
    const world = await World.make();
    for (const name of ['a', 'b', 'c']) {
      world.put({ [name]: name });
      await world.snapshot({ tags: name === 'c' ? [] : ['daily'] });
    }
    assert.deepEqual(await listed(world, { at: 'daily' }), ['a', 'b']);
  });

  test('a path that a symlink hides today is still known in the past', async () => {
    const world = await World.make();
    world.put({ 'd/e/file': '1' });
    const { snapshot } = await world.snapshot();
    world.fs.removeTree('/disk/d');
    world.fs.makeDirectories('/elsewhere/e');
    world.fs.makeSymlink('/elsewhere', '/disk/d');
    await world.snapshot({ yes: true });
    const at = snapshot ?? '';
    assert.deepEqual(await listed(world, { paths: ['d/e'], at }), ['d/e/file']);
    assert.deepEqual(await listed(world, { paths: ['/disk/d/e/file'], at, cwd: '/elsewhere' }), [
      'd/e/file',
    ]);
    await rejects('VAULT_PATH_UNSAFE', () => listed(world, { paths: ['/elsewhere/e'], at }));
  });

  test('in a folder without a working copy names are only names', async () => {
    const world = await World.make();
    world.fs.makeDirectories('/real');
    world.fs.makeSymlink('/real', '/link');
    await world.in((vault) =>
      vault.folderAdd({ path: '/x/stored', storedOnly: true }, operationContext()),
    );
    const error = await rejects('VAULT_NOT_FOUND', () =>
      listed(world, { folder: 'stored', paths: ['link/a'] }),
    );
    assert.match(error.message, /"link\/a"/);
    assert.deepEqual(await listed(world, { folder: 'stored' }), []);
  });

  test('the folder is the one that holds the path or the current directory', async () => {
    const world = await World.make();
    world.put({ 'd/a': '1' });
    await world.snapshot();
    const run = (paths: string[], cwd: string): Promise<string[]> => {
      const context = operationContext();
      return world
        .in((vault) => vault.ls({ paths, cwd }, context))
        .then(() => context.items.map(({ path }) => String(path)));
    };
    assert.deepEqual(await run([], '/disk/d'), ['d']);
    assert.deepEqual(await run(['.'], '/disk/d'), ['d/a']);
    assert.deepEqual(await run(['/disk/d/a'], '/'), ['d/a']);
    const error = await rejects('VAULT_USAGE', () => run(['a'], '/'));
    assert.match(error.hint ?? '', /disk/);
  });
});

describe('cat', () => {
  test('prints contents one after another', async () => {
    const world = await World.make();
    const large = Array.from({ length: 200_000 }, (_, at) => at).join(' ');
    world.put({ a: 'first\n', 'd/b': 'second\n', large, empty: '' });
    await world.snapshot();
    assert.equal(await printed(world, { paths: ['a', 'empty', 'd/b'] }), 'first\nsecond\n');
    assert.equal(await printed(world, { paths: ['large'] }), large);
  });

  test('what is no file is refused, what is not there is not found', async () => {
    const world = await World.make();
    world.put({ 'd/a': '1' });
    world.fs.makeSymlink('d/a', '/disk/link');
    const { snapshot } = await world.snapshot();
    for (const path of ['d', 'link'])
      await rejects('VAULT_USAGE', () => printed(world, { paths: [path] }));
    await rejects('VAULT_USAGE', () => printed(world, { paths: [] }));
    for (const path of ['none', 'd/a/below', '']) {
      await rejects('VAULT_NOT_FOUND', () => printed(world, { paths: [path] }));
    }
    world.fs.removeTree('/disk/d');
    await world.snapshot({ yes: true });
    await rejects('VAULT_NOT_FOUND', () => printed(world, { paths: ['d/a'] }));
    assert.equal(await printed(world, { paths: ['d/a'], at: snapshot ?? '' }), '1');
  });

  test('an interrupt ends it', async () => {
    const world = await World.make();
    world.put({ large: 'x'.repeat(1_000_000) });
    await world.snapshot();
    const controller = new AbortController();
    const context = operationContext({ signal: controller.signal });
    const write = (): Promise<void> => {
      controller.abort(new Error('ctrl-c'));
      return Promise.resolve();
    };
    await rejects('VAULT_INTERRUPTED', () =>
      world.in((vault) =>
        vault.cat({ folder: 'disk', cwd: '/', paths: ['large'] }, write, context),
      ),
    );
  });
});

describe('snapshots', () => {
  test('are listed oldest first', async () => {
    const world = await World.make();
    for (const message of ['one', 'two', 'three']) await world.snapshot({ message });
    const context = operationContext();
    const { snapshots } = await world.in((vault) =>
      vault.snapshots({ folders: ['disk'] }, context),
    );
    assert.equal(snapshots, 3);
    assert.deepEqual(
      context.items.map((item) => item['message']),
      ['one', 'two', 'three'],
    );
    assert.equal(context.items[0]?.['node'], world.environment.machineName);
  });
});
