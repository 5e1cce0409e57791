import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deferred } from '../../src/async.ts';
import { utf8 } from '../../src/bytes.ts';
import { VaultError } from '../../src/errors.ts';
import { createHome } from '../../src/home/create-home.ts';
import { FolderSet, isInside, realPathOfMissing } from '../../src/home/folder-set.ts';
import { Home } from '../../src/home/home.ts';
import { addFolder } from '../../src/operations/add-folder.ts';
import type { FolderResult } from '../../src/operations/folder-options.ts';
import type { Session } from '../../src/operations/session.ts';
import { writeFile } from '../helpers/files.ts';
import { rejects } from '../helpers/rejects.ts';
import { memoryEnvironment, type MemoryEnvironment } from '../helpers/test-environment.ts';

const noWait = { waitMs: 0, signal: new AbortController().signal };

type Opened = Session & { readonly environment: MemoryEnvironment };

async function session(environment = memoryEnvironment()): Promise<Opened> {
  const request = { home: '/home', name: 'node', passphrase: 'secret', deviceKey: undefined };
  await createHome(environment, request, noWait);
  const secret = { kind: 'passphrase', passphrase: 'secret' } as const;
  const home = await Home.open(environment, '/home', () => Promise.resolve(secret), noWait);
  return { environment, home, folders: new FolderSet(environment, home) };
}

function add(opened: Opened, path: string, name?: string): Promise<FolderResult> {
  opened.environment.fileSystem.makeDirectories(path);
  return addFolder(opened, { path, ...(name === undefined ? {} : { name }) });
}

describe('FolderSet', () => {
  test('folders are listed by name', async () => {
    const opened = await session();
    for (const name of ['b', 'a', 'c']) await add(opened, `/disk/${name}`);
    const { folders, unreadable } = opened.folders.list();
    assert.deepEqual(
      folders.map(({ state }) => state.name),
      ['a', 'b', 'c'],
    );
    assert.deepEqual(unreadable, []);
  });

  test('a folder is found by name, id, unique prefix and any path inside its working copy', async () => {
    const opened = await session();
    const photos = await add(opened, '/disk/photos');
    await add(opened, '/disk/notes');
    const { folders, environment } = opened;
    const { fileSystem } = environment;
    fileSystem.makeDirectories('/disk/photos/2026');
    fileSystem.makeSymlink('/disk/photos/2026', '/year');
    for (const [argument, cwd] of [
      ['photos', '/'],
      [photos.folder, '/'],
      [photos.folder.slice(0, 8), '/'],
      ['/disk/photos', '/'],
      ['/disk/photos/', '/'],
      ['/disk/photos/2026', '/'],
      ['/disk/photos/not/there', '/'],
      ['/year', '/'],
      ['2026', '/disk/photos'],
      ['.', '/disk/photos/2026'],
      ['..', '/disk/photos/2026'],
      ['../notes/../photos', '/disk/notes'],
    ] as const) {
      assert.equal(folders.find(argument, cwd).id, photos.folder, `${argument} in ${cwd}`);
    }
  });

  test('what fits no folder or several is said, with the folders there are', async () => {
    const opened = await session();
    const none = await rejects('VAULT_NOT_FOUND', () => opened.folders.find('x', '/'));
    assert.match(none.hint ?? '', /no folders yet/);
    const { folder } = await add(opened, '/disk/photos');
    for (const argument of [
      'photo',
      '/disk',
      '/disk/photos2',
      '/',
      folder.slice(0, 3),
      `${folder}0`,
    ]) {
      const error = await rejects('VAULT_NOT_FOUND', () => opened.folders.find(argument, '/'));
      assert.match(error.hint ?? '', /photos/);
    }
  });

  test('a name counts before an id that begins so', async () => {
    const opened = await session();
    const first = await add(opened, '/disk/one', 'one');
    const prefix = first.folder.slice(0, 6);
    const second = await add(opened, '/disk/two', prefix);
    assert.equal(opened.folders.find(prefix, '/').id, second.folder);
    assert.equal(opened.folders.find(first.folder.slice(0, 7), '/').id, first.folder);
  });

  test('a prefix of several ids is refused', async () => {
    const opened = await session();
    for (let at = 0; at < 3; at++) await add(opened, `/disk/${at}`, `folder ${at}`);
    const list = opened.folders.list();
    const same = list.folders.map((folder) => ({ ...folder, id: `abcd${folder.id.slice(4)}` }));
    opened.folders.list = () => ({ folders: same, unreadable: [] });
    await rejects('VAULT_USAGE', () => opened.folders.find('abcd', '/'));
    assert.equal(opened.folders.find(same[1]?.id ?? '', '/').id, same[1]?.id);
  });

  test('a folder that cannot be read is named and hides no other', async () => {
    const opened = await session();
    await add(opened, '/disk/good');
    const { fileSystem } = opened.environment;
    for (const name of ['none', 'damaged']) fileSystem.makeDirectories(`/home/folders/${name}`);
    for (const copy of ['a', 'b']) {
      writeFile(fileSystem, `/home/folders/damaged/folder.${copy}`, utf8('nonsense'));
    }
    for (const name of ['half.new', 'gone.removed'])
      fileSystem.makeDirectories(`/home/folders/${name}`);
    writeFile(fileSystem, '/home/folders/stray', utf8('a file'));
    const { folders, unreadable } = opened.folders.list();
    assert.deepEqual(
      folders.map(({ state }) => state.name),
      ['good'],
    );
    assert.deepEqual([...unreadable].sort(), ['damaged', 'none']);
  });

  test('a home that lost its directory of folders is damaged, not empty', async () => {
    const opened = await session();
    opened.environment.fileSystem.removeTree('/home/folders');
    await rejects('VAULT_DAMAGED', () => opened.folders.list());
  });

  test('a folder is opened once, and again after it was released', async () => {
    const opened = await session();
    await add(opened, '/disk/photos');
    const listed = opened.folders.find('photos', '/');
    const [first, second] = await Promise.all([
      opened.folders.open(listed),
      opened.folders.open(listed),
    ]);
    assert.equal(first, second);
    await opened.folders.release(listed.id);
    await opened.folders.release(listed.id);
    assert.notEqual(await opened.folders.open(listed), first);
    await opened.folders.close();
    await opened.folders.close();
  });

  test('a folder that could not be opened can be tried again', async () => {
    const environment = memoryEnvironment();
    let failing = false;
    const world = {
      ...environment,
      openChunks: (path: string) =>
        failing
          ? Promise.reject(new VaultError('VAULT_IO', 'broken'))
          : environment.openChunks(path),
    };
    const opened = await session(world);
    await add(opened, '/disk/photos');
    const listed = opened.folders.find('photos', '/');
    failing = true;
    await rejects('VAULT_IO', () => opened.folders.open(listed));
    await opened.folders.close();
    failing = false;
    assert.equal((await opened.folders.open(listed)).name, 'photos');
    await opened.folders.close();
  });

  test('on a full disk the reserve is given up so that a folder opens', async () => {
    const environment = memoryEnvironment();
    let full = false;
    const world = {
      ...environment,
      openMeta: (path: string) =>
        full && environment.fileSystem.statIfPresent('/home/reserve') !== undefined
          ? Promise.reject(new VaultError('VAULT_NO_SPACE', 'full'))
          : environment.openMeta(path),
    };
    const opened = await session(world);
    await add(opened, '/disk/photos');
    full = true;
    assert.equal((await opened.folders.open(opened.folders.find('photos', '/'))).name, 'photos');
    assert.equal(environment.fileSystem.statIfPresent('/home/reserve'), undefined);
    await opened.folders.close();
  });

  test('closing closes every folder, also where one fails to, and tells', async () => {
    const opened = await session();
    await add(opened, '/disk/one');
    await add(opened, '/disk/two');
    const [one, two] = await Promise.all(
      opened.folders.list().folders.map((folder) => opened.folders.open(folder)),
    );
    assert.ok(one && two);
    const close = one.close.bind(one);
    one.close = async () => {
      await close();
      throw new VaultError('VAULT_IO', 'cannot close');
    };
    await rejects('VAULT_IO', () => opened.folders.close());
    await rejects('VAULT_CLOSED', () => two.store.meta.get(Uint8Array.of(1)));
  });
});

