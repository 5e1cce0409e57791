import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { test, type TestContext } from 'node:test';
import { chunkSettings, LevelChunkStore } from '../../src/store/level-chunk-store.ts';
import { levelState } from '../../src/store/level-manifest.ts';
import { LevelMetaStore, metaSettings } from '../../src/store/level-meta-store.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { putsOf, valueOf } from '../contracts/chunk-store.ts';
import { runSeed, seededRandom } from '../helpers/seeded.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const real = realFileSystem();
const VALUES = 200;
/** More than LevelDB's blocks have: each value gets its own. */
const LENGTH = 5000;
const settings = { ...chunkSettings, writeBufferSize: 256 * 1024 };
const DATABASE = '0000000000000000';

/** A closed store of all values in several tables and a log. */
async function madeStore(t: TestContext): Promise<string> {
  const path = `${tempDir(t)}/chunks`;
  const store = await LevelChunkStore.open(real, path, { settings });
  for (let seq = 0; seq < VALUES; seq += 5) {
    await store.write({ puts: putsOf(seq, seq + 5, LENGTH) }, { sync: false });
    if (seq === 150) await store.barrier();
  }
  await store.close();
  return path;
}

interface Found {
  readonly repaired: boolean;
  readonly good: Set<number>;
  /** Values that are there with other bytes than were written. */
  readonly wrong: number;
  readonly damage: number[];
}

/** What is left, by a scan and by asking for each; then the store must still work. */
async function found(path: string, checkAll = false): Promise<Found> {
  const store = await LevelChunkStore.open(real, path, { settings, checkAll });
  try {
    const good = new Set<number>();
    const damage: number[] = [];
    let wrong = 0;
    for await (const { seq, value } of store.scan(0, undefined, (after) => damage.push(after))) {
      if (seq < VALUES && Buffer.compare(value, valueOf(seq, LENGTH)) === 0) good.add(seq);
      else wrong++;
    }
    for (const seq of good) {
      assert.deepEqual(await store.get(seq), valueOf(seq, LENGTH), `value ${seq} by itself`);
    }
    const next = (await store.lastSeq()) + 1;
    await store.write({ puts: putsOf(next, next + 1) }, { sync: false });
    await store.barrier();
    assert.deepEqual(await store.get(next), valueOf(next));
    await store.write({ deletes: [next] }, { sync: true });
    return { repaired: store.repaired, good, wrong, damage };
  } finally {
    await store.close();
  }
}

function filesOf(path: string): string[] {
  const files = readdirSync(`${path}/${DATABASE}`);
  return files.filter((name) => name !== 'LOCK' && !name.startsWith('LOG'));
}

function asides(path: string): string[] {
  return readdirSync(path).filter((name) => name.includes('damaged'));
}

const table = (name: string): boolean => name.endsWith('.ldb');

/** The values that lie in one file of the store, found by opening the rest without it. */
async function valuesIn(t: TestContext, path: string, name: string): Promise<Set<number>> {
  const copy = `${tempDir(t)}/chunks`;
  cpSync(path, copy, { recursive: true });
  rmSync(`${copy}/${DATABASE}/${name}`);
  const { good } = await found(copy);
  return new Set(Array.from({ length: VALUES }, (_, seq) => seq).filter((seq) => !good.has(seq)));
}

test('an undamaged store is neither repaired nor looked at twice', async (t) => {
  const path = await madeStore(t);
  for (const checkAll of [false, true, false]) {
    const { repaired, good, wrong, damage } = await found(path, checkAll);
    assert.deepEqual([repaired, good.size, wrong, damage], [false, VALUES, 0, []]);
  }
  assert.deepEqual(asides(path), []);
});

test('a missing file costs what only it held, and nothing is thrown away', async (t) => {
  const path = await madeStore(t);
  const files = filesOf(path);
  assert.ok(files.filter(table).length >= 3, files.join());
  for (const name of files) {
    const copy = `${tempDir(t)}/chunks`;
    cpSync(path, copy, { recursive: true, preserveTimestamps: true });
    rmSync(`${copy}/${DATABASE}/${name}`);
    const { repaired, good, wrong } = await found(copy);
    const holds = table(name) || name.endsWith('.log');
    assert.equal(wrong, 0, name);
    if (!holds) assert.equal(good.size, VALUES, name);
    if (table(name)) assert.ok(good.size < VALUES, name);
    assert.ok(good.size > VALUES / 2, `${name}: ${good.size}`);
    assert.equal(repaired, name !== 'CHECKED', name);
    const kept = asides(copy);
    assert.equal(kept.length, repaired ? 1 : 0, name);
    for (const aside of kept) {
      const rest = readdirSync(`${copy}/${aside}`);
      for (const file of files.filter((one) => one !== name)) {
        assert.ok(rest.includes(file), `${name} gone: ${file} is not kept`);
      }
    }
  }
});

