import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toHex, utf8 } from '../../src/bytes.ts';
import { packFiles, type RestoreFile } from '../../src/folder/packed-files.ts';
import { temporaryName, type RestoreFilesInput } from '../../src/folder/restore-files.ts';
import { isTemporaryName } from '../../src/folder/look.ts';
import { pathFromBytes } from '../../src/path-bytes.ts';
import { describeTree } from '../helpers/file-system-tree.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { put, TaskWorld } from './task-world.ts';

const MTIME = 1_700_000_000_123_456_789n;

/** A world in which these contents are stored, and `/to` is empty. */
async function stored(
  contents: Readonly<Record<string, Uint8Array>>,
): Promise<{ world: TaskWorld; files: RestoreFile[] }> {
  const world = new TaskWorld();
  world.fs.makeDirectory('/from');
  world.fs.makeDirectory('/to');
  const files: RestoreFile[] = [];
  for (const [name, content] of Object.entries(contents)) {
    put(world.fs, '/from/file', content);
    const [file] = await world.store('/from/file');
    assert.ok(file?.status === 'stored');
    files.push({ name, manifest: file.manifest, mtimeNs: MTIME, executable: false });
  }
  return { world, files };
}

const text = (world: TaskWorld, path: string): string =>
  Buffer.from(world.fs.readFile(path)).toString();
const statuses = (results: readonly { readonly status: string }[]): string[] =>
  results.map(({ status }) => status);
const names = (world: TaskWorld): string[] => world.fs.list('/to').map(({ name }) => name);

