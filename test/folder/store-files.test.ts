import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toHex, utf8 } from '../../src/bytes.ts';
import type { Manifest } from '../../src/chunking/manifest.ts';
import { contentCodec } from '../../src/folder/content-codec.ts';
import { contentPieces } from '../../src/folder/content-pieces.ts';
import { ValueSource } from '../../src/folder/value-source.ts';
import type { StoreFilesOutput } from '../../src/folder/store-files.ts';
import type { ValuesQuestion } from '../../src/folder/value-source.ts';
import { rejects } from '../helpers/rejects.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { put, sampleSecrets, TaskWorld } from './task-world.ts';

const secrets = sampleSecrets('task world');

function manifestOf(file: StoreFilesOutput['files'][number] | undefined): Manifest {
  assert.ok(file && (file.status === 'stored' || file.status === 'unstable'), file?.status);
  return file.manifest;
}

async function contentOf(world: TaskWorld, manifest: Manifest): Promise<Buffer> {
  const source = new ValueSource(await contentCodec(secrets), {
    ask: (question) => Promise.resolve(world.answerValues(question as ValuesQuestion)),
  });
  const parts: Buffer[] = [];
  let end = 0;
  for await (const { offset, plain } of contentPieces(manifest, source)) {
    assert.equal(offset, end);
    end += plain.length;
    parts.push(Buffer.from(plain));
  }
  return Buffer.concat(parts);
}