test('a damaged file costs at most what it held, whatever the damage', async (t) => {
  const path = await madeStore(t);
  const seed = runSeed();
  const random = seededRandom(seed);
  const number = (below: number): number =>
    Math.floor((new DataView(random.bytes(4).buffer).getUint32(0) / 2 ** 32) * below);
  const damages: [string, (bytes: Buffer) => Buffer][] = [
    ['empty', () => Buffer.alloc(0)],
    ['half', (bytes) => bytes.subarray(0, bytes.length >> 1)],
    ['cut', (bytes) => bytes.subarray(0, number(bytes.length))],
    ['no end', (bytes) => bytes.subarray(0, bytes.length - 1 - number(60))],
    ['garbage', (bytes) => Buffer.from(random.bytes(bytes.length))],
    ['zeros', (bytes) => bytes.fill(0)],
    ['a bit', (bytes) => flip(bytes, number(bytes.length * 8))],
    ['a bit near the end', (bytes) => flip(bytes, bytes.length * 8 - 1 - number(2000))],
    ['a sector', (bytes) => overwrite(bytes, random.bytes(512), number(bytes.length))],
    ['a page', (bytes) => overwrite(bytes, new Uint8Array(4096), number(bytes.length))],
  ];
  for (const name of filesOf(path).filter((one) => one !== 'CHECKED')) {
    const held = table(name) || name.endsWith('.log') ? await valuesIn(t, path, name) : undefined;
    for (const [what, damage] of damages) {
      const copy = `${tempDir(t)}/chunks`;
      cpSync(path, copy, { recursive: true, preserveTimestamps: true });
      const file = `${copy}/${DATABASE}/${name}`;
      writeFileSync(file, damage(readFileSync(file)));
      const { good, wrong } = await found(copy);
      const say = `seed ${seed}: ${what} in ${name}`;
      for (let seq = 0; seq < VALUES; seq++) {
        assert.ok(good.has(seq) || held?.has(seq), `${say} lost value ${seq}`);
      }
      assert.ok(wrong <= (held?.size ?? 0), `${say}: ${wrong} wrong`);
    }
  }
});

function flip(bytes: Buffer, bit: number): Buffer {
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return bytes;
}

function overwrite(bytes: Buffer, by: Uint8Array, at: number): Buffer {
  bytes.set(by.subarray(0, bytes.length - at), at);
  return bytes;
}

test('damage in one block of a table costs the values of that block only', async (t) => {
  const path = await madeStore(t);
  const name = filesOf(path).find(table) ?? '';
  const file = `${path}/${DATABASE}/${name}`;
  const bytes = readFileSync(file);
  // A zeroed key of the second value's block: LevelDB as shipped ends the process over it.
  const second = bytes.indexOf(valueOf(1, LENGTH).subarray(0, 64));
  assert.ok(second > LENGTH);
  bytes.fill(0, second - 24, second + 8);
  writeFileSync(file, bytes);
  const { repaired, good } = await found(path);
  assert.equal(repaired, true);
  assert.deepEqual([good.has(0), good.has(1), good.has(2)], [true, false, true]);
  assert.ok(good.size >= VALUES - 2, `${good.size} values`);
});

test('a table that lost its index gives its values all the same', async (t) => {
  const path = await madeStore(t);
  for (const name of filesOf(path).filter(table)) {
    const file = `${path}/${DATABASE}/${name}`;
    truncateSync(file, statSync(file).size - 48);
  }
  const { repaired, good, wrong } = await found(path);
  assert.deepEqual([repaired, good.size, wrong], [true, VALUES, 0]);
  const again = await found(path);
  assert.deepEqual([again.repaired, again.good.size, again.damage], [false, VALUES, []]);
});

test('a damage that left name, size and time alone is found when all tables are asked for', async (t) => {
  const path = await madeStore(t);
  const name = filesOf(path).find(table) ?? '';
  const file = `${path}/${DATABASE}/${name}`;
  const { atime, mtime } = statSync(file);
  const bytes = readFileSync(file);
  flip(bytes, (bytes.length - 100) * 8);
  writeFileSync(file, bytes, { flag: 'r+' });
  utimesSync(file, atime, mtime);
  const { repaired, good } = await found(path, true);
  assert.deepEqual([repaired, good.size], [true, VALUES]);
});

