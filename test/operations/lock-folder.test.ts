import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type {
  FolderLockOptions,
  FolderLockResult,
  FolderUnlockOptions,
  FolderUnlockResult,
} from '../../src/operations/folder-options.ts';
import { utf8 } from '../../src/bytes.ts';
import { FileError } from '../../src/system/file-system.ts';
import type { MemoryCall } from '../../src/system/memory-volume.ts';
import { rejects } from '../helpers/rejects.ts';
import { runSeed } from '../helpers/seeded.ts';
import { operationContext } from '../helpers/test-home.ts';
import { LosingWorld } from './lost-chunks.ts';
import { passingTime } from './passing-time.ts';
import { World } from './world.ts';

const seed = runSeed();
const STEP = process.env['VAULT_SLOW'] === '1' ? 1 : 7;

type Locked = FolderLockResult & { readonly warnings: readonly string[] };

async function lock(world: World, options: Partial<FolderLockOptions> = {}): Promise<Locked> {
  world.environment.clock.advance(60_000);
  const context = operationContext();
  const work = world.in((vault) => vault.folderLock({ folder: 'disk', ...options }, context));
  const result = await passingTime(world.environment.clock, work);
  return { ...result, warnings: context.warnings };
}

async function unlock(
  world: World,
  options: Partial<FolderUnlockOptions> = {},
): Promise<FolderUnlockResult> {
  world.environment.clock.advance(60_000);
  const work = world.in((vault) =>
    vault.folderUnlock({ folder: 'disk', ...options }, operationContext()),
  );
  return passingTime(world.environment.clock, work);
}

async function state(world: World): Promise<{ path: unknown; locked: unknown; pending: unknown }> {
  const context = operationContext();
  world.environment.clock.advance(60_000);
  await world.in((vault) => vault.status({ folders: [] }, context));
  const item = context.items.find(({ type }) => type === 'folder');
  return { path: item?.['path'], locked: item?.['locked'], pending: item?.['pending'] };
}

async function planted(world: World): Promise<Record<string, string>> {
  world.put({ a: 'a', 'd/b': 'b'.repeat(100_000), 'd/e/f': 'f', empty: '' });
  world.fs.makeSymlink('a', '/disk/link');
  world.fs.makeDirectories('/disk/hollow');
  world.fs.setMode('/disk/a', 0o755);
  await world.snapshot();
  world.put({ 'not recorded': 'yet' });
  return world.tree('/disk');
}

describe('folder lock and unlock', () => {
  test('take the plain files away, and bring them back', async () => {
    const world = await World.make();
    const tree = await planted(world);
    const { files, dirs, bytes, recorded, kept, lockedAt } = await lock(world);
    assert.deepEqual([files, dirs, bytes, recorded, kept], [6, 3, 100_005, 1, 0]);
    assert.equal(lockedAt, '/disk');
    assert.deepEqual(world.tree('/disk'), {});
    assert.deepEqual(await state(world), { path: null, locked: true, pending: 0 });
    // What is locked can still be restored from.
    await world.restore();
    assert.deepEqual(world.tree('/out'), tree);
    await rejects('VAULT_USAGE', () => world.snapshot({ folders: ['disk'] }));
    const unlocked = await unlock(world);
    assert.deepEqual([unlocked.files, unlocked.locked, unlocked.path], [6, false, '/disk']);
    assert.deepEqual(world.tree('/disk'), tree);
    assert.equal(world.fs.stat('/disk/a').mode & 0o100, 0o100);
    assert.deepEqual(await state(world), { path: '/disk', locked: false, pending: 0 });
    const { added, removed, changed } = await world.snapshot();
    assert.deepEqual([added, removed, changed], [1, 0, 0], 'only what lock recorded');
    await rejects('VAULT_USAGE', () => unlock(world));
  });

  test('take away every name of a file that has several', async () => {
    const world = await World.make();
    world.put({ a: 'several names', 'd/e': 'another' });
    world.fs.link('/disk/a', '/disk/b');
    world.fs.makeDirectories('/disk/c');
    world.fs.link('/disk/a', '/disk/c/a');
    await world.snapshot();
    const tree = world.tree('/disk');
    const { files, kept, warnings } = await lock(world);
    assert.deepEqual([files, kept, warnings], [4, 0, []]);
    assert.deepEqual(world.tree('/disk'), {});
    await unlock(world);
    assert.deepEqual(world.tree('/disk'), tree);
  });

  test('a dry run tells what would go and changes nothing', async () => {
    const world = await World.make();
    const tree = await planted(world);
    world.environment.onStoreWrite = () => assert.fail('something was written');
    const dry = await lock(world, { dryRun: true });
    world.environment.onStoreWrite = () => undefined;
    assert.deepEqual(world.tree('/disk'), tree);
    const real = await lock(world);
    assert.deepEqual({ ...dry, seconds: 0 }, { ...real, seconds: 0 });
  });

  test('where a chunk is missing no file goes', async () => {
    const losing = await LosingWorld.make();
    const { world } = losing;
    world.put({ a: 'a', b: 'b' });
    await world.snapshot();
    losing.lose(1);
    for (const dryRun of [true, false]) {
      const error = await rejects('VAULT_CHUNK_MISSING', () => lock(world, { dryRun }));
      assert.match(
        error.message,
        /^not locked, every file stays: "b": chunk [0-9a-f]+ is missing$/,
      );
    }
    assert.deepEqual(world.tree('/disk'), { a: 'a', b: 'b' });
    assert.equal((await state(world)).locked, false);
  });

  test('what is left out of the folder stays, and what holds it', async () => {
    const world = await World.make();
    world.put({ '.vaultignore': '*.o\n', 'build/x.c': 'c', 'build/x.o': 'o', 'src/y': 'y' });
    const { kept, warnings } = await lock(world);
    assert.equal(kept, 0);
    assert.match(warnings.join(), /something is left in "\/disk"/);
    assert.deepEqual(world.tree('/disk'), { 'build/': '', 'build/x.o': 'o' });
    await unlock(world);
    assert.equal(world.tree('/disk')['build/x.c'], 'c');
  });

  test('unlocks to another place, but not over what is there', async () => {
    const world = await World.make();
    const tree = await planted(world);
    await lock(world);
    world.fs.makeDirectories('/taken/by');
    await rejects('VAULT_REFUSED', () => unlock(world, { to: '/taken' }));
    await rejects('VAULT_REFUSED', () => unlock(world, { to: '/home/inside' }));
    await unlock(world, { to: '/new/place' });
    assert.deepEqual(world.tree('/new/place'), tree);
    assert.deepEqual(await state(world), { path: '/new/place', locked: false, pending: 0 });
  });

  test('what was written while it was locked is kept, and becomes an edit', async () => {
    const world = await World.make();
    await planted(world);
    await lock(world);
    world.put({ a: 'written while locked', extra: 'so was this' });
    const { skipped } = await unlock(world);
    assert.equal(skipped, 1);
    const tree = world.tree('/disk');
    assert.deepEqual(
      [tree['a'], tree['extra'], tree['d/e/f']],
      ['written while locked', 'so was this', 'f'],
    );
    assert.equal((await state(world)).pending, 0);
  });

  test('stays locked where not everything can be given back', async () => {
    const losing = await LosingWorld.make();
    const { world } = losing;
    world.put({ a: 'a', b: 'b' });
    await lock(world);
    losing.lose(1);
    const { locked, damaged, path } = await unlock(world);
    assert.deepEqual([locked, damaged, path], [true, 1, null]);
    assert.equal((await state(world)).locked, true);
    assert.deepEqual(world.tree('/disk'), { a: 'a' });
  });
});

