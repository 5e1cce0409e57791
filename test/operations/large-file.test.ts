import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../src/bytes.ts';
import { isTemporaryName } from '../../src/folder/look.ts';
import { rootsOf, type RestoreFile } from '../../src/folder/packed-files.ts';
import type { RestoredFile } from '../../src/folder/restore-files.ts';
import type { ValuesQuestion } from '../../src/folder/value-source.ts';
import { restoreLargeFile, type LargeFileParts } from '../../src/operations/large-file.ts';
import { put, TaskWorld } from '../folder/task-world.ts';
import { seededRandom } from '../helpers/seeded.ts';

const MTIME = 1_700_000_000_000_000_000n;

/** Random bytes, one block again and again, and zeros: chunks, runs of a chunk, and holes. */
const content = Buffer.concat([
  seededRandom('start').bytes(900_000),
  Buffer.alloc(1_500_000, seededRandom('block').bytes(4096)),
  seededRandom('end').bytes(300_000),
  Buffer.alloc(1_000_000),
]);

async function stored(): Promise<{ world: TaskWorld; file: RestoreFile; parts: LargeFileParts }> {
  const world = new TaskWorld();
  world.fs.makeDirectory('/from');
  world.fs.makeDirectory('/to');
  put(world.fs, '/from/file', content);
  const [file] = await world.store('/from/file');
  assert.ok(file?.status === 'stored');
  const parts: LargeFileParts = {
    fileSystem: world.fs,
    pool: world.pool,
    secrets: 'folder',
    overwrite: 'never',
    verify: true,
    partBytes: 250_000,
    places: undefined,
    answer: async (question) => world.answerValues(question as ValuesQuestion),
  };
  const { manifest } = file;
  return { world, file: { name: 'large', manifest, mtimeNs: MTIME, executable: true }, parts };
}

const names = ({ fs }: TaskWorld): string[] => fs.list('/to').map(({ name }) => name);

for (const partBytes of [10_007, 70_001, 250_000, 10_000_000]) {
  test(`a file comes back whole from parts of ${partBytes} bytes`, async () => {
    const { world, file, parts } = await stored();
    const verify = partBytes > 100_000;
    const result = await restoreLargeFile('/to', file, { ...parts, partBytes, verify });
    assert.deepEqual(result, { status: 'written' });
    assert.ok(Buffer.from(world.fs.readFile('/to/large')).equals(content));
    const { size, mtimeNs, mode } = world.fs.stat('/to/large');
    assert.deepEqual([size, mtimeNs, mode], [content.length, MTIME, 0o755]);
    assert.deepEqual(names(world), ['large']);
  });
}

test('what is there already is not touched', async () => {
  const { world, file, parts } = await stored();
  put(world.fs, '/to/large', Buffer.from('mine'));
  assert.deepEqual(await restoreLargeFile('/to', file, parts), { status: 'kept' });
  assert.equal(Buffer.from(world.fs.readFile('/to/large')).toString(), 'mine');
});

test('damage in one part leaves no file and is told', async () => {
  const { world, file, parts } = await stored();
  const [root] = rootsOf([file]).map(toHex);
  const other = [...world.values.keys()].filter((id) => id !== root)[3] ?? assert.fail();
  world.values.delete(other);
  const result = await restoreLargeFile('/to', file, parts);
  assert.equal(result.status, 'damaged');
  assert.deepEqual(names(world), []);
});

test('a full disk is thrown, once no part is being written any more', async () => {
  const { world, file, parts } = await stored();
  let running = 0;
  const answer: LargeFileParts['answer'] = async (question) => {
    running++;
    await Promise.resolve();
    running--;
    return parts.answer(question);
  };
  const temporary = (): string => `/to/${names(world).find(isTemporaryName)}`;
  let calls = 0;
  const failing = restoreLargeFile('/to', file, {
    ...parts,
    answer: async (question) => {
      if (++calls === 4) world.broken.set(`file.write ${temporary()}`, 'ENOSPC');
      return answer(question);
    },
  });
  await assert.rejects(failing, { code: 'ENOSPC' });
  assert.equal(running, 0);
  assert.deepEqual(names(world), []);
});

test('a file that cannot be made is its own trouble', async () => {
  const { file, parts } = await stored();
  const result: RestoredFile = await restoreLargeFile('/nowhere', file, parts);
  assert.deepEqual(result, { status: 'failed', message: 'ENOENT' });
});