describe('realPathOfMissing', () => {
  test('what exists is resolved, what does not is kept', () => {
    const { fileSystem } = memoryEnvironment();
    fileSystem.makeDirectories('/real/inner');
    fileSystem.makeSymlink('/real', '/link');
    writeFile(fileSystem, '/real/file', utf8(''));
    for (const [given, expected] of [
      ['/', '/'],
      ['', '/'],
      ['//', '/'],
      ['/link', '/real'],
      ['/link/inner/', '/real/inner'],
      ['/link/none/deeper', '/real/none/deeper'],
      ['/link/../none', '/none'],
      ['/link/./inner', '/real/inner'],
      ['/none/../../link', '/real'],
      ['/real/file/below', '/real/file/below'],
    ] as const) {
      assert.equal(realPathOfMissing(fileSystem, given), expected, given);
    }
  });
});

describe('isInside', () => {
  test('a directory holds itself and what is below it, and no name that only begins like it', () => {
    for (const [path, directory, expected] of [
      ['/a', '/a', true],
      ['/a/b', '/a', true],
      ['/ab', '/a', false],
      ['/', '/a', false],
      ['/a', '/', true],
      ['/', '/', true],
    ] as const) {
      assert.equal(isInside(path, directory), expected, `${path} in ${directory}`);
    }
  });

  test('what changes a folder waits for what was asked for before, other folders do not', async () => {
    const opened = await session();
    const { folders } = opened;
    const order: string[] = [];
    const first = deferred<void>();
    const before = folders.inOrder('a', async () => {
      await first.promise;
      order.push('first');
      throw new Error('the first fails');
    });
    const after = folders.inOrder('a', () => Promise.resolve(order.push('second')));
    await folders.inOrder('b', () => Promise.resolve(order.push('other')));
    first.resolve();
    await assert.rejects(before, /the first fails/);
    await after;
    assert.deepEqual(order, ['other', 'first', 'second']);
  });

  test('a folder that was listed before it changed is opened as it is now', async () => {
    const opened = await session();
    const { folder } = await add(opened, '/disk/plans');
    const listed = opened.folders.find(folder, '/');
    (await opened.folders.open(listed)).update({ name: 'notes' });
    await opened.folders.release(folder);
    assert.equal((await opened.folders.open(listed)).name, 'notes');
    await opened.folders.release(folder);
    opened.environment.fileSystem.removeTree(listed.root);
    await rejects('VAULT_NOT_FOUND', () => opened.folders.open(listed));
    await opened.folders.close();
  });
});
