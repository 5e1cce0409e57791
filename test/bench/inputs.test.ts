import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { countFiles } from '../../bench/harness/disk-usage.ts';
import { runCommand } from '../../bench/harness/measure.ts';
import { Alternatives } from '../../bench/inputs/alternatives.ts';
import { countTables, databasesFor, makeManyTables } from '../../bench/inputs/many-tables.ts';
import { writeMixedTree } from '../../bench/inputs/mixed-tree.ts';
import { writeRandomFile } from '../../bench/inputs/random-file.ts';
import { treeOf } from '../../bench/inputs/unpack.ts';
import { LevelChunkStore } from '../../src/store/level-chunk-store.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { skipUnless } from '../helpers/requires.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const { signal } = new AbortController();

describe('inputs of the benchmark', () => {
  test('bytes inserted into a random file move what follows, and change nothing else', (t) => {
    const directory = tempDir(t);
    const [plain, changed] = [join(directory, 'plain'), join(directory, 'changed')];
    const size = 1024 * 1024 + 17;
    const at = 700_001;
    writeRandomFile(plain, { seed: 'a', size });
    writeRandomFile(changed, { seed: 'a', size, inserted: { at, bytes: Buffer.from('five!') } });
    const before = readFileSync(plain);
    const after = readFileSync(changed);
    assert.equal(before.length, size);
    assert.deepEqual(after.subarray(0, at), before.subarray(0, at));
    assert.equal(after.toString('latin1', at, at + 5), 'five!');
    assert.deepEqual(after.subarray(at + 5), before.subarray(at));
  });

  test('seeds make different bytes', (t) => {
    const directory = tempDir(t);
    for (const seed of ['a', 'b']) writeRandomFile(join(directory, seed), { seed, size: 64 });
    assert.notDeepEqual(readFileSync(join(directory, 'a')), readFileSync(join(directory, 'b')));
  });

  test('a mixed tree is the same each time, with at least one file of a kind', (t) => {
    const directory = tempDir(t);
    const kinds = [
      { directory: 'photos', extension: 'jpg', files: 7, least: 90, most: 99, text: false },
      { directory: 'mail', extension: 'mbox', files: 1, least: 2e6, most: 3e6, text: true },
    ];
    for (const name of ['one', 'other']) writeMixedTree(join(directory, name), 0.3, kinds);
    const read = (name: string): Buffer[] =>
      ['photos/000/00000.jpg', 'photos/000/00001.jpg', 'mail/000/00000.mbox'].map((path) =>
        readFileSync(join(directory, name, path)),
      );
    assert.deepEqual(read('one'), read('other'));
    assert.equal(countFiles(join(directory, 'one')).files, 3);
    const [photo, , mail] = read('one');
    assert.ok(photo !== undefined && photo.length >= 90 && photo.length < 99);
    assert.ok(mail !== undefined && mail.length >= 2e6 && mail.length < 3e6);
    assert.match(mail.toString('latin1'), /^[a-z \n]+$/);
  });

  test('alternatives come and go by renaming, and none is lost', (t) => {
    const directory = tempDir(t);
    const paths = ['a', 'b'].map((name) => join(directory, name));
    for (const path of paths) writeFileSync(path, path);
    const place = join(directory, 'place');
    const alternatives = new Alternatives(place, paths);
    for (const index of [1, 1, 0, 1, 0]) {
      alternatives.show(index);
      assert.equal(readFileSync(place, 'utf8'), paths[index]);
      assert.equal(existsSync(paths[1 - index] ?? ''), true);
    }
    assert.throws(() => alternatives.show(2), RangeError);
  });

  test('files are counted with their bytes, symlinks are not, and absence is nothing', (t) => {
    const directory = tempDir(t);
    mkdirSync(join(directory, 'below'));
    writeFileSync(join(directory, 'below', 'a'), 'abc');
    writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0xff])]), '12');
    symlinkSync('below/a', join(directory, 'link'));
    assert.deepEqual(countFiles(directory), { files: 2, bytes: 5 });
    assert.deepEqual(countFiles(join(directory, 'below', 'a')), { files: 1, bytes: 3 });
    assert.deepEqual(countFiles(join(directory, 'absent')), { files: 0, bytes: 0 });
  });

  test('a tree is a directory as it is, or the one directory of an archive', async (t) => {
    if (!skipUnless(t, { programs: ['tar'] })) return;
    const directory = tempDir(t);
    const source = join(directory, 'source-1.0');
    mkdirSync(source);
    writeFileSync(join(source, 'file'), 'content');
    assert.deepEqual(await treeOf(source, join(directory, 'unused'), signal), {
      name: 'source-1.0',
      path: source,
    });
    const archive = join(directory, 'source.tar');
    const args = ['-cf', archive, '-C', directory, 'source-1.0'];
    await runCommand({ program: 'tar', args, env: {} }, signal);
    const { name, path } = await treeOf(archive, join(directory, 'into'), signal);
    assert.equal(name, 'source.tar');
    assert.equal(path, join(directory, 'into', 'source-1.0'));
    assert.equal(readFileSync(join(path, 'file'), 'utf8'), 'content');
  });

  test('many tables are spread over databases as the store would', () => {
    assert.deepEqual(databasesFor(200_000), { databases: 25, each: 8000 });
    assert.deepEqual(databasesFor(8192), { databases: 1, each: 8192 });
    assert.deepEqual(databasesFor(8193), { databases: 2, each: 4097 });
  });

  test('a store made of many tables opens as sound, keeps them, and takes more', async (t) => {
    const path = join(tempDir(t), 'store');
    await makeManyTables(path, 1500, signal, 600);
    assert.equal(countTables(path), 1500);
    const store = await LevelChunkStore.open(realFileSystem(), path);
    try {
      assert.equal(store.repaired, false);
      const seq = (await store.lastSeq()) + 1;
      assert.equal(seq, 1500);
      await store.write({ puts: [{ seq, value: new Uint8Array([7]) }] }, { sync: false });
      await store.barrier();
      assert.deepEqual(await store.get(seq), new Uint8Array([7]));
      assert.equal(countTables(path), 1500 + 1);
    } finally {
      await store.close();
    }
  });
});