describe('restoreFiles', () => {
  test('content, time and the executable bit come back, under names that are no text too', async () => {
    const odd = pathFromBytes(Buffer.from([0xff, 0x20, 0xfe]));
    const large = seededRandom('large').bytes(2_500_000);
    const { world, files } = await stored({
      a: utf8('content'),
      empty: utf8(''),
      [odd]: utf8('odd'),
      large,
    });
    const results = await world.restore(
      files.map((file) => ({ ...file, executable: file.name === 'a' })),
    );
    assert.deepEqual(statuses(results), ['written', 'written', 'written', 'written']);
    assert.equal(text(world, '/to/a'), 'content');
    assert.equal(text(world, '/to/empty'), '');
    assert.equal(text(world, `/to/${odd}`), 'odd');
    assert.ok(Buffer.from(world.fs.readFile('/to/large')).equals(large));
    assert.deepEqual(
      [world.fs.stat('/to/a').mode, world.fs.stat('/to/empty').mode],
      [0o755, 0o644],
    );
    for (const { name } of files) assert.equal(world.fs.stat(`/to/${name}`).mtimeNs, MTIME);
    assert.deepEqual(names(world).filter(isTemporaryName), []);
  });

  test('runs of zeros are not written but left as holes', async () => {
    const content = new Uint8Array(1_000_000);
    content.set(utf8('start'));
    content.set(utf8('middle'), 500_000);
    const { world, files } = await stored({
      sparse: content,
      zeros: new Uint8Array(700_000),
      tail: new Uint8Array(5000).fill(1, 0, 10),
    });
    assert.deepEqual(statuses(await world.restore(files, { verify: true })), [
      'written',
      'written',
      'written',
    ]);
    assert.ok(Buffer.from(world.fs.readFile('/to/sparse')).equals(content));
    assert.ok(world.fs.stat('/to/sparse').allocated < 100_000);
    assert.equal(world.fs.stat('/to/zeros').size, 700_000);
    assert.ok(world.fs.stat('/to/zeros').allocated <= 4096);
    assert.equal(world.fs.stat('/to/tail').size, 5000);
  });

  test('what is there is kept, replaced where it differs, or always replaced, as asked', async () => {
    for (const [overwrite, expected, left] of [
      ['never', ['kept', 'same', 'kept'], ['other', 'same', 'longer than it']],
      ['if-changed', ['written', 'same', 'written'], ['first', 'same', 'third']],
      ['always', ['written', 'written', 'written'], ['first', 'same', 'third']],
    ] as const) {
      const { world, files } = await stored({
        first: utf8('first'),
        same: utf8('same'),
        third: utf8('third'),
      });
      put(world.fs, '/to/first', utf8('other'));
      put(world.fs, '/to/same', utf8('same'));
      put(world.fs, '/to/third', utf8('longer than it'));
      // As far as file systems keep times: within a microsecond is the same.
      world.fs.setModified('/to/same', MTIME - 999n);
      assert.deepEqual(statuses(await world.restore(files, { overwrite })), expected);
      assert.deepEqual(
        files.map(({ name }) => text(world, `/to/${name}`)),
        left,
      );
    }
  });

  test('a time, a size or an executable bit that differs is a change', async () => {
    const changes: ((world: TaskWorld) => void)[] = [
      ({ fs }) => fs.setModified('/to/f', MTIME + 1000n),
      ({ fs }) => fs.setMode('/to/f', 0o755),
      ({ fs }) => {
        put(fs, '/to/f', utf8('longer'));
        fs.setModified('/to/f', MTIME);
      },
      ({ fs }) => {
        fs.removeFile('/to/f');
        fs.makeSymlink('f', '/to/f');
      },
    ];
    for (const change of changes) {
      const { world, files } = await stored({ f: utf8('f') });
      await world.restore(files);
      assert.deepEqual(statuses(await world.restore(files)), ['same']);
      change(world);
      assert.deepEqual(statuses(await world.restore(files)), ['kept']);
      assert.deepEqual(statuses(await world.restore(files, { overwrite: 'if-changed' })), [
        'written',
      ]);
      assert.deepEqual(statuses(await world.restore(files)), ['same']);
    }
  });

  test('a symlink in the way is replaced and never followed', async () => {
    const { world, files } = await stored({ f: utf8('new') });
    put(world.fs, '/outside', utf8('theirs'));
    world.fs.makeSymlink('/outside', '/to/f');
    assert.deepEqual(statuses(await world.restore(files)), ['kept']);
    assert.deepEqual(statuses(await world.restore(files, { overwrite: 'always' })), ['written']);
    assert.equal(text(world, '/outside'), 'theirs');
    assert.equal(world.fs.stat('/to/f').kind, 'file');
  });

  test('a directory in the way is never removed', async () => {
    const { world, files } = await stored({ f: utf8('new'), g: utf8('g') });
    world.fs.makeDirectories('/to/f/inner');
    for (const overwrite of ['never', 'if-changed', 'always'] as const) {
      const [first, second] = await world.restore(files, { overwrite });
      assert.deepEqual(first, { status: 'failed', message: 'a directory is in the way' });
      assert.notEqual(second?.status, 'failed');
    }
    assert.equal(world.fs.stat('/to/f/inner').kind, 'directory');
  });

  test('what a killed run left under a temporary name is taken over, also where that is a trap', async () => {
    const { world, files } = await stored({ f: utf8('whole') });
    put(world.fs, `/to/${temporaryName('f')}`, utf8('half of something longer'));
    assert.deepEqual(statuses(await world.restore(files)), ['written']);
    assert.equal(text(world, '/to/f'), 'whole');
    world.fs.removeFile('/to/f');
    put(world.fs, '/outside', utf8('theirs'));
    world.fs.makeSymlink('/outside', `/to/${temporaryName('f')}`);
    assert.deepEqual(statuses(await world.restore(files)), ['written']);
    assert.equal(text(world, '/outside'), 'theirs');
    assert.deepEqual(names(world), ['f']);
  });

  test('a missing or damaged chunk costs its file and nothing else, and leaves what was there', async () => {
    for (const damage of ['missing', 'flipped', 'another'] as const) {
      const { world, files } = await stored({
        one: utf8('one'),
        two: seededRandom('two').bytes(900_000),
        three: utf8('three'),
      });
      put(world.fs, '/to/two', utf8('older'));
      const before = text(world, '/to/two');
      const victims = [...world.values]
        .filter(([, value]) => value.length > 20_000)
        .map(([id]) => id);
      const id = victims[2] ?? '';
      const value = world.values.get(id) ?? new Uint8Array(0);
      if (damage === 'missing') world.values.delete(id);
      if (damage === 'flipped') value[500] = (value[500] ?? 0) ^ 1;
      if (damage === 'another') world.values.set(id, world.values.get(victims[1] ?? '') ?? value);
      const results = await world.restore(files, { overwrite: 'always' });
      assert.deepEqual(statuses(results), ['written', 'damaged', 'written'], damage);
      assert.match(JSON.stringify(results[1]), new RegExp(id));
      assert.equal(text(world, '/to/two'), before);
      assert.deepEqual(names(world).filter(isTemporaryName), []);
    }
  });

  test('a damaged node costs its file', async () => {
    const { world, files } = await stored({ large: seededRandom('large').bytes(2_000_000) });
    const root = files[0]?.manifest.root;
    assert.ok(root);
    world.values.delete(toHex(root));
    const [result] = await world.restore(files);
    assert.equal(result?.status, 'damaged');
    assert.deepEqual(names(world), []);
  });

  test('a manifest that lies about its size is damage', async () => {
    const { world, files } = await stored({
      small: utf8('small'),
      large: seededRandom('large').bytes(500_000),
    });
    const lying = files.map((file) => ({
      ...file,
      manifest: { ...file.manifest, size: file.manifest.size + 1 },
    }));
    assert.deepEqual(statuses(await world.restore(lying)), ['damaged', 'damaged']);
    assert.deepEqual(names(world), []);
  });

  test('a place that cannot be written costs its file', async () => {
    const { world, files } = await stored({ a: utf8('a'), b: utf8('b') });
    world.broken.set(`open /to/${temporaryName('a')}`, 'EACCES');
    const [first, second] = await world.restore(files);
    assert.deepEqual(first, { status: 'failed', message: 'EACCES' });
    assert.equal(second?.status, 'written');
  });

  test('a full disk ends the run, with nothing half written', async () => {
    for (const code of ['ENOSPC', 'EDQUOT']) {
      const { world, files } = await stored({ a: utf8('a') });
      world.broken.set(`file.write /to/${temporaryName('a')}`, code);
      await assert.rejects(world.restore(files), new RegExp(code));
      assert.deepEqual(describeTree(world.fs, '/to'), {});
    }
  });

  test('what reads back differently is not given its name', async () => {
    const { world, files } = await stored({ a: utf8('sound') });
    const temporary = `/to/${temporaryName('a')}`;
    world.meanwhile.set(`file.read ${temporary}`, () => {
      const file = world.fs.open(temporary, { mode: 'write' });
      file.write(utf8('x'), 0);
      file.close();
    });
    assert.deepEqual(statuses(await world.restore(files)), ['written']);
    world.fs.removeFile('/to/a');
    const [result] = await world.restore(files, { verify: true });
    assert.ok(result?.status === 'damaged' || result?.status === 'failed', result?.status);
    assert.deepEqual(names(world), []);
  });

  test('the caller that gives up ends the task without leaving files', async () => {
    const { world, files } = await stored({ a: utf8('a'), b: seededRandom('b').bytes(3_000_000) });
    const controller = new AbortController();
    let questions = 0;
    const input: RestoreFilesInput = {
      secrets: 'folder',
      directories: [{ path: '/to', count: files.length }],
      files: packFiles(files),
      overwrite: 'never',
      verify: false,
    };
    const running = world.pool.run('restoreFiles', input, {
      signal: controller.signal,
      ask: (question) => {
        if (++questions === 2) controller.abort(new Error('enough'));
        return Promise.resolve(world.answerValues(question as never));
      },
    });
    await assert.rejects(running, /interrupted/);
    await world.pool.close();
    assert.deepEqual(names(world).filter(isTemporaryName), []);
  });
});

describe('temporaryName', () => {
  test('is the same for a name each time, and short for the longest', () => {
    assert.equal(temporaryName('a'), temporaryName('a'));
    assert.notEqual(temporaryName('a'), temporaryName('b'));
    assert.ok(isTemporaryName(temporaryName('x'.repeat(255))));
    assert.ok(temporaryName('x'.repeat(255)).length < 64);
  });
});
