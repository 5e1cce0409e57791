import assert from 'node:assert/strict';
import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import type { VaultError } from '../../src/errors.ts';
import { u64be } from '../../src/bytes.ts';
import { chunkSettings, LevelChunkStore } from '../../src/store/level-chunk-store.ts';
import { LevelDatabase } from '../../src/store/level-database.ts';
import { encodeSpanning, SPANNING_KEY } from '../../src/store/spanning-batch.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { chunkStoreContract, putsOf, seqsOf, valueOf } from '../contracts/chunk-store.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const real = realFileSystem();
const synced = { sync: true };
const unsynced = { sync: false };
const small = { ...chunkSettings, writeBufferSize: 128 * 1024 };

chunkStoreContract('leveldb', async (t) => {
  const store = await LevelChunkStore.open(real, `${tempDir(t)}/chunks`);
  t.after(() => store.close());
  return store;
});

chunkStoreContract('leveldb in many databases', async (t) => {
  const store = await LevelChunkStore.open(real, `${tempDir(t)}/chunks`, { databaseBytes: 5000 });
  t.after(() => store.close());
  return store;
});

const code =
  (wanted: string) =>
  (error: unknown): boolean => {
    assert.equal((error as VaultError).code, wanted, String(error));
    return true;
  };

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, at) => from + at);
}

function databases(path: string): string[] {
  return readdirSync(path).toSorted();
}

test('a new database is begun when the newest is full, and all of them are one store', async (t) => {
  const path = `${tempDir(t)}/chunks`;
  const options = { databaseBytes: 100_000 };
  let store = await LevelChunkStore.open(real, path, options);
  for (let seq = 0; seq < 100; seq += 10) {
    await store.write({ puts: putsOf(seq, seq + 10, 5000) }, unsynced);
  }
  const names = [0, 20, 40, 60, 80].map((first) => first.toString(16).padStart(16, '0'));
  assert.deepEqual(databases(path), names);
  for (let round = 0; round < 2; round++) {
    assert.equal(await store.lastSeq(), 99);
    assert.deepEqual(await seqsOf(store.scan(0)), numbers(0, 100));
    assert.deepEqual(await seqsOf(store.scan(15, 65)), numbers(15, 65));
    assert.deepEqual(
      (await store.getMany([99, 0, 45, 100, 20])).map((value) => value?.[0]),
      [99, 0, 45, 100, 20].map((seq) => (seq < 100 ? valueOf(seq)[0] : undefined)),
    );
    await store.close();
    store = await LevelChunkStore.open(real, path, options);
  }
  await store.write({ puts: [{ seq: 5, value: valueOf(5, 9) }] }, synced);
  assert.deepEqual(await store.get(5), valueOf(5, 9));
  assert.deepEqual(databases(path), names);
  await store.write({ deletes: numbers(30, 100) }, synced);
  assert.equal(await store.lastSeq(), 29);
  await store.write({ puts: putsOf(30, 33) }, synced);
  assert.deepEqual(await seqsOf(store.scan(0)), numbers(0, 33));
  await store.close();
});

test('a batch for several databases is finished by the next opening, and only once', async (t) => {
  const path = `${tempDir(t)}/chunks`;
  const options = { databaseBytes: 1000 };
  const store = await LevelChunkStore.open(real, path, options);
  for (let seq = 0; seq < 6; seq++) {
    await store.write({ puts: putsOf(seq, seq + 1, 1000) }, synced);
  }
  await store.close();
  const newest = databases(path).at(-1) ?? '';
  assert.equal(newest, '0000000000000005');
  const database = await LevelDatabase.open(`${path}/${newest}`, { settings: chunkSettings });
  const row = encodeSpanning([
    { type: 'put', key: u64be(0), value: valueOf(0, 7) },
    { type: 'del', key: u64be(1) },
    { type: 'put', key: u64be(5), value: valueOf(5, 7) },
  ]);
  await database.write([{ type: 'put', key: SPANNING_KEY, value: row }], true);
  await database.close();

  const again = await LevelChunkStore.open(real, path, options);
  assert.deepEqual(await seqsOf(again.scan(0)), [0, 2, 3, 4, 5]);
  assert.deepEqual([(await again.get(0))?.length, (await again.get(5))?.length], [7, 7]);
  await again.write({ puts: putsOf(1, 2), deletes: [0] }, synced);
  await again.close();
  const third = await LevelChunkStore.open(real, path, options);
  assert.deepEqual(await seqsOf(third.scan(0)), [1, 2, 3, 4, 5]);
  assert.equal(third.repaired, false);
  await third.close();
});

test('a damaged row of such a batch is given up and reported', async (t) => {
  const path = `${tempDir(t)}/chunks`;
  const store = await LevelChunkStore.open(real, path);
  await store.write({ puts: putsOf(0, 3) }, synced);
  await store.close();
  const database = await LevelDatabase.open(`${path}/0000000000000000`, {
    settings: chunkSettings,
  });
  const value = new Uint8Array([0x82, 0x01]);
  await database.write([{ type: 'put', key: SPANNING_KEY, value }], true);
  await database.close();
  const again = await LevelChunkStore.open(real, path);
  assert.deepEqual([again.repaired, await seqsOf(again.scan(0))], [true, [0, 1, 2]]);
  await again.close();
  const third = await LevelChunkStore.open(real, path);
  assert.equal(third.repaired, false);
  await third.close();
});