describe('an edit that races with lock', () => {
  async function racing(): Promise<{
    world: World;
    calls: { act: ((call: MemoryCall, path: string) => void) | undefined };
  }> {
    const calls: { act: ((call: MemoryCall, path: string) => void) | undefined } = {
      act: undefined,
    };
    const world = await World.make({ beforeCall: (call, path) => calls.act?.(call, path) });
    world.put({ a: 'a1', b: 'b1', 'd/c': 'c1' });
    await world.snapshot();
    return { world, calls };
  }

  test('before the file is moved aside: kept and told', async () => {
    const { world, calls } = await racing();
    calls.act = (call, path) => {
      if (call !== 'rename' || !path.endsWith('/a')) return;
      calls.act = undefined;
      world.environment.clock.advance(5);
      const file = world.fs.open('/disk/a', { mode: 'write' });
      file.write(utf8('an edit'), 0);
      file.close();
      world.put({ 'd/new': 'n' });
    };
    const { kept, warnings } = await lock(world);
    assert.equal(kept, 1);
    assert.match(warnings.join(), /a: left as it is: it was changed just now/);
    assert.deepEqual(world.tree('/disk'), { a: 'an edit', 'd/': '', 'd/new': 'n' });
    await unlock(world);
    assert.deepEqual(world.tree('/disk'), {
      a: 'an edit',
      b: 'b1',
      'd/': '',
      'd/c': 'c1',
      'd/new': 'n',
    });
  });

  test('through a handle that was open before: stored, and given back', async () => {
    const { world, calls } = await racing();
    const held = world.fs.open('/disk/a', { mode: 'write' });
    calls.act = (call, path) => {
      if (call !== 'rename' || !path.endsWith('/b')) return;
      calls.act = undefined;
      world.environment.clock.advance(5);
      held.write(utf8('late'), 0);
      held.close();
    };
    const { recorded, warnings } = await lock(world);
    assert.equal(recorded, 1);
    assert.match(warnings.join(), /a: was edited meanwhile: that is stored, too/);
    await unlock(world);
    assert.equal(world.tree('/disk')['a'], 'late');
  });

  test('the death of the process at any call loses nothing; lock or unlock go on', async () => {
    const counted = await racing();
    let count = 0;
    counted.calls.act = (call, path) => {
      if (isOurs(call, path)) count++;
    };
    await lock(counted.world);
    assert.ok(count > 15, `${count}`);
    for (let at = 1 + (seed % STEP); at <= count; at += STEP) {
      for (const next of ['lock', 'unlock'] as const) {
        const { world, calls } = await racing();
        const tree = world.tree('/disk');
        let [seen, isDead] = [0, false];
        calls.act = (call, path) => {
          if (isOurs(call, path)) seen++;
          isDead ||= seen >= at;
          if (isDead) throw new FileError('EDEAD', call, path);
        };
        await lock(world).catch((error: unknown) => assert.ok(isDead, String(error)));
        calls.act = undefined;
        const told = `dead at call ${at} of ${count}, then ${next}, seed ${seed}`;
        if (next === 'lock') {
          await lock(world);
          assert.deepEqual(world.tree('/disk'), {}, told);
        }
        if ((await state(world)).locked === true) await unlock(world);
        else await world.snapshot();
        assert.deepEqual(world.tree('/disk'), tree, told);
      }
    }
  });
});

function isOurs(call: MemoryCall, path: string): boolean {
  const changing = [
    'rename',
    'link',
    'removeFile',
    'removeDirectory',
    'makeDirectory',
    'makeSymlink',
  ];
  return changing.includes(call) && (path.startsWith('/disk') || path.startsWith('/.held'));
}
