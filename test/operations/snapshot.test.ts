import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { utf8 } from '../../src/bytes.ts';
import { VaultError } from '../../src/errors.ts';
import type { SnapshotResult } from '../../src/operations/whole-folder-options.ts';
import { FileError } from '../../src/system/file-system.ts';
import { writeFile } from '../helpers/files.ts';
import { rejects } from '../helpers/rejects.ts';
import { operationContext } from '../helpers/test-home.ts';
import { World } from './world.ts';

const counted = ({
  files,
  dirs,
  added,
  changed,
  removed,
  unchanged,
  errors,
}: SnapshotResult): object => ({
  files,
  dirs,
  added,
  changed,
  removed,
  unchanged,
  errors,
});
const counts = (
  files: number,
  dirs: number,
  change: {
    added?: number;
    changed?: number;
    removed?: number;
    unchanged?: number;
    errors?: number;
  } = {},
): object => ({
  files,
  dirs,
  added: 0,
  changed: 0,
  removed: 0,
  unchanged: 0,
  errors: 0,
  ...change,
});

describe('snapshot', () => {
  test('counts compare with the snapshot before', async () => {
    const world = await World.make();
    assert.deepEqual(counted(await world.snapshot()), counts(0, 0));
    world.put({ a: '1', 'd/b': '2', 'd/c': '3' });
    world.fs.makeSymlink('a', '/disk/link');
    assert.deepEqual(counted(await world.snapshot()), counts(4, 1, { added: 4 }));
    assert.deepEqual(counted(await world.snapshot()), counts(4, 1, { unchanged: 4 }));
    world.put({ a: 'changed', 'e/new': 'new' });
    world.fs.removeFile('/disk/d/b');
    assert.deepEqual(
      counted(await world.snapshot()),
      counts(4, 2, { added: 1, changed: 1, removed: 1, unchanged: 2 }),
    );
    world.fs.removeTree('/disk/d');
    assert.deepEqual(
      counted(await world.snapshot()),
      counts(3, 1, { removed: 1, unchanged: 2 + 1 }),
    );
  });

  test('a touched file, a chmod and a rewrite of the same bytes are no changes; the executable bit is', async () => {
    const world = await World.make();
    world.put({ a: '1', b: '2', c: '3', d: '4' });
    await world.snapshot();
    world.fs.setModified('/disk/a', 5n);
    world.fs.setMode('/disk/b', 0o600);
    world.put({ c: '3' });
    world.fs.setMode('/disk/d', 0o755);
    assert.deepEqual(counted(await world.snapshot()), counts(4, 0, { changed: 1, unchanged: 3 }));
  });

  test('with --skip-unchanged none is taken where nothing changed', async () => {
    const world = await World.make();
    const first = await world.snapshot({ skipUnchanged: true });
    assert.notEqual(first.snapshot, null, 'the first one is always taken');
    assert.equal((await world.snapshot({ skipUnchanged: true })).snapshot, null);
    world.put({ a: '1' });
    assert.notEqual((await world.snapshot({ skipUnchanged: true })).snapshot, null);
    world.fs.removeFile('/disk/a');
    assert.notEqual((await world.snapshot({ skipUnchanged: true })).snapshot, null);
  });

  test('message, tags and pin are kept', async () => {
    const world = await World.make();
    await world.snapshot({ message: 'first', tags: ['b', 'a', 'b'], pin: true });
    const context = operationContext();
    await world.in((vault) => vault.snapshots({ folders: [] }, context));
    const [item] = context.items;
    assert.deepEqual(
      [item?.['message'], item?.['tags'], item?.['pinned']],
      ['first', ['a', 'b'], true],
    );
  });

  test('what an interrupted run has committed is counted by the next', async () => {
    const world = await World.make();
    world.put({ 'old/a': '1', 'old/b': '2' });
    await world.snapshot();
    world.put(
      Object.fromEntries(
        Array.from({ length: 5000 }, (_, at) => [`new/${at % 50}/${at}`, `${at}`]),
      ),
    );
    world.put({ 'old/a': 'changed' });
    let writes = 0;
    world.environment.onStoreWrite = () => {
      // The second commit of versions does not come through.
      if (++writes > 4) throw new VaultError('VAULT_IO', 'cut');
    };
    await rejects('VAULT_IO', () => world.snapshot());
    world.environment.onStoreWrite = () => undefined;
    const next = await world.snapshot();
    assert.deepEqual(counted(next), counts(5002, 52, { added: 5000, changed: 1, unchanged: 1 }));
    assert.deepEqual(counted(await world.snapshot()), counts(5002, 52, { unchanged: 5002 }));
  });

  test('a run that was given up leaves nothing for the next one to commit', async () => {
    const world = await World.make();
    world.put(
      Object.fromEntries(Array.from({ length: 2500 }, (_, at) => [`f${at}`, `first ${at}`])),
    );
    await world.in(async (vault) => {
      const controller = new AbortController();
      let batches = 0;
      const context = operationContext({ signal: controller.signal });
      const emit = context.emit.bind(context);
      context.emit = (event) => {
        emit(event);
        if (event.type === 'progress' && ++batches === 20) controller.abort(new Error('ctrl-c'));
      };
      await rejects('VAULT_INTERRUPTED', () => vault.snapshot({ folders: [] }, context));
      assert.ok(batches < 40, 'it did not run to its end');
      // The same files with other contents: nothing of the first run may stand beside them.
      for (let at = 0; at < 2500; at++) {
        world.fs.removeFile(`/disk/f${at}`);
        writeFile(world.fs, `/disk/f${at}`, utf8(`second ${at}`));
      }
      world.environment.clock.advance(60_000);
      const result = await vault.snapshot({ folders: [] }, operationContext());
      assert.equal(result.files, 2500);
      await vault.restore({ folder: 'disk', paths: [], cwd: '/', to: '/out' }, operationContext());
      const verified = await vault.verify({ folders: [], read: true }, operationContext());
      assert.equal(verified.damaged, 0);
    });
    assert.deepEqual(world.tree('/out'), world.tree('/disk'), 'no derived copies, no old contents');
  });

  test('chunks that a given-up run had promised are stored by the next one', async () => {
    const world = await World.make();
    const large = 'x'.repeat(10) + Array.from({ length: 300_000 }, (_, at) => at).join(' ');
    world.put({ large, other: 'o' });
    await world.in(async (vault) => {
      const controller = new AbortController();
      const context = operationContext({ signal: controller.signal });
      const { pool } = world.environment;
      const run = pool.run.bind(pool);
      // Gives up right after the first question was answered.
      const answering: typeof pool.run = (task, input, options) =>
        run(task, input, {
          ...options,
          ask: async (question) => {
            const answer = await options?.ask?.(question);
            controller.abort(new Error('ctrl-c'));
            return answer;
          },
        });
      pool.run = answering;
      await rejects('VAULT_INTERRUPTED', () => vault.snapshot({ folders: [] }, context));
      pool.run = run;
      await vault.snapshot({ folders: [] }, operationContext());
      const verified = await vault.verify({ folders: [] }, operationContext());
      assert.equal(verified.damaged, 0);
    });
    await world.restore();
    assert.deepEqual(world.tree('/out'), world.tree('/disk'));
  });

  test('an unreadable file keeps its last version and is an error', async () => {
    let broken = '';
    const world = await World.make({
      beforeCall(call, path) {
        if (path === broken && call === 'open') throw new FileError('EACCES', call, path);
      },
    });
    world.put({ a: '1', b: '2' });
    await world.snapshot();
    world.put({ a: 'changed', b: 'changed' });
    broken = '/disk/a';
    const context = operationContext();
    const result = await world.snapshot({}, context);
    assert.deepEqual(counted(result), counts(2, 0, { changed: 1, unchanged: 1, errors: 1 }));
    assert.deepEqual(context.warnings, ['a: cannot be read: EACCES']);
    await world.restore();
    assert.deepEqual(world.tree('/out'), { a: '1', b: 'changed' });
  });

  test('a time beyond 64 bits of nanoseconds stops nothing', async () => {
    const world = await World.make();
    world.put({ far: 'future', near: 'now' });
    world.fs.makeSymlink('near', '/disk/link');
    world.fs.setModified('/disk/far', 13_569_465_600_000_000_000n);
    world.fs.setModified('/disk/link', 13_569_465_600_000_000_000n);
    assert.equal((await world.snapshot()).errors, 0);
    assert.deepEqual(counted(await world.snapshot()), counts(3, 0, { unchanged: 3 }));
    await world.restore();
    assert.deepEqual(world.tree('/out'), world.tree('/disk'));
  });

  test('many gone names are asked about; refused, nothing is deleted; agreed, they are', async () => {
    const world = await World.make();
    world.put({ a: '1', 'd/b': '2', 'd/c': '3' });
    await world.snapshot();
    world.fs.removeTree('/disk/d');
    world.fs.removeFile('/disk/a');
    world.put({ new: 'n' });
    for (const answer of [undefined, false]) {
      const context = operationContext(answer === undefined ? {} : { answer });
      const error = await rejects('VAULT_REFUSED', () => world.snapshot({}, context));
      assert.match(error.hint ?? '', /--yes/);
    }
    await world.restore();
    assert.deepEqual(Object.keys(world.tree('/out')), ['a', 'd/', 'd/b', 'd/c']);
    const result = await world.snapshot({}, operationContext({ answer: true }));
    assert.equal(result.removed, 3);
    await world.restore({ to: '/after' });
    assert.deepEqual(Object.keys(world.tree('/after')), ['new']);
  });

  test('one folder that cannot be taken is told, and the others are', async () => {
    const world = await World.make();
    world.put({ a: '1' });
    for (const name of ['other', 'third']) {
      world.fs.makeDirectories(`/${name}`);
      await world.in((vault) => vault.folderAdd({ path: `/${name}` }, operationContext()));
    }
    world.fs.removeTree('/other');
    const context = operationContext();
    const result = await world.snapshot({}, context);
    assert.deepEqual([result.folder, result.files], [null, 1]);
    const itemOf = (name: string) => context.items.find((item) => item['name'] === name);
    const [disk, other, third] = [itemOf('disk'), itemOf('other'), itemOf('third')];
    assert.equal((other?.['error'] as { code: string } | undefined)?.code, 'VAULT_REFUSED');
    assert.ok(!('error' in (third ?? {})) && disk?.['files'] === 1);
    // Alone, it is the failure of the command.
    await rejects('VAULT_REFUSED', () => world.snapshot({ folders: ['other'] }));
  });

  test('a folder without a working copy is passed over, but not where it was named', async () => {
    const world = await World.make();
    await world.in((vault) =>
      vault.folderAdd({ path: '/nowhere/stored', storedOnly: true }, operationContext()),
    );
    world.put({ a: '1' });
    assert.equal((await world.snapshot()).files, 1);
    const context = operationContext();
    await rejects('VAULT_USAGE', () => world.snapshot({ folders: ['disk', 'stored'] }, context));
    assert.deepEqual(context.items, [], 'before anything was done');
  });

  test('without any folder there is nothing to take', async () => {
    const world = await World.make();
    await world.in((vault) =>
      vault.folderRemove({ folder: 'disk', yes: true }, operationContext()),
    );
    await rejects('VAULT_NOT_FOUND', () => world.snapshot());
  });
});
