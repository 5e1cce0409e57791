import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { toHex, utf8 } from '../../src/bytes.ts';
import { packFiles, rootsOf, type RestoreFile } from '../../src/folder/packed-files.ts';
import type { RestoredFile, RestoreFilesInput } from '../../src/folder/restore-files.ts';
import type { PlacesQuestion, ValuesQuestion } from '../../src/folder/value-source.ts';
import { LevelChunkStore } from '../../src/store/level-chunk-store.ts';
import type { TableFile } from '../../src/store/table-file.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { put, TaskWorld } from './task-world.ts';

const small = utf8('one chunk');
const medium = seededRandom('medium').bytes(300_000);
const large = seededRandom('large').bytes(3_000_000);

/** Three files whose values lie in a table, and what each question asked for. */
async function tabled(t: TestContext): Promise<{
  world: TaskWorld;
  files: RestoreFile[];
  places: Map<string, number>;
  table: TableFile;
  asked: string[];
  restore: () => Promise<RestoredFile[]>;
}> {
  const world = new TaskWorld();
  for (const path of ['/from', '/to', '/home']) world.fs.makeDirectory(path);
  const files: RestoreFile[] = [];
  for (const [name, content] of Object.entries({ small, medium, large })) {
    put(world.fs, '/from/file', content);
    const [file] = await world.store('/from/file');
    assert.ok(file?.status === 'stored');
    files.push({ name, manifest: file.manifest, mtimeNs: 0n, executable: false });
  }
  const store = await LevelChunkStore.open(realFileSystem(), `${tempDir(t)}/chunks`);
  const puts = [...world.values.values()].map((value, seq) => ({ seq, value }));
  const places = new Map([...world.values.keys()].map((id, seq) => [id, seq]));
  await store.write({ puts }, { sync: false });
  const [only, ...more] = await store.tables('all');
  await store.close();
  assert.ok(only !== undefined && more.length === 0);
  put(world.fs, '/home/table', readFileSync(only.path));
  const table = { ...only, path: '/home/table' };
  const asked: string[] = [];
  const placesOf = (ids: readonly Uint8Array[]) => ({
    seqs: Float64Array.from(ids, (id) => places.get(toHex(id)) ?? -1),
    tables: [table],
  });
  const restore = (): Promise<RestoredFile[]> => {
    const input: RestoreFilesInput = {
      secrets: 'folder',
      directories: [{ path: '/to', count: files.length, isNew: true }],
      files: packFiles(files),
      places: placesOf(rootsOf(files)),
      overwrite: 'never',
      verify: false,
    };
    return world.pool.run('restoreFiles', input, {
      ask: async (question) => {
        const { ask, ids } = question as PlacesQuestion | ValuesQuestion;
        asked.push(`${ids.length / 32} ${ask}`);
        if (ask === 'values') return world.answerValues({ ask, ids });
        const list: Uint8Array[] = [];
        for (let at = 0; at < ids.length; at += 32) list.push(ids.subarray(at, at + 32));
        return placesOf(list);
      },
    });
  };
  return { world, files, places, table, asked, restore };
}

function assertRestored({ fs }: TaskWorld): void {
  for (const [name, content] of Object.entries({ small, medium, large })) {
    assert.ok(Buffer.from(fs.readFile(`/to/${name}`)).equals(content), name);
  }
}

const written = ['written', 'written', 'written'];
const statuses = (results: readonly RestoredFile[]): string[] =>
  results.map(({ status }) => status);

test('values are read from their tables, and none is asked for', async (t) => {
  const { world, asked, restore } = await tabled(t);
  assert.deepEqual(statuses(await restore()), written);
  assertRestored(world);
  assert.ok(asked.length > 0);
  assert.deepEqual(
    asked.filter((one) => !one.endsWith('places')),
    [],
  );
});

test('a value that its table does not give is asked for', async (t) => {
  const { world, asked, places, files, restore } = await tabled(t);
  const [first] = rootsOf(files);
  // As if the store had put it elsewhere since, with another value in its place.
  const id = toHex(first ?? assert.fail());
  places.set(id, (places.get(id) ?? 0) + 1);
  for (const other of [...places.keys()].slice(-3)) places.set(other, 1_000_000);
  assert.deepEqual(statuses(await restore()), written);
  assertRestored(world);
  assert.ok(asked.includes('1 values'), asked.join());
});

test('without its table everything is asked for, and what is missing is told', async (t) => {
  const { world, files, table, restore } = await tabled(t);
  world.fs.removeFile(table.path);
  assert.deepEqual(statuses(await restore()), written);
  assertRestored(world);
  for (const { name } of files) world.fs.removeFile(`/to/${name}`);
  world.values.delete(toHex(rootsOf(files)[1] ?? assert.fail()));
  const results = await restore();
  assert.deepEqual(statuses(results), ['written', 'damaged', 'written']);
  assert.match(JSON.stringify(results[1]), /is missing/);
});
