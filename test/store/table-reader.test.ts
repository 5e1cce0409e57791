import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { LevelChunkStore } from '../../src/store/level-chunk-store.ts';
import type { TableFile } from '../../src/store/table-file.ts';
import { TableIndexes, TableReader } from '../../src/store/table-reader.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { putsOf, valueOf } from '../contracts/chunk-store.ts';
import { runSeed, seededRandom } from '../helpers/seeded.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const real = realFileSystem();
const unsynced = { sync: false };
const VALUES = 1200;

/** Bytes of the value under `seq`: small ones share blocks, large ones exceed a window. */
function lengthOf(seq: number): number {
  if (seq % 400 === 399) return 400_000;
  return seq % 3 === 0 ? 40 : 3000;
}

/** A store of several databases with many tables. */
async function filled(t: TestContext): Promise<LevelChunkStore> {
  const store = await LevelChunkStore.open(real, `${tempDir(t)}/chunks`, {
    databaseBytes: 1_500_000,
  });
  t.after(() => store.close());
  for (let from = 0; from < VALUES; from += 100) {
    const puts = Array.from({ length: 100 }, (_, at) => ({
      seq: from + at,
      value: valueOf(from + at, lengthOf(from + at)),
    }));
    await store.write({ puts }, unsynced);
    if (from % 300 === 0) await store.barrier();
  }
  return store;
}

function reader(t: TestContext, tables: readonly TableFile[]): TableReader {
  const made = new TableReader(real, new TableIndexes());
  t.after(() => made.close());
  made.add(tables);
  return made;
}

test('every value is found in the tables, in any order', async (t) => {
  const store = await filled(t);
  const tables = await store.tables('all');
  assert.ok(tables.length > 3, `${tables.length} tables`);
  const values = reader(t, tables);
  const seed = runSeed();
  const numbers = new DataView(seededRandom(seed).bytes(4 * VALUES).buffer);
  for (let at = 0; at < VALUES; at++) {
    for (const seq of [at, numbers.getUint32(4 * at) % VALUES]) {
      const value = values.value(seq);
      assert.ok(value && Buffer.from(value).equals(valueOf(seq, lengthOf(seq))), `${seed}: ${seq}`);
    }
  }
  assert.equal(values.value(VALUES), undefined);
  assert.equal(values.value(-1), undefined);
});

test('what is not in a table yet, or was deleted there, is not found', async (t) => {
  const store = await filled(t);
  const before = await store.tables('all');
  await store.write({ puts: putsOf(VALUES, VALUES + 5, 60), deletes: [] }, unsynced);
  const some = await store.tables('some');
  assert.equal(reader(t, some).value(VALUES), undefined);
  assert.deepEqual(new Set(some.map(({ path }) => path)), new Set(before.map(({ path }) => path)));
  const [whole] = [reader(t, await store.tables('all'))];
  assert.equal(whole.value(VALUES)?.length, 60);
});

test('a table that is gone, cut or no table hides its own values only', async (t) => {
  const store = await filled(t);
  const tables = await store.tables('all');
  await store.close();
  const [gone, cut, foreign, ...rest] = tables.map(({ path }) => path);
  assert.ok(gone && cut && foreign && rest.length > 0);
  rmSync(gone);
  writeFileSync(cut, readFileSync(cut).subarray(0, 100));
  writeFileSync(foreign, Buffer.alloc(5000, 7));
  const values = reader(t, tables);
  let found = 0;
  for (let seq = 0; seq < VALUES; seq++) {
    const value = values.value(seq);
    if (value === undefined) continue;
    found++;
    assert.ok(Buffer.from(value).equals(valueOf(seq, lengthOf(seq))));
  }
  assert.ok(found > 0 && found < VALUES, `${found} found`);
});

test('one wrong bit anywhere is met without a throw', async (t) => {
  const store = await filled(t);
  const tables = await store.tables('all');
  await store.close();
  const seed = runSeed();
  const random = seededRandom(seed);
  const below = (end: number): number => new DataView(random.bytes(4).buffer).getUint32(0) % end;
  const table = tables[1] ?? assert.fail();
  const whole = readFileSync(table.path);
  const path = `${table.path}.copy`;
  let missed = 0;
  for (let round = 0; round < 60; round++) {
    const at = round % 2 === 0 ? below(whole.length) : whole.length - 1 - below(4096);
    const damaged = Buffer.from(whole);
    damaged[at] = (whole[at] ?? 0) ^ (1 << below(8));
    writeFileSync(path, damaged);
    const values = reader(t, [{ ...table, path }]);
    for (let seq = table.first; seq <= table.last; seq += 7) {
      if (values.value(seq)?.length !== lengthOf(seq)) missed++;
    }
  }
  assert.ok(missed > 0, `seed ${seed}: the damage met nothing`);
});