describe('storeFiles', () => {
  test('any content comes back, whatever its length', async () => {
    const world = new TaskWorld(secrets);
    const { min, average, max } = secrets.params;
    const lengths = [0, 1, min - 1, min, min + 1, average, max, max + 1, 3_000_000];
    const contents = lengths.map((length) => seededRandom(`content ${length}`).bytes(length));
    contents.forEach((content, at) => put(world.fs, `/f${at}`, content));
    const stored = await world.store(...contents.map((_, at) => `/f${at}`));
    for (const [at, file] of stored.entries()) {
      const manifest = manifestOf(file);
      assert.equal(file.status, 'stored');
      assert.equal(manifest.size, lengths[at]);
      if (manifest.size <= min) assert.equal(manifest.depth, 0);
      if (manifest.size > max) assert.notEqual(manifest.depth, 0);
      assert.ok((await contentOf(world, manifest)).equals(contents[at] ?? new Uint8Array(0)));
    }
  });

  test('what is stored already is neither sealed nor handed over again', async () => {
    const world = new TaskWorld(secrets);
    const content = seededRandom('same').bytes(400_000);
    put(world.fs, '/one', content);
    put(world.fs, '/two', content);
    const [one] = await world.store('/one');
    const before = [...world.values].map(([id, value]) => [id, toHex(value)]);
    const [two] = await world.store('/two');
    assert.deepEqual(manifestOf(two), manifestOf(one));
    assert.deepEqual(
      [...world.values].map(([id, value]) => [id, toHex(value)]),
      before,
    );
  });

  test('a run of zeros is one chunk', async () => {
    const world = new TaskWorld(secrets);
    const file = world.fs.open('/zeros', { mode: 'create' });
    file.truncate(200 * 1024 * 1024);
    file.close();
    const [stored] = await world.store('/zeros');
    assert.equal(manifestOf(stored).size, 200 * 1024 * 1024);
    assert.ok(world.values.size < 6, `${world.values.size} values`);
  });

  test('the trouble of one file stops no other', async () => {
    const world = new TaskWorld(secrets);
    put(world.fs, '/good', utf8('good'));
    put(world.fs, '/locked', utf8('locked'));
    put(world.fs, '/rotten', utf8('rotten'));
    world.fs.makeDirectory('/directory');
    world.fs.makeSymlink('/good', '/link');
    world.fs.makeOther('/fifo');
    world.broken.set('open /locked', 'EACCES');
    world.broken.set('file.read /rotten', 'EIO');
    const stored = await world.store(
      '/none',
      '/good/below',
      '/locked',
      '/rotten',
      '/directory',
      '/link',
      '/fifo',
      '/good',
    );
    assert.deepEqual(
      stored.map((file) =>
        file.status === 'unreadable' ? `unreadable ${file.code}` : file.status,
      ),
      [
        'vanished',
        'vanished',
        'unreadable EACCES',
        'unreadable EIO',
        'not-a-file',
        'not-a-file',
        'not-a-file',
        'stored',
      ],
    );
    assert.equal((await contentOf(world, manifestOf(stored[7]))).toString(), 'good');
  });

  test('a file that changes while it is read is read again', async () => {
    const world = new TaskWorld(secrets);
    put(world.fs, '/busy', utf8('before'));
    let reads = 0;
    world.meanwhile.set('file.read /busy', () => {
      if (reads++ > 0) return;
      world.clock.advance(5);
      const file = world.fs.open('/busy', { mode: 'write' });
      file.write(utf8('after!'), 0);
      file.close();
    });
    const [stored] = await world.store('/busy');
    assert.equal(stored?.status, 'stored');
    assert.equal((await contentOf(world, manifestOf(stored))).toString(), 'after!');
  });

  test('a file that never stands still is stored as it was last read, and marked', async () => {
    const world = new TaskWorld(secrets);
    put(world.fs, '/busy', utf8('0'));
    let reads = 0;
    world.meanwhile.set('file.read /busy', () => {
      world.clock.advance(5);
      const file = world.fs.open('/busy', { mode: 'write' });
      file.write(utf8(String(++reads)), 0);
      file.close();
    });
    const [stored] = await world.store('/busy');
    assert.equal(stored?.status, 'unstable');
    assert.equal(manifestOf(stored).size, 1);
    assert.ok(reads >= 3);
  });

  test('a file that grew past one chunk after it was opened is stored whole', async () => {
    const world = new TaskWorld(secrets);
    const grown = seededRandom('grown').bytes(secrets.params.min + 50);
    put(world.fs, '/growing', utf8('x'));
    let once = true;
    world.meanwhile.set('file.read /growing', () => {
      if (!once) return;
      once = false;
      const file = world.fs.open('/growing', { mode: 'write' });
      file.write(grown, 0);
      file.close();
    });
    const [stored] = await world.store('/growing');
    assert.ok((await contentOf(world, manifestOf(stored))).equals(grown));
  });

  test('many small files cost few questions', async () => {
    const world = new TaskWorld(secrets);
    const paths = Array.from({ length: 64 }, (_, at) => `/f${at}`);
    paths.forEach((path) => put(world.fs, path, utf8(path)));
    await world.store(...paths);
    assert.deepEqual(world.asked, [64]);
  });

  test('a caller that fails ends the task, and the next one works', async () => {
    const world = new TaskWorld(secrets);
    put(world.fs, '/large', seededRandom('large').bytes(3_000_000));
    await assert.rejects(
      world.pool.run(
        'storeFiles',
        { secrets: 'folder', paths: ['/large'] },
        { ask: () => Promise.reject(new Error('no more')) },
      ),
      /no more/,
    );
    const [stored] = await world.store('/large');
    assert.equal((await contentOf(world, manifestOf(stored))).length, 3_000_000);
  });

  test('folders whose chunks differ in length share a worker', async () => {
    const world = new TaskWorld(secrets);
    const small = { ...secrets.params, min: 4096, average: 16_384, max: 65_536 };
    world.pool.configure('small', { ...sampleSecrets('small'), params: small });
    // Uncut, so that the longest chunks there are come when the batch is nearly full.
    put(world.fs, '/uncut', new Uint8Array(1_200_000).fill(0x55));
    const paths = Array.from({ length: 13 }, (_, at) => `/f${at}`);
    for (const path of paths) put(world.fs, path, seededRandom(path).bytes(secrets.params.min));
    const run = (name: string): Promise<unknown> =>
      world.pool.run(
        'storeFiles',
        { secrets: name, paths: [...paths, '/uncut'] },
        { ask: (question) => Promise.resolve(world.answerOutgoing(question as never)) },
      );
    // Two at a time, so that each takes what the other had.
    for (const name of ['small', 'folder']) await Promise.all([run(name), run(name)]);
  });

  test('without the secrets of its folder nothing is stored', async () => {
    const world = new TaskWorld(secrets);
    world.pool.configure('folder', undefined);
    await assert.rejects(world.store('/x'), TypeError);
    world.pool.configure('folder', { ...secrets, epochs: [] });
    await assert.rejects(world.store('/x'), RangeError);
    await world.pool.close();
    await rejects('VAULT_CLOSED', () => world.store('/x'));
  });
});