test('a directory full of garbage becomes an empty store, the garbage kept', async (t) => {
  const path = await madeStore(t);
  for (const name of readdirSync(`${path}/${DATABASE}`)) {
    if (name !== 'LOCK') writeFileSync(`${path}/${DATABASE}/${name}`, 'garbage');
  }
  const { repaired, good, wrong } = await found(path);
  assert.deepEqual([repaired, good.size, wrong], [true, 0, 0]);
  const [aside = ''] = asides(path);
  assert.equal(readFileSync(`${path}/${aside}/CURRENT`, 'utf8'), 'garbage');
});

test('a creation that was cut short leaves no damage behind', async (t) => {
  const path = `${tempDir(t)}/chunks`;
  await (await LevelChunkStore.open(real, path)).close();
  for (const name of ['MANIFEST', 'CURRENT', 'CHECKED']) {
    for (const file of filesOf(path).filter((one) => one.startsWith(name))) {
      writeFileSync(`${path}/${DATABASE}/${file}`, '');
      const { repaired, good } = await found(`${path}`);
      assert.deepEqual([repaired, good.size], [false, 0], file);
      rmSync(path, { recursive: true });
      await (await LevelChunkStore.open(real, path)).close();
    }
  }
});

test('damaged rows of the metadata store never come back: it begins anew and says so', async (t) => {
  const dir = tempDir(t);
  const path = `${dir}/meta`;
  const options = { settings: { ...metaSettings, writeBufferSize: 128 * 1024 } };
  const key = (at: number): Uint8Array =>
    new Uint8Array(Buffer.from(`key ${(at * 7919) % 10_007}`));
  const value = new Uint8Array(Buffer.from('a value that can be told from garbage'));
  const made = await LevelMetaStore.open(real, path, options);
  for (let row = 0; row < 8000; row += 100) {
    const rows = Array.from({ length: 100 }, (_, index) => key(row + index));
    await made.write(
      rows.map((one) => ({ type: 'put', key: one, value })),
      { sync: false },
    );
  }
  await made.close();
  const range = { gte: new Uint8Array(0), lt: new Uint8Array([0xff]) };
  const seed = runSeed();
  const random = seededRandom(seed);
  // A compaction that closing cut short leaves a table that nothing refers to.
  const { tables, logs } = levelState(real, path);
  const needed = readdirSync(path).filter((one) => /^MAN|^CUR/.test(one));
  for (const name of [...needed, ...tables, ...logs]) {
    for (const what of ['bit', 'cut', 'gone', 'sector']) {
      const copy = `${dir}/${name} ${what}`;
      cpSync(path, copy, { recursive: true, preserveTimestamps: true });
      const bytes = readFileSync(`${copy}/${name}`);
      const place = new DataView(random.bytes(4).buffer).getUint32(0) % bytes.length;
      if (what === 'gone') rmSync(`${copy}/${name}`);
      if (what === 'bit') writeFileSync(`${copy}/${name}`, flip(bytes, place * 8));
      if (what === 'cut') truncateSync(`${copy}/${name}`, place);
      if (what === 'sector') {
        writeFileSync(`${copy}/${name}`, overwrite(bytes, random.bytes(512), place));
      }
      const store = await LevelMetaStore.open(real, copy, options);
      let rows = 0;
      for await (const row of store.scan(range)) {
        assert.deepEqual(row.value, value);
        rows++;
      }
      const say = `seed ${seed}: ${what} at ${place} in ${name}`;
      assert.deepEqual([store.repaired, rows], [true, 0], say);
      await store.write([{ type: 'put', key: key(1), value }], { sync: true });
      await store.close();
      assert.ok(existsSync(`${copy}.damaged-1`), say);
    }
  }
});

test('a wrong bit in what fills up the end of a table is damage to the metadata store', async (t) => {
  const path = `${tempDir(t)}/meta`;
  const key = new Uint8Array(Buffer.from('key'));
  const made = await LevelMetaStore.open(real, path);
  await made.write([{ type: 'put', key, value: key }], { sync: true });
  await made.barrier();
  await made.close();
  const name = readdirSync(path).find((one) => one.endsWith('.ldb')) ?? assert.fail('no table');
  const bytes = readFileSync(`${path}/${name}`);
  writeFileSync(`${path}/${name}`, flip(bytes, (bytes.length - 9) * 8));
  const store = await LevelMetaStore.open(real, path);
  t.after(() => store.close());
  assert.ok(store.repaired);
});
