import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ChangeBackResult, RevertOptions } from '../../src/operations/change-options.ts';
import { FileError } from '../../src/system/file-system.ts';
import type { MemoryCall } from '../../src/system/memory-volume.ts';
import { utf8 } from '../../src/bytes.ts';
import { rejects } from '../helpers/rejects.ts';
import { operationContext } from '../helpers/test-home.ts';
import { LosingWorld } from './lost-chunks.ts';
import { passingTime } from './passing-time.ts';
import { World } from './world.ts';

type Done = ChangeBackResult & { readonly told: string[]; readonly warnings: readonly string[] };

async function revert(world: World, options: Partial<RevertOptions> = {}): Promise<Done> {
  world.environment.clock.advance(60_000);
  const context = operationContext();
  const all = { folder: 'disk', paths: [], cwd: '/', at: 'first', ...options };
  const work = world.in((vault) => vault.revert(all, context));
  const result = await passingTime(world.environment.clock, work);
  const told = context.items.map(({ change, path }) => `${String(change)} ${String(path)}`);
  return { ...result, told, warnings: context.warnings };
}

/** Every content of every version that a path ever had, as `vault cat --at` gives them. */
async function contentAt(world: World, path: string, at: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  const write = (piece: Uint8Array): Promise<void> => {
    pieces.push(piece.slice());
    return Promise.resolve();
  };
  const options = { folder: 'disk', cwd: '/', paths: [path], at };
  await world.in((vault) => vault.cat(options, write, operationContext()));
  return Buffer.concat(pieces).toString();
}

/** The working copy is what is recorded. */
async function unchanged(world: World): Promise<void> {
  const context = operationContext();
  world.environment.clock.advance(60_000);
  await world.in((vault) =>
    vault.diff({ folder: 'disk', from: 'now', paths: [], cwd: '/' }, context),
  );
  assert.deepEqual(context.items, []);
  const pending = operationContext();
  const status = await world.in((vault) => vault.status({ folders: [] }, pending));
  assert.equal(status.pending, 0);
}

async function twoStates(options: Parameters<typeof World.make>[0] = {}): Promise<World> {
  const world = await World.make(options);
  world.put({ a: 'a1', gone: 'gone', 'd/b': 'b1', 'd/e/f': 'f1', same: 'same', 'to/dir': 'x' });
  world.fs.makeSymlink('a', '/disk/link');
  await world.snapshot({ tags: ['first'] });
  world.put({ a: 'a2', 'new/g': 'g', 'd/b': 'b2' });
  world.fs.removeFile('/disk/gone');
  world.fs.removeTree('/disk/d/e');
  world.put({ 'd/e': 'a file now' });
  world.fs.removeTree('/disk/to/dir');
  world.put({ 'to/dir/h': 'a directory now' });
  world.fs.removeFile('/disk/link');
  world.fs.makeSymlink('same', '/disk/link');
  await world.snapshot({ tags: ['second'] });
  return world;
}

const firstState = {
  a: 'a1',
  'd/': '',
  'd/b': 'b1',
  'd/e/': '',
  'd/e/f': 'f1',
  gone: 'gone',
  link: '-> a',
  same: 'same',
  'to/': '',
  'to/dir': 'x',
};

