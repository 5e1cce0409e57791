import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Item } from '../../src/operations/operation.ts';
import { assertMatchesSchema } from '../helpers/json-schema.ts';
import { rejects } from '../helpers/rejects.ts';
import { operationContext } from '../helpers/test-home.ts';
import { World } from './world.ts';

const here = { folder: 'disk', cwd: '/' } as const;

interface Asked {
  readonly path?: string;
  readonly limit?: number;
  readonly since?: string;
  readonly cwd?: string;
}

async function logged(world: World, asked: Asked = {}): Promise<Item[]> {
  const context = operationContext();
  const { path, ...rest } = asked;
  const paths = path === undefined ? [] : [path];
  const { versions } = await world.in((vault) => vault.log({ ...here, ...rest, paths }, context));
  assert.equal(versions, context.items.length);
  for (const item of context.items) assertMatchesSchema('log', item);
  return context.items;
}

const paths = (items: readonly Item[]): string[] => items.map(({ path }) => String(path));

async function shown(world: World, id: string, limit?: number): Promise<Item[]> {
  const context = operationContext();
  const options = { ...here, id, ...(limit === undefined ? {} : { limit }) };
  await world.in((vault) => vault.show(options, context));
  for (const item of context.items) assertMatchesSchema('show', item);
  return context.items;
}

async function found(
  world: World,
  pattern: string,
  options: { at?: string; all?: boolean; ignoreCase?: boolean } = {},
): Promise<Item[]> {
  const context = operationContext();
  const result = await world.in((vault) => vault.find({ ...here, pattern, ...options }, context));
  for (const item of context.items) assertMatchesSchema('find', item);
  assert.equal(result.entries, context.items.length);
  assert.equal(result.deleted, context.items.filter((item) => item['deleted'] === true).length);
  return context.items;
}

describe('log', () => {
  test('lists what happened to a file, to a directory, to all, the newest first', async () => {
    const world = await World.make();
    world.put({ a: '1', 'd/b': '22' });
    await world.snapshot();
    world.put({ a: '333' });
    await world.snapshot();
    world.fs.removeTree('/disk/d');
    await world.snapshot();
    const [second, first, ...none] = await logged(world, { path: 'a' });
    assert.equal(none.length, 0);
    assert.deepEqual([second?.['size'], second?.['current']], [3, true]);
    assert.deepEqual([first?.['size'], first?.['current']], [1, false]);
    assert.deepEqual(second?.['parents'], [first?.['version']]);
    assert.deepEqual([first?.['available'], first?.['nodes'], first?.['kind']], [true, [], 'file']);
    const below = await logged(world, { path: 'd' });
    assert.deepEqual(paths(below), ['d', 'd/b', 'd/b', 'd']);
    const kinds = below.map(({ kind }) => kind);
    assert.deepEqual(kinds, ['deletion', 'deletion', 'file', 'directory']);
    assert.deepEqual(paths(await logged(world, { path: 'd/b', cwd: '/disk' })), ['d/b', 'd/b']);
    assert.equal((await logged(world)).length, 6);
  });

  test('stops at a limit, and where the time was before', async () => {
    const world = await World.make();
    world.put({ a: '1' });
    const { snapshot } = await world.snapshot({ tags: ['early'] });
    const between = new Date(world.environment.clock.wallMs() + 1000).toISOString();
    world.put({ a: '22' });
    await world.snapshot();
    world.put({ a: '333' });
    await world.snapshot();
    const [last] = await logged(world, { limit: 1 });
    assert.equal(last?.['size'], 3);
    assert.deepEqual(await logged(world, { limit: 0 }), []);
    for (const since of [snapshot ?? '', 'early', between]) {
      const sizes = (await logged(world, { path: 'a', since })).map(({ size }) => size);
      assert.deepEqual(sizes, [3, 2], since);
    }
    assert.deepEqual(await logged(world, { path: 'a', since: 'now' }), []);
    const version = String(last?.['version']);
    assert.deepEqual(await logged(world, { since: version }), []);
    const day = new Date(world.environment.clock.wallMs());
    const local = [day.getFullYear(), day.getMonth() + 1, day.getDate()]
      .map((part) => String(part).padStart(2, '0'))
      .join('-');
    // The start of that day: what came on it is told.
    assert.ok((await logged(world, { since: local })).length > 0);
    assert.deepEqual(paths(await logged(world, { since: 'today' })), ['a', 'a', 'a']);
    for (const since of ['2026-02-30', 'three days ago', '']) {
      const error = await rejects('VAULT_USAGE', () => logged(world, { since }));
      assert.ok(error.message.includes(JSON.stringify(since)));
    }
    await rejects('VAULT_NOT_FOUND', () => logged(world, { since: 'no such tag' }));
  });

  test('what never was is not found', async () => {
    const world = await World.make();
    world.put({ a: '1' });
    await world.snapshot();
    await rejects('VAULT_NOT_FOUND', () => logged(world, { path: 'b' }));
    await rejects('VAULT_PATH_UNSAFE', () => logged(world, { path: '/elsewhere' }));
    assert.deepEqual(await logged(world, { path: 'a', since: 'now' }), []);
    const asked = { ...here, paths: ['a', 'b'] };
    await rejects('VAULT_USAGE', () => world.in((vault) => vault.log(asked, operationContext())));
  });
});

