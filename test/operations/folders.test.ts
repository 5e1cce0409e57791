import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { utf8 } from '../../src/bytes.ts';
import { VaultError } from '../../src/errors.ts';
import type {
  FolderAddOptions,
  FolderAddResult,
  FolderResult,
  FolderSetOptions,
} from '../../src/operations/folder-options.ts';
import type { Item } from '../../src/operations/operation.ts';
import { pathFromBytes } from '../../src/path-bytes.ts';
import { FileError } from '../../src/system/file-system.ts';
import { writeFile } from '../helpers/files.ts';
import { rejects } from '../helpers/rejects.ts';
import { operationContext } from '../helpers/test-home.ts';
import { World } from './world.ts';

const add = (world: World, options: FolderAddOptions): Promise<FolderAddResult> =>
  world.in((vault) => vault.folderAdd(options, operationContext()));
const set = (
  world: World,
  settings: FolderSetOptions['settings'],
  folder = 'disk',
): Promise<FolderResult> =>
  world.in((vault) => vault.folderSet({ folder, settings }, operationContext()));

async function list(world: World): Promise<Item[]> {
  const context = operationContext();
  await world.in((vault) => vault.folderList(context));
  return context.items;
}
const names = async (world: World): Promise<unknown[]> =>
  (await list(world)).map(({ name }) => name);

describe('folder add', () => {
  test('a folder is called as its directory is, or as it was said', async () => {
    const world = await World.make();
    world.fs.makeDirectories('/a/photos');
    world.fs.makeDirectories('/b/photos');
    const first = await add(world, { path: '/a/photos/' });
    assert.deepEqual([first.name, first.path], ['photos', '/a/photos']);
    const error = await rejects('VAULT_EXISTS', () => add(world, { path: '/b/photos' }));
    assert.match(error.hint ?? '', /--name/);
    await add(world, { path: '/b/photos', name: 'more photos' });
    assert.deepEqual(await names(world), ['disk', 'more photos', 'photos']);
    world.fs.makeDirectory('/c');
    for (const name of ['', ' x', 'a\nb', 'x'.repeat(256)]) {
      await rejects('VAULT_USAGE', () => add(world, { path: '/c', name }));
    }
  });

  test('a directory whose name is no text needs another', async () => {
    const world = await World.make();
    const path = `/${pathFromBytes(Uint8Array.of(0xff))}`;
    world.fs.makeDirectory(path);
    await rejects('VAULT_USAGE', () => add(world, { path }));
    assert.equal((await add(world, { path, name: 'odd' })).path, path);
  });

  test('a directory that is a folder already is told as such where that is asked for, and stays so', async () => {
    const world = await World.make();
    world.fs.makeDirectories('/a/photos');
    const made = await add(world, { path: '/a/photos', orKnown: true });
    assert.equal(made.known, false);
    await rejects('VAULT_REFUSED', () => add(world, { path: '/a/photos' }));
    for (const options of [{}, { name: 'photos' }]) {
      const again = await add(world, { path: '/a/x/../photos/', orKnown: true, ...options });
      assert.deepEqual(again, { ...made, known: true });
    }
    const renamed = { path: '/a/photos', orKnown: true, name: 'pictures' };
    const error = await rejects('VAULT_EXISTS', () => add(world, renamed));
    assert.match(error.hint ?? '', /folder set photos name=pictures/);
    await rejects('VAULT_REFUSED', () => add(world, { path: '/a', orKnown: true }));
    await rejects('VAULT_NOT_FOUND', () => add(world, { path: '/a/none', orKnown: true }));
    assert.deepEqual(await names(world), ['disk', 'photos']);
    world.fs.removeTree('/a/photos');
    await rejects('VAULT_NOT_FOUND', () => add(world, { path: '/a/photos', orKnown: true }));
  });

  test('of two that are added at once at one place, one is', async () => {
    const world = await World.make();
    world.fs.makeDirectory('/photos');
    await world.in(async (vault) => {
      const twice = (options: FolderAddOptions): Promise<PromiseSettledResult<FolderAddResult>[]> =>
        Promise.allSettled(
          [options, options].map((one) => vault.folderAdd(one, operationContext())),
        );
      const [first, second] = await twice({ path: '/photos', name: 'a' });
      assert.deepEqual([first?.status, second?.status], ['fulfilled', 'rejected']);
      const known = await twice({ path: '/photos', orKnown: true });
      assert.deepEqual(
        known.map((one) => one.status === 'fulfilled' && one.value.known),
        [true, true],
      );
    });
    assert.deepEqual(await names(world), ['a', 'disk']);
  });

  test('the path is kept as it really is', async () => {
    const world = await World.make();
    world.fs.makeDirectories('/real/inner');
    world.fs.makeSymlink('/real', '/link');
    assert.equal((await add(world, { path: '/link/inner' })).path, '/real/inner');
  });

  test('what overlaps another folder or the home is refused, also through symlinks', async () => {
    const world = await World.make();
    world.fs.makeDirectories('/disk/inner');
    world.fs.makeSymlink('/disk', '/link');
    world.fs.makeSymlink('/home', '/home-link');
    world.fs.makeDirectories('/home/within');
    for (const path of [
      '/disk',
      '/disk/inner',
      '/',
      '/link',
      '/link/inner',
      '/home',
      '/home/within',
      '/home-link',
    ]) {
      await rejects('VAULT_REFUSED', () => add(world, { path, name: `name of ${path}` }));
    }
    world.fs.makeDirectories('/disk2');
    assert.equal((await add(world, { path: '/disk2' })).name, 'disk2');
  });

  test('what is no directory is not found', async () => {
    const world = await World.make();
    writeFile(world.fs, '/file', utf8('x'));
    for (const path of ['/none', '/file', '/file/below']) {
      await rejects('VAULT_NOT_FOUND', () => add(world, { path }));
    }
    assert.deepEqual(await names(world), ['disk']);
  });

  test('cut short anywhere, there is no half folder, and the next one cleans up', async () => {
    for (let cut = 0, isWhole = false; !isWhole; cut += 3) {
      let left = Number.POSITIVE_INFINITY;
      const world = await World.make({
        seed: cut,
        beforeCall(call, path) {
          if (left-- <= 0) throw new FileError('EIO', call, path);
        },
      });
      world.fs.makeDirectories('/other');
      isWhole = await world.in(async (vault) => {
        left = cut;
        const done = await vault.folderAdd({ path: '/other' }, operationContext()).then(
          () => true,
          () => false,
        );
        left = Number.POSITIVE_INFINITY;
        return done;
      });
      const found = await names(world);
      if (!found.includes('other')) await add(world, { path: '/other' });
      assert.deepEqual(await names(world), ['disk', 'other'], `cut at call ${cut}`);
      const there = world.fs.list('/home/folders').map(({ name }) => name);
      assert.equal(there.length, 2, `${there.join(', ')} after a cut at call ${cut}`);
      assert.equal((await world.snapshot({ folders: ['other'] })).files, 0);
    }
  });
});