describe('revert', () => {
  test('makes the working copy what it was, as new versions on top', async () => {
    const world = await twoStates();
    const second = world.tree('/disk');
    const { told, added, changed, removed, recorded, before } = await revert(world);
    assert.deepEqual(world.tree('/disk'), firstState);
    assert.deepEqual([added, changed, removed, recorded], [2, 5, 3, 0]);
    assert.ok(told.includes('changed d/e') && told.includes('added d/e/f'));
    await unchanged(world);
    assert.equal(await contentAt(world, 'a', 'second'), 'a2');
    // And forward again, by the snapshot that names the state before.
    await revert(world, { at: before ?? '' });
    assert.deepEqual(world.tree('/disk'), second);
    await unchanged(world);
  });

  test('nothing is stored again, times and executable bits come back', async () => {
    const world = await World.make();
    world.put({ run: 'x'.repeat(100_000) });
    world.fs.setMode('/disk/run', 0o755);
    const { mtimeNs } = world.fs.stat('/disk/run');
    await world.snapshot({ tags: ['first'] });
    world.put({ run: 'changed' });
    world.fs.setMode('/disk/run', 0o640);
    await world.snapshot();
    await revert(world);
    const stat = world.fs.stat('/disk/run');
    assert.deepEqual([stat.mode, stat.mtimeNs], [0o750, mtimeNs]);
    const { newChunks } = await world.snapshot();
    assert.equal(newChunks, 0);
  });

  test('only the paths given, with the directories that lead there', async () => {
    const world = await twoStates();
    const { told } = await revert(world, { paths: ['a', 'd/e'] });
    assert.deepEqual(told, ['changed a', 'changed d/e', 'added d/e/f']);
    const tree = world.tree('/disk');
    assert.deepEqual(
      [tree['a'], tree['d/e/f'], tree['d/b'], tree['gone']],
      ['a1', 'f1', 'b2', undefined],
    );
    world.fs.removeTree('/disk/d');
    await revert(world, { paths: ['d/e/f'] });
    assert.equal(world.tree('/disk')['d/e/f'], 'f1');
    assert.equal(world.tree('/disk')['d/b'], undefined);
    await unchanged(world);
    await rejects('VAULT_NOT_FOUND', () => revert(world, { paths: ['never'] }));
    await rejects('VAULT_NOT_FOUND', () => revert(world, { at: 'no such tag' }));
  });

  test('records edits that were not, and keeps them', async () => {
    const world = await twoStates();
    world.put({ a: 'not recorded', extra: 'not recorded either' });
    const { recorded, before } = await revert(world);
    assert.equal(recorded, 2);
    assert.deepEqual(world.tree('/disk'), firstState);
    assert.equal(await contentAt(world, 'a', before ?? ''), 'not recorded');
    assert.equal(await contentAt(world, 'extra', before ?? ''), 'not recorded either');
    await unchanged(world);
  });

  test('a dry run says the same as the run, and changes nothing', async () => {
    const world = await twoStates();
    world.put({ a: 'not recorded', 'd/new': 'n' });
    const before = world.tree('/disk');
    world.environment.onStoreWrite = () => assert.fail('something was written');
    const dry = await revert(world, { dryRun: true });
    world.environment.onStoreWrite = () => undefined;
    assert.deepEqual(world.tree('/disk'), before);
    const real = await revert(world);
    assert.deepEqual(dry.told, real.told);
    assert.deepEqual(
      { ...dry, told: [], before: null, seconds: 0 },
      { ...real, told: [], before: null, seconds: 0 },
    );
  });

  test('files that were moved since are back, whole directories too', async () => {
    const world = await World.make();
    world.put({ 'd/a': 'content of a', 'd/b': 'content of b', x: 'x', y: 'y' });
    const before = world.tree('/disk');
    await world.snapshot({ tags: ['first'] });
    world.fs.rename('/disk/d', '/disk/moved');
    world.fs.rename('/disk/x', '/disk/moved/x');
    await world.snapshot({ tags: ['second'] });
    const after = world.tree('/disk');
    for (const [at, tree] of [
      ['first', before],
      ['second', after],
      ['first', before],
    ] as const) {
      await revert(world, { at });
      assert.deepEqual(world.tree('/disk'), tree);
      await unchanged(world);
      world.fs.removeTree('/out');
      await world.restore();
      assert.deepEqual(world.tree('/out'), tree, 'what is recorded is what is there');
    }
  });

  test('takes no snapshot where the last one holds the state, nor where nothing changes', async () => {
    const world = await twoStates();
    const last = await world.snapshot();
    const { before } = await revert(world);
    assert.equal(before, last.snapshot);
    await world.snapshot({ tags: ['again'] });
    const nothing = await revert(world, { at: 'again' });
    assert.deepEqual([nothing.told, nothing.changed], [[], 0]);
  });

  test('where a content is missing nothing at all is changed', async () => {
    const losing = await LosingWorld.make();
    const { world } = losing;
    world.put({ a: 'a1', b: 'b1' });
    await world.snapshot({ tags: ['first'] });
    world.put({ a: 'a2', b: 'b2' });
    await world.snapshot({ tags: ['second'] });
    losing.lose(1);
    for (const dryRun of [true, false]) {
      const error = await rejects('VAULT_CHUNK_MISSING', () => revert(world, { dryRun }));
      assert.match(error.message, /^1 files? cannot be given: nothing was changed$/);
      assert.deepEqual(world.tree('/disk'), { a: 'a2', b: 'b2' });
    }
    await revert(world, { paths: ['a'] });
    assert.deepEqual(world.tree('/disk'), { a: 'a1', b: 'b2' });
  });

  test('a directory that holds what is not recorded stays, and so does what is in the way', async () => {
    const world = await World.make();
    await world.in((vault) =>
      vault.folderRemove({ folder: 'disk', yes: true }, operationContext()),
    );
    const excludes = { patterns: ['*.o'], caches: false, ifPresent: [], oneFileSystem: false };
    await world.in((vault) =>
      vault.folderAdd({ path: '/disk', exclude: excludes.patterns }, operationContext()),
    );
    world.put({ a: 'a1', 'b.o': 'ignored' });
    await world.snapshot({ tags: ['first'] });
    world.put({ 'build/x.c': 'c', 'build/x.o': 'o' });
    await world.snapshot();
    const dry = await revert(world, { dryRun: true });
    const { skipped, warnings, told } = await revert(world);
    assert.deepEqual([dry.skipped, dry.warnings, dry.told], [skipped, warnings, told]);
    assert.equal(skipped, 1);
    assert.deepEqual(warnings, ['build: left as it is: it holds what is not recorded']);
    assert.deepEqual(world.tree('/disk'), {
      a: 'a1',
      'b.o': 'ignored',
      'build/': '',
      'build/x.o': 'o',
    });
    await unchanged(world);
  });
});