describe('WHEN is a version', () => {
  test('and then means the folder right after it', async () => {
    const world = await World.make();
    world.put({ a: '1', b: '1' });
    await world.snapshot();
    world.put({ a: '22' });
    await world.snapshot();
    const [second, first] = await logged(world, { path: 'a' });
    const sizes = async (at: string): Promise<unknown[]> => {
      const context = operationContext();
      await world.in((vault) => vault.ls({ ...here, paths: ['a'], at }, context));
      return context.items.map(({ size }) => size);
    };
    for (const digits of [64, 20, 12]) {
      assert.deepEqual(await sizes(String(first?.['version']).slice(0, digits)), [1]);
      assert.deepEqual(await sizes(String(second?.['version']).slice(0, digits)), [2]);
    }
  });

  test('and a start that several have names them', async () => {
    const world = await World.make();
    const files: Record<string, string> = {};
    for (let at = 0; at < 1200; at++) files[`f${at}`] = String(at);
    world.put(files);
    await world.snapshot();
    const ids = (await logged(world)).map(({ version }) => String(version));
    const starts = ids.map((id) => id.slice(0, 4));
    const twice = starts.find((start, at) => starts.indexOf(start) !== at);
    assert.ok(twice !== undefined, 'among 1200 ids two begin alike');
    const error = await rejects('VAULT_USAGE', () => shown(world, twice));
    assert.match(error.message, new RegExp(`begins with ${twice}$`));
    for (const id of ids.filter((one) => one.startsWith(twice))) {
      assert.ok(error.hint?.includes(id.slice(0, 16)), error.hint);
    }
  });
});

describe('show', () => {
  test('tells all of a version', async () => {
    const world = await World.make();
    world.put({ a: '1' });
    const early = await world.snapshot();
    world.put({ a: '22', b: '1' });
    const late = await world.snapshot();
    const [second, first] = await logged(world, { path: 'a' });
    const [old] = await shown(world, String(first?.['version']));
    assert.deepEqual(old?.['supersededBy'], [second?.['version']]);
    assert.deepEqual(old?.['snapshots'], [early.snapshot]);
    assert.deepEqual([old?.['current'], old?.['size'], old?.['executable']], [false, 1, false]);
    const [now] = await shown(world, String(second?.['version']).slice(0, 12));
    assert.deepEqual(now?.['snapshots'], [late.snapshot]);
    const [twin] = await logged(world, { path: 'b' });
    const [same] = await shown(world, String(twin?.['version']));
    assert.equal(same?.['digest'], old?.['digest']);
  });

  test('tells what came with a snapshot, by id, prefix or tag', async () => {
    const world = await World.make();
    world.put({ a: '1', b: '1' });
    const early = await world.snapshot({ tags: ['first'] });
    world.put({ a: '22' });
    world.fs.removeTree('/disk/b');
    const { snapshot } = await world.snapshot({ message: 'second' });
    world.put({ c: '3' });
    await world.snapshot();
    for (const id of [snapshot ?? '', (snapshot ?? '').slice(0, 8)]) {
      const [about, ...versions] = await shown(world, id);
      assert.deepEqual([about?.['snapshot'], about?.['message']], [snapshot, 'second']);
      assert.deepEqual(paths(versions).toSorted(), ['a', 'b']);
    }
    const [about, ...versions] = await shown(world, 'first');
    assert.equal(about?.['snapshot'], early.snapshot);
    assert.deepEqual(
      versions.map(({ path, current }) => `${String(path)} ${String(current)}`).toSorted(),
      ['a false', 'b false'],
    );
    assert.equal((await shown(world, 'first', 1)).length, 2);
  });

  test('what nothing is called is not found', async () => {
    const world = await World.make();
    await world.snapshot();
    for (const id of ['no-tag', 'ffffffff', 'ab'.repeat(32)]) {
      const error = await rejects('VAULT_NOT_FOUND', () => shown(world, id));
      assert.ok(error.message.includes(id));
    }
  });
});

