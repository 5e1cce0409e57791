import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ChangeBackOptions, UndoResult } from '../../src/operations/change-options.ts';
import { rejects } from '../helpers/rejects.ts';
import { operationContext } from '../helpers/test-home.ts';
import { passingTime } from './passing-time.ts';
import { World } from './world.ts';

type Done = UndoResult & { readonly told: string[]; readonly warnings: readonly string[] };

async function undo(world: World, options: Partial<ChangeBackOptions> = {}): Promise<Done> {
  world.environment.clock.advance(60_000);
  const context = operationContext();
  const all = { folder: 'disk', paths: [], cwd: '/', ...options };
  const work = world.in((vault) => vault.undo(all, context));
  const result = await passingTime(world.environment.clock, work);
  const told = context.items.map(({ change, path }) => `${String(change)} ${String(path)}`);
  return { ...result, told, warnings: context.warnings };
}

async function revert(world: World, at: string): Promise<void> {
  world.environment.clock.advance(60_000);
  const work = world.in((vault) =>
    vault.revert({ folder: 'disk', paths: [], cwd: '/', at }, operationContext()),
  );
  await passingTime(world.environment.clock, work);
}

describe('undo', () => {
  test('takes back edits that are not recorded, and keeps them in the history', async () => {
    const world = await World.make();
    world.put({ a: 'a1', b: 'b1' });
    await world.snapshot();
    world.put({ a: 'a2', 'd/new': 'n' });
    world.fs.removeFile('/disk/b');
    const { told, recorded, before } = await undo(world);
    assert.deepEqual(told, ['changed a', 'added b', 'removed d/new', 'removed d']);
    assert.equal(recorded, 4);
    assert.deepEqual(world.tree('/disk'), { a: 'a1', b: 'b1' });
    await revert(world, before ?? '');
    assert.deepEqual(world.tree('/disk'), { a: 'a2', 'd/': '', 'd/new': 'n' });
  });

  test('again goes further back, one recorded change after the other', async () => {
    const world = await World.make();
    world.put({ a: 'a1' });
    await world.snapshot();
    world.put({ a: 'a2', b: 'b2' });
    await world.snapshot();
    world.put({ a: 'a3' });
    world.fs.removeFile('/disk/b');
    await world.snapshot();
    const states = [];
    for (let turn = 0; turn < 3; turn++) {
      await undo(world);
      states.push(world.tree('/disk'));
    }
    assert.deepEqual(states, [{ a: 'a2', b: 'b2' }, { a: 'a1' }, {}]);
    const error = await rejects('VAULT_NOT_FOUND', () => undo(world));
    assert.match(error.message, /no change of this node left to undo/);
    // A new change is undone first, then nothing is left again.
    world.put({ c: 'c1' });
    await undo(world);
    assert.deepEqual(world.tree('/disk'), {});
    await rejects('VAULT_NOT_FOUND', () => undo(world));
  });

  test('takes back a revert as what it was, not what the revert took back', async () => {
    const world = await World.make();
    world.put({ a: 'a1' });
    await world.snapshot({ tags: ['first'] });
    world.put({ a: 'a2' });
    await world.snapshot();
    await revert(world, 'first');
    assert.equal(world.tree('/disk')['a'], 'a1');
    await undo(world);
    assert.equal(world.tree('/disk')['a'], 'a2');
    await undo(world);
    assert.equal(world.tree('/disk')['a'], 'a1');
  });

  test('of one path, then of the rest', async () => {
    const world = await World.make();
    world.put({ a: 'a1', 'd/b': 'b1', 'd/c': 'c1' });
    await world.snapshot();
    world.put({ a: 'a2', 'd/b': 'b2', 'd/c': 'c2' });
    await world.snapshot();
    assert.deepEqual((await undo(world, { paths: ['d/b'] })).told, ['changed d/b']);
    assert.deepEqual((await undo(world)).told, ['changed a', 'changed d/c']);
    assert.deepEqual(world.tree('/disk'), { a: 'a1', 'd/': '', 'd/b': 'b1', 'd/c': 'c1' });
    world.put({ a: 'a3', 'd/b': 'b3' });
    await undo(world, { paths: ['d'] });
    assert.deepEqual(world.tree('/disk'), { a: 'a3', 'd/': '', 'd/b': 'b1', 'd/c': 'c1' });
    await undo(world, { paths: ['a'] });
    assert.equal(world.tree('/disk')['a'], 'a1');
  });

  test('brings back a directory with all that was in it', async () => {
    const world = await World.make();
    world.put({ 'd/e/f': 'f', 'd/g': 'g', h: 'h', i: 'i', j: 'j', k: 'k' });
    const before = world.tree('/disk');
    await world.snapshot();
    world.fs.removeTree('/disk/d');
    await undo(world);
    assert.deepEqual(world.tree('/disk'), before);
    world.fs.removeTree('/disk/d');
    await world.snapshot();
    await undo(world, { paths: ['d/e/f'] });
    assert.equal(world.tree('/disk')['d/e/f'], 'f');
    assert.equal(world.tree('/disk')['d/g'], undefined);
    await undo(world);
    assert.deepEqual(world.tree('/disk'), before);
  });

  test('brings a moved file back to where it was, recorded or not', async () => {
    const world = await World.make();
    world.put({ 'from/file': 'moved content', 'from/other': 'o', x: 'x' });
    const before = world.tree('/disk');
    await world.snapshot();
    for (const isRecorded of [false, true]) {
      world.fs.makeDirectories('/disk/to');
      world.fs.rename('/disk/from/file', '/disk/to/file');
      if (isRecorded) await world.snapshot();
      const { warnings } = await undo(world);
      assert.deepEqual(warnings, []);
      assert.deepEqual(world.tree('/disk'), before);
      const context = operationContext();
      await world.in((vault) =>
        vault.diff({ folder: 'disk', from: 'now', paths: [], cwd: '/' }, context),
      );
      assert.deepEqual(context.items, []);
      await world.restore();
      assert.deepEqual(world.tree('/out'), before);
      world.fs.removeTree('/out');
    }
  });

  test('a dry run says the same as the run, and changes nothing', async () => {
    const world = await World.make();
    world.put({ a: 'a1' });
    await world.snapshot();
    world.put({ a: 'a2', b: 'b2' });
    await world.snapshot();
    for (const edit of [{}, { a: 'a3', 'n/m': 'n' }]) {
      world.put(edit);
      const tree = world.tree('/disk');
      world.environment.onStoreWrite = () => assert.fail('something was written');
      const dry = await undo(world, { dryRun: true });
      world.environment.onStoreWrite = () => undefined;
      assert.deepEqual(world.tree('/disk'), tree);
      const real = await undo(world);
      assert.deepEqual(dry.told, real.told);
      assert.equal(dry.recorded, real.recorded);
    }
  });
});
