import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { LevelChunkStore } from '../../src/store/level-chunk-store.ts';
import { tableValues } from '../../src/store/table-values.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { putsOf, valueOf } from '../contracts/chunk-store.ts';
import { runSeed, seededRandom } from '../helpers/seeded.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const real = realFileSystem();
const unsynced = { sync: false };

interface Row {
  readonly seq: number;
  readonly value: Uint8Array | undefined;
}

/** The rows of a table, their values kept; undefined where it cannot be read as one. */
function rowsOf(path: string): Row[] | undefined {
  const file = real.open(path, { mode: 'read' });
  try {
    const rows = tableValues(file);
    return rows && Array.from(rows, ({ seq, value }) => ({ seq, value: value?.slice() }));
  } finally {
    file.close();
  }
}

async function filled(t: TestContext): Promise<LevelChunkStore> {
  const store = await LevelChunkStore.open(real, `${tempDir(t)}/chunks`, {
    databaseBytes: 400_000,
  });
  t.after(() => store.close());
  await store.write({ puts: putsOf(0, 300, 40) }, unsynced);
  await store.write({ puts: putsOf(300, 310, 100_000) }, unsynced);
  await store.write({ puts: putsOf(310, 400, 5000) }, unsynced);
  return store;
}

test('the tables of a store hold all that was written, block by block', async (t) => {
  const store = await filled(t);
  const tables = await store.tables('all');
  const rows = tables.flatMap(({ path }) => rowsOf(path) ?? assert.fail(path));
  assert.deepEqual(
    rows.map(({ seq }) => seq).toSorted((a, b) => a - b),
    Array.from({ length: 400 }, (_, seq) => seq),
  );
  for (const { seq, value } of rows) {
    assert.deepEqual(value, valueOf(seq, seq < 300 ? 40 : seq < 310 ? 100_000 : 5000));
  }
});

test('what was deleted or written again stands in them beside what it was', async (t) => {
  const store = await filled(t);
  await store.tables('all');
  await store.write({ deletes: [7, 305] }, unsynced);
  await store.write({ puts: [{ seq: 9, value: valueOf(9, 11) }] }, unsynced);
  const found = new Map<number, (number | undefined)[]>();
  for (const { path } of await store.tables('all')) {
    for (const { seq, value } of rowsOf(path) ?? []) {
      found.set(seq, [...(found.get(seq) ?? []), value?.length]);
    }
  }
  assert.ok(found.get(7)?.includes(undefined));
  assert.ok(found.get(305)?.includes(undefined));
  assert.ok(found.get(9)?.includes(11));
  assert.deepEqual(found.get(8), [40]);
});

test('one wrong bit costs the rows of one block at most, and disturbs no order', async (t) => {
  const store = await filled(t);
  const tables = await store.tables('all');
  await store.close();
  const seed = runSeed();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const below = (end: number): number =>
    Math.floor((new DataView(random.bytes(4).buffer).getUint32(0) / 2 ** 32) * end);
  let unreadable = 0;
  let costly = 0;
  for (const { path } of tables) {
    const whole = readFileSync(path);
    const sound = new Map(rowsOf(path)?.map(({ seq, value }) => [seq, value]));
    for (let round = 0; round < 100; round++) {
      // Half of the damage goes to where keys, lengths and indexes are.
      const at = round % 2 === 0 ? below(whole.length) : whole.length - 1 - below(4096);
      const damaged = Buffer.from(whole);
      damaged[at] = (whole[at] ?? 0) ^ (1 << below(8));
      writeFileSync(`${path}.copy`, damaged);
      const rows = rowsOf(`${path}.copy`);
      if (rows === undefined) {
        unreadable++;
        continue;
      }
      const message = `seed ${seed}, ${path}, byte ${at}`;
      let before = -1;
      let kept = 0;
      for (const { seq, value } of rows) {
        assert.ok(seq > before, message);
        before = seq;
        const was = sound.get(seq);
        if (was !== undefined && value !== undefined && Buffer.compare(was, value) === 0) kept++;
      }
      if (kept < sound.size) costly++;
      // A block ends behind 4 KiB: some 80 rows of 40 bytes.
      assert.ok(sound.size - kept <= 100, `${message}: ${sound.size - kept} rows lost`);
    }
  }
  assert.ok(unreadable > 0 && costly > 0, `seed ${seed}: the damage met nothing`);
});