describe('folder set', () => {
  test('renames and pauses, durably', async () => {
    const world = await World.make();
    const result = await set(world, [
      { key: 'name', value: 'renamed' },
      { key: 'paused', value: 'true' },
    ]);
    assert.equal(result.name, 'renamed');
    const [folder] = await list(world);
    assert.deepEqual([folder?.['name'], folder?.['paused']], ['renamed', true]);
    await set(world, [{ key: 'name', value: 'renamed' }], 'renamed');
    await set(world, [{ key: 'paused', value: 'false' }], 'renamed');
    assert.equal((await list(world))[0]?.['paused'], false);
  });

  test('of several settings all are taken or none', async () => {
    const world = await World.make();
    for (const wrong of [
      { key: 'paused', value: 'maybe' },
      { key: 'colour', value: 'red' },
      { key: 'name', value: '' },
    ]) {
      const error = await rejects('VAULT_USAGE', () =>
        set(world, [{ key: 'name', value: 'other' }, wrong]),
      );
      assert.ok(
        error.message.includes(JSON.stringify(wrong.key === 'colour' ? wrong.key : wrong.value)),
      );
    }
    assert.deepEqual(await names(world), ['disk']);
    world.fs.makeDirectories('/second');
    await add(world, { path: '/second' });
    await rejects('VAULT_EXISTS', () => set(world, [{ key: 'name', value: 'second' }]));
  });
});