/** Calls `act` once, when the given call is made for the n-th time on a path that fits. */
function onCall(
  calls: { act: ((call: MemoryCall, path: string) => void) | undefined },
  wanted: MemoryCall,
  fits: (path: string) => boolean,
  act: () => void,
): void {
  calls.act = (call, path) => {
    if (call !== wanted || !fits(path)) return;
    calls.act = undefined;
    act();
  };
}

describe('an edit that races with revert', () => {
  async function racing(): Promise<{
    world: World;
    calls: { act: ((call: MemoryCall, path: string) => void) | undefined };
  }> {
    const calls: { act: ((call: MemoryCall, path: string) => void) | undefined } = {
      act: undefined,
    };
    const world = await World.make({ beforeCall: (call, path) => calls.act?.(call, path) });
    world.put({ a: 'a1', b: 'b1' });
    await world.snapshot({ tags: ['first'] });
    world.put({ a: 'a2', b: 'b2' });
    await world.snapshot({ tags: ['second'] });
    return { world, calls };
  }

  const overwrite = (world: World, path: string, text: string): void => {
    const file = world.fs.open(path, { mode: 'write' });
    file.truncate(0);
    file.write(utf8(text), 0);
    file.close();
  };
  const replace = (world: World, path: string, text: string): void => {
    const file = world.fs.open(`${path}~`, { mode: 'create' });
    file.write(utf8(text), 0);
    file.close();
    world.fs.rename(`${path}~`, path);
  };

  for (const [how, edit] of Object.entries({ 'in place': overwrite, 'by a rename': replace })) {
    test(`before the file is moved aside, ${how}: refused, and left as it is`, async () => {
      const { world, calls } = await racing();
      onCall(
        calls,
        'rename',
        (path) => path.endsWith('/a'),
        () => {
          world.environment.clock.advance(5);
          edit(world, '/disk/a', 'an edit');
        },
      );
      const { skipped, warnings } = await revert(world);
      assert.equal(skipped, 1);
      assert.match(warnings.join(), /a: left as it is: it was changed just now/);
      assert.deepEqual(world.tree('/disk'), { a: 'an edit', b: 'b1' });
      await world.snapshot({ tags: ['after'] });
      assert.equal(await contentAt(world, 'a', 'after'), 'an edit');
    });
  }

  test('the name is taken while the file is aside: the newcomer stays', async () => {
    const { world, calls } = await racing();
    onCall(
      calls,
      'link',
      (path) => path.endsWith('/a'),
      () => replace(world, '/disk/a', 'an edit'),
    );
    const { skipped, warnings } = await revert(world);
    assert.equal(skipped, 1);
    assert.match(warnings.join(), /a: left as it is: something appeared there just now/);
    assert.deepEqual(world.tree('/disk'), { a: 'an edit', b: 'b1' });
  });

  test('through a handle that was open before: recorded below the new version', async () => {
    const { world, calls } = await racing();
    const held = world.fs.open('/disk/a', { mode: 'write' });
    onCall(
      calls,
      'link',
      (path) => path.endsWith('/b'),
      () => {
        world.environment.clock.advance(5);
        held.write(utf8('late'), 0);
        held.close();
      },
    );
    const { recorded, changed, warnings } = await revert(world);
    assert.deepEqual([recorded, changed], [1, 2]);
    assert.match(warnings.join(), /a: was edited meanwhile: that is recorded, too/);
    assert.deepEqual(world.tree('/disk'), { a: 'a1', b: 'b1' });
    await unchanged(world);
    const context = operationContext();
    await world.in((vault) => vault.verify({ folders: [], read: true }, context));
    // The edit is a version between the two.
    const undone = await passingTime(
      world.environment.clock,
      world.in((vault) =>
        vault.undo({ folder: 'disk', paths: ['a'], cwd: '/' }, operationContext()),
      ),
    );
    assert.equal(undone.changed, 1);
    assert.equal(world.tree('/disk')['a'], 'a2');
  });

  test('a parent that becomes a symlink leads nowhere', async () => {
    const { world, calls } = await racing();
    world.put({ 'd/x': 'x1' });
    await world.snapshot({ tags: ['third'] });
    world.put({ 'd/x': 'x2' });
    await world.snapshot();
    world.fs.makeDirectories('/elsewhere');
    onCall(
      calls,
      'takeOver',
      () => true,
      () => {
        world.fs.rename('/disk/d', '/moved');
        world.fs.makeSymlink('/elsewhere', '/disk/d');
      },
    );
    await revert(world, { at: 'third', paths: ['d'] });
    assert.deepEqual(world.tree('/elsewhere'), {});
    assert.deepEqual(world.tree('/moved'), { x: 'x1' });
  });

  test('every name of a file that has several is brought back', async () => {
    const world = await World.make();
    world.put({ a: 'first', b: 'first', 'd/c': 'first' });
    await world.snapshot({ tags: ['first'] });
    world.put({ a: 'linked' });
    for (const name of ['b', 'd/c']) {
      world.fs.removeFile(`/disk/${name}`);
      world.fs.link('/disk/a', `/disk/${name}`);
    }
    const { changed, skipped, warnings } = await revert(world);
    assert.deepEqual([changed, skipped, warnings], [3, 0, []]);
    assert.deepEqual(world.tree('/disk'), { a: 'first', b: 'first', 'd/': '', 'd/c': 'first' });
    await unchanged(world);
  });

  test('without hard links a placeholder keeps the place', async () => {
    const { world, calls } = await racing();
    calls.act = (call, path) => {
      if (call === 'link') throw new FileError('EPERM', 'link', path);
    };
    await revert(world);
    assert.deepEqual(world.tree('/disk'), { a: 'a1', b: 'b1' });
    calls.act = undefined;
    await unchanged(world);
    const first = { left: 1 };
    calls.act = (call, path) => {
      if (call === 'link') throw new FileError('EPERM', 'link', path);
      if (call === 'open' && path.endsWith('/a') && !path.includes('/new/') && first.left-- === 0) {
        world.fs.removeTree('/disk/a');
      }
    };
    await revert(world, { at: 'second' });
    calls.act = undefined;
    assert.equal(world.tree('/disk')['b'], 'b2');
  });

  test('a file that cannot be read is not known to be stored, and left', async () => {
    const { world, calls } = await racing();
    let opened = 0;
    calls.act = (call, path) => {
      if (
        call === 'open' &&
        path.endsWith('/a') &&
        path.startsWith('/.held/') &&
        !path.includes('new')
      ) {
        opened++;
        throw new FileError('EACCES', 'open', path);
      }
    };
    const { errors } = await revert(world);
    calls.act = undefined;
    assert.ok(opened > 0);
    assert.equal(errors, 1);
    assert.deepEqual(world.tree('/disk'), { a: 'a2', b: 'b1' });
  });
});