/** An open store of 100 values in blocks and tables of their own; the memory is written out. */
async function storeInTables(t: TestContext): Promise<{ store: LevelChunkStore; files: string[] }> {
  const path = `${tempDir(t)}/chunks`;
  const store = await LevelChunkStore.open(real, path, { settings: small });
  t.after(() => store.close());
  for (let seq = 0; seq < 100; seq++)
    await store.write({ puts: putsOf(seq, seq + 1, 5000) }, unsynced);
  await store.barrier();
  const folder = `${path}/0000000000000000`;
  const names = readdirSync(folder).filter((name) => name.endsWith('.ldb'));
  return { store, files: names.map((name) => `${folder}/${name}`) };
}

/** Gives the block of a value a compression that does not exist, as the open database sees it. */
function spoil(files: readonly string[], seq: number): void {
  for (const file of files) {
    const at = readFileSync(file).indexOf(valueOf(seq, 5000));
    if (at < 0) continue;
    const descriptor = openSync(file, 'r+');
    // Behind the value: one restart offset and their number, then the type.
    writeSync(descriptor, new Uint8Array([7]), 0, 1, at + 5000 + 8);
    closeSync(descriptor);
    return;
  }
  assert.fail(`value ${seq} is in no table`);
}

test('a scan goes on behind values that cannot be read, and says where some are missing', async (t) => {
  const cases: [spoilt: number[], damage: number[]][] = [
    [[10], [9]],
    [[0], [0]],
    [[99], [98]],
    [
      [20, 21, 22, 63, 64],
      [19, 62],
    ],
    [numbers(30, 100), [29]],
    [numbers(0, 100), [0]],
  ];
  for (const [spoilt, wanted] of cases) {
    const { store, files } = await storeInTables(t);
    for (const seq of spoilt) spoil(files, seq);
    const damage: number[] = [];
    const seqs = await seqsOf(store.scan(0, undefined, (after) => damage.push(after)));
    const say = `spoilt ${spoilt.join()}`;
    assert.deepEqual(
      seqs,
      numbers(0, 100).filter((seq) => !spoilt.includes(seq)),
      say,
    );
    assert.deepEqual(damage, wanted, say);
    assert.equal(await store.lastSeq(), seqs.at(-1) ?? -1, say);
    const [first = 0] = spoilt;
    await assert.rejects(store.get(first), code('VAULT_DAMAGED'));
    await assert.rejects(store.getMany([first, 200]), code('VAULT_DAMAGED'));
    assert.deepEqual(await seqsOf(store.scan(0, first)), numbers(0, first), say);
  }
});

test('damage that stops writing is repaired by reopening', async (t) => {
  const { store, files } = await storeInTables(t);
  spoil(files, 50);
  await store.write({ puts: putsOf(100, 101, 5000), deletes: [49] }, synced);
  await assert.rejects(store.compact(0, 101), code('VAULT_DAMAGED'));
  await assert.rejects(store.write({ puts: putsOf(101, 102) }, synced), code('VAULT_DAMAGED'));
  assert.equal(store.repaired, false);
  await store.reopen();
  assert.equal(store.repaired, true);
  await store.write({ puts: putsOf(101, 102) }, synced);
  await store.compact(0, 102);
  const damage: number[] = [];
  const seqs = await seqsOf(store.scan(0, undefined, (after) => damage.push(after)));
  assert.deepEqual(
    seqs,
    numbers(0, 102).filter((seq) => seq !== 50 && seq !== 49),
  );
  assert.deepEqual(damage, []);
});

test('a store that is open is locked', async (t) => {
  const path = `${tempDir(t)}/chunks`;
  const store = await LevelChunkStore.open(real, path);
  await assert.rejects(LevelChunkStore.open(real, path), code('VAULT_LOCKED'));
  await store.write({ puts: putsOf(0, 3) }, synced);
  assert.equal(await store.lastSeq(), 2);
  await store.close();
});

test('reading much does not keep it all mapped, and nothing is lost by letting go', async (t) => {
  const path = `${tempDir(t)}/chunks`;
  const store = await LevelChunkStore.open(real, path);
  t.after(() => store.close());
  for (let seq = 0; seq < 3200; seq += 32) {
    await store.write({ puts: putsOf(seq, seq + 32, 65_536) }, unsynced);
  }
  await store.barrier();
  const before = store.handlesOpened;
  const writing = (async (): Promise<void> => {
    for (let seq = 4000; seq < 4300; seq++) {
      await store.write({ puts: putsOf(seq, seq + 1, 1000) }, { sync: seq % 50 === 0 });
    }
  })();
  const reading = numbers(0, 4).map(async (part) => {
    for (let seq = part * 8; seq + 8 <= 3200; seq += 32) {
      const values = await store.getMany(numbers(seq, seq + 8));
      values.forEach((value, at) => assert.equal(value?.[5], (seq + at + 1) % 251));
    }
  });
  await Promise.all([...reading, writing]);
  assert.deepEqual(await seqsOf(store.scan(0)), [...numbers(0, 3200), ...numbers(4000, 4300)]);
  assert.ok(store.handlesOpened - before >= 4, `${store.handlesOpened - before} handles`);
});