describe('folder remove', () => {
  const remove = (
    world: World,
    options: { yes?: boolean; dryRun?: boolean },
    answer?: boolean,
  ): Promise<FolderResult> =>
    world.in((vault) =>
      vault.folderRemove(
        { folder: 'disk', ...options },
        operationContext(answer === undefined ? {} : { answer }),
      ),
    );

  test('asks first, keeps the files, and leaves nothing in the home', async () => {
    const world = await World.make();
    world.put({ a: '1' });
    await world.snapshot();
    await rejects('VAULT_REFUSED', () => remove(world, {}));
    await rejects('VAULT_REFUSED', () => remove(world, {}, false));
    await remove(world, { dryRun: true });
    assert.deepEqual(await names(world), ['disk']);
    await remove(world, {}, true);
    assert.deepEqual(await names(world), []);
    assert.deepEqual(world.fs.list('/home/folders'), []);
    assert.deepEqual(world.tree('/disk'), { a: '1' });
    await rejects('VAULT_NOT_FOUND', () => remove(world, { yes: true }));
  });

  test('a folder that is open is closed first, one that cannot be opened goes too', async () => {
    const world = await World.make();
    await world.in(async (vault) => {
      await vault.snapshot({ folders: [] }, operationContext());
      await vault.folderRemove({ folder: 'disk', yes: true }, operationContext());
      await rejects('VAULT_NOT_FOUND', () => vault.snapshot({ folders: [] }, operationContext()));
    });
    await add(world, { path: '/disk' });
    world.world = {
      ...world.environment,
      openChunks: () => Promise.reject(new VaultError('VAULT_IO', 'broken')),
    };
    await world.in(async (vault) => {
      await rejects('VAULT_IO', () => vault.snapshot({ folders: [] }, operationContext()));
      await vault.folderRemove({ folder: 'disk', yes: true }, operationContext());
    });
    assert.deepEqual(await names(world), []);
  });
});

describe('folder show', () => {
  test('says what is known of a folder, also without opening it', async () => {
    const world = await World.make();
    await world.in((vault) =>
      vault.folderRemove({ folder: 'disk', yes: true }, operationContext()),
    );
    await add(world, { path: '/disk', exclude: ['*.tmp'] });
    const context = operationContext();
    await world.in((vault) => vault.folderShow('disk', context));
    const [item] = context.items;
    assert.deepEqual(
      [item?.['name'], item?.['path'], item?.['excludes'], item?.['epochs']],
      ['disk', '/disk', ['*.tmp'], 1],
    );
    await rejects('VAULT_NOT_FOUND', () => world.in((vault) => vault.folderShow('none', context)));
  });
});

describe('status', () => {
  async function status(
    world: World,
  ): Promise<{ open: boolean; pending: number; folders: Item[]; warnings: string[] }> {
    const context = operationContext();
    const { open, pending } = await world.in((vault) => vault.status({ folders: [] }, context));
    return { open, pending, folders: context.items, warnings: context.warnings };
  }

  test('counts what is not recorded yet', async () => {
    const world = await World.make();
    world.put({ a: '1', 'd/b': '2' });
    const before = await status(world);
    assert.deepEqual([before.open, before.pending], [true, 3]);
    await world.snapshot();
    const after = await status(world);
    assert.deepEqual([after.open, after.pending, after.folders[0]?.['problems']], [false, 0, []]);
    world.put({ a: 'changed', c: 'new' });
    world.fs.removeTree('/disk/d');
    assert.equal((await status(world)).pending, 3);
  });

  test('a folder that is not there is a problem, and the others are told of', async () => {
    const world = await World.make();
    world.fs.makeDirectories('/other');
    await add(world, { path: '/other' });
    world.fs.removeTree('/disk');
    const { open, folders } = await status(world);
    assert.equal(open, true);
    assert.deepEqual(
      folders.map(({ name }) => name),
      ['disk', 'other'],
    );
    assert.match(String(folders[0]?.['problems']), /is not there/);
    assert.deepEqual(folders[1]?.['problems'], []);
  });

  test('a folder whose store cannot be opened is a problem, and the others are told of', async () => {
    const world = await World.make();
    world.fs.makeDirectories('/other');
    await add(world, { path: '/other' });
    let opened = 0;
    world.world = {
      ...world.environment,
      openChunks: (path) =>
        opened++ === 0
          ? Promise.reject(new VaultError('VAULT_IO', 'a broken store'))
          : world.environment.openChunks(path),
    };
    const { open, folders } = await status(world);
    assert.deepEqual([open, folders.length], [true, 2]);
    assert.deepEqual(folders[0]?.['problems'], ['a broken store']);
  });

  test('a device key inside the home is warned of', async () => {
    const { warnings } = await status(await World.make());
    assert.equal(warnings.filter((text) => text.includes('device key')).length, 1);
  });

  test('an interrupt ends it as one', async () => {
    const world = await World.make();
    const controller = new AbortController();
    controller.abort();
    await rejects('VAULT_INTERRUPTED', () =>
      world.in((vault) =>
        vault.status({ folders: [] }, operationContext({ signal: controller.signal })),
      ),
    );
  });
});