describe('find', () => {
  test('finds names at any depth and nothing below them', async () => {
    const world = await World.make();
    world.put({ 'plan.md': '1', 'd/plan.md': '22', 'd/e/Plan.MD': '3', 'plan/x': '4' });
    await world.snapshot();
    assert.deepEqual(paths(await found(world, 'plan.md')), ['d/plan.md', 'plan.md']);
    assert.deepEqual(paths(await found(world, 'd/*')), ['d/e', 'd/plan.md']);
    assert.deepEqual(paths(await found(world, 'plan*')), ['d/plan.md', 'plan', 'plan.md']);
    assert.deepEqual(paths(await found(world, '**/plan.md')), ['d/plan.md', 'plan.md']);
    assert.deepEqual(paths(await found(world, 'plan.md', { ignoreCase: true })), [
      'd/e/Plan.MD',
      'd/plan.md',
      'plan.md',
    ]);
    assert.deepEqual(await found(world, 'nothing'), []);
    await rejects('VAULT_USAGE', () => found(world, ''));
    await rejects('VAULT_USAGE', () => found(world, '[z-a]'));
  });

  test('finds what was there then, and what is gone', async () => {
    const world = await World.make();
    world.put({ 'd/e/lost.txt': '1', kept: '1' });
    const { snapshot } = await world.snapshot();
    world.put({ 'd/e/lost.txt': '22' });
    await world.snapshot();
    world.fs.removeTree('/disk/d');
    await world.snapshot();
    assert.deepEqual(await found(world, 'lost.txt'), []);
    const [then] = await found(world, 'lost.txt', { at: snapshot ?? '' });
    assert.deepEqual([then?.['size'], then?.['deleted']], [1, undefined]);
    const [gone, ...none] = await found(world, 'lost.txt', { all: true });
    assert.equal(none.length, 0);
    assert.deepEqual(
      [gone?.['path'], gone?.['size'], gone?.['deleted']],
      ['d/e/lost.txt', 2, true],
    );
    assert.ok(String(gone?.['deletedAt']) > String(gone?.['time']));
    assert.deepEqual(paths(await found(world, '*', { all: true })), [
      'd',
      'd/e',
      'd/e/lost.txt',
      'kept',
    ]);
    const to = { paths: ['d/e/lost.txt'], at: String(gone?.['version']), to: '/back' };
    await world.restore(to);
    assert.deepEqual(world.tree('/back'), { 'd/': '', 'd/e/': '', 'd/e/lost.txt': '22' });
    // Before the first snapshot nothing was there that could be gone.
    assert.deepEqual(await found(world, '*', { all: true, at: '2001-01-01' }), []);
  });
});

describe('stats', () => {
  test('counts what is there, what was, and what it takes', async () => {
    const world = await World.make();
    world.put({ a: 'one', b: 'one', 'd/c': 'three' });
    await world.snapshot();
    world.put({ a: 'seven' });
    world.fs.removeTree('/disk/b');
    await world.snapshot();
    const context = operationContext();
    const result = await world.in((vault) => vault.stats({ folders: ['disk'] }, context));
    const [item] = context.items;
    assertMatchesSchema('stats', item);
    assertMatchesSchema('stats', { type: 'summary', ...result });
    assert.deepEqual([item?.['files'], item?.['dirs'], item?.['bytes']], [2, 1, 10]);
    assert.deepEqual([item?.['versions'], item?.['snapshots']], [6, 2]);
    assert.deepEqual([item?.['contents'], item?.['plainBytes'], item?.['chunks']], [3, 13, 3]);
    assert.ok(Number(item?.['storedBytes']) > 13);
    assert.deepEqual([result.folders, result.versions, result.damaged], [1, 6, 0]);
    assert.ok(result.reserveWhole && result.homeBytes > result.reserveBytes);
  });

  test('without a folder, of the one here, else the folders there are', async () => {
    const world = await World.make();
    world.fs.makeDirectories('/disk/d');
    for (const cwd of ['/disk', '/disk/d']) {
      const context = operationContext();
      await world.in((vault) => vault.stats({ folders: [], cwd }, context));
      assert.deepEqual(
        context.items.map(({ name }) => name),
        ['disk'],
      );
    }
    const options = { folders: [], cwd: '/' };
    for (const run of ['stats', 'snapshots'] as const) {
      const error = await rejects('VAULT_USAGE', () =>
        world.in<unknown>((vault) => vault[run](options, operationContext())),
      );
      assert.match(error.hint ?? '', /disk/);
    }
  });
});
