import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FolderMoveOptions, FolderMoveResult } from '../../src/operations/folder-options.ts';
import { FileError } from '../../src/system/file-system.ts';
import type { MemoryCall } from '../../src/system/memory-volume.ts';
import { rejects } from '../helpers/rejects.ts';
import { operationContext } from '../helpers/test-home.ts';
import { World } from './world.ts';

function move(world: World, options: Partial<FolderMoveOptions> = {}): Promise<FolderMoveResult> {
  const all = { folder: 'disk', path: '/at/new', ...options };
  return world.in((vault) => vault.folderMove(all, operationContext()));
}

async function planted(): Promise<World> {
  const world = await World.make();
  world.put({ a: 'a', b: 'b', 'd/c': 'c' });
  await world.snapshot();
  world.fs.makeDirectories('/at');
  return world;
}

async function goesOn(world: World, path: string): Promise<void> {
  const { files, added, changed, removed } = await world.snapshot();
  assert.deepEqual([files, added, changed, removed], [3, 0, 0, 0]);
  const context = operationContext();
  await world.in((vault) => vault.folderList(context));
  assert.equal(context.items[0]?.['path'], path);
}

describe('folder move', () => {
  test('renames the working copy', async () => {
    const world = await planted();
    assert.equal((await move(world, { dryRun: true })).how, 'renamed');
    assert.equal(world.fs.statIfPresent('/at/new'), undefined);
    const { how, path } = await move(world);
    assert.deepEqual([how, path], ['renamed', '/at/new']);
    assert.deepEqual(world.tree('/disk'), {});
    await goesOn(world, '/at/new');
  });

  test('adopts what was moved already, also where a move was cut short', async () => {
    const world = await planted();
    world.fs.rename('/disk', '/at/new');
    await rejects('VAULT_REFUSED', () => world.snapshot());
    assert.equal((await move(world)).how, 'adopted');
    await goesOn(world, '/at/new');
  });

  test('adopts a copy where the old place is gone, not a stranger', async () => {
    const world = await planted();
    for (const [name, text] of Object.entries({ a: 'a', b: 'b', 'd/c': 'c' })) {
      world.fs.makeDirectories(`/copy/${name}`.replace(/\/[^/]*$/, ''));
      const file = world.fs.open(`/copy/${name}`, { mode: 'create' });
      file.write(Buffer.from(text), 0);
      file.close();
    }
    world.fs.makeDirectories('/stranger/x');
    const error = await rejects('VAULT_REFUSED', () => move(world, { path: '/copy' }));
    assert.match(error.message, /is there already/);
    world.fs.removeTree('/disk');
    const strange = await rejects('VAULT_REFUSED', () => move(world, { path: '/stranger' }));
    assert.match(strange.message, /holds 0 of the 3 names/);
    await rejects('VAULT_NOT_FOUND', () => move(world, { path: '/nowhere' }));
    assert.equal((await move(world, { path: '/copy' })).how, 'adopted');
    await goesOn(world, '/copy');
  });

  test('refuses places that overlap, and another disk with a way to get there', async () => {
    const world = await planted();
    await rejects('VAULT_REFUSED', () => move(world, { path: '/home/x' }));
    await rejects('VAULT_REFUSED', () => move(world, { path: '/disk/d/x' }));
    await rejects('VAULT_NOT_FOUND', () => move(world, { path: '/no/parent' }));
    world.fs.makeDirectories('/other');
    await world.in((vault) => vault.folderAdd({ path: '/other' }, operationContext()));
    await rejects('VAULT_REFUSED', () => move(world, { path: '/other/x' }));
    const calls: { act: (call: MemoryCall, path: string) => void } = { act: () => undefined };
    const far = await World.make({ beforeCall: (call, path) => calls.act(call, path) });
    far.put({ a: 'a' });
    calls.act = (call, path) => {
      if (call === 'rename' && path === '/disk') throw new FileError('EXDEV', 'rename', path);
    };
    const error = await rejects('VAULT_REFUSED', () => move(far, { path: '/elsewhere' }));
    assert.match(error.hint ?? '', /lock, then unlock --to/);
    assert.deepEqual(far.tree('/disk'), { a: 'a' });
  });
});
