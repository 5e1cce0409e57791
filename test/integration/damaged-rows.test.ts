import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { chunkKey, metaPrefix } from '../../src/store/meta-keys.ts';
import { randomInteger } from '../../src/system/seeded-random.ts';
import { runSeed, seededRandom } from '../helpers/seeded.ts';
import {
  DamagedHome,
  makeStoredHome,
  type ChunkRowOf,
  type MetaRowOf,
  type StoredHome,
  type StoredRows,
} from './stored-rows.ts';

const seed = runSeed();
const random = seededRandom(`damaged rows ${seed}`);
const below = (limit: number): number => randomInteger(random, limit);

let home: StoredHome;
before(async () => {
  home = await makeStoredHome(seed);
});

interface Lost {
  /** Files of snapshots that were not given back, as `snapshot number: path`. */
  readonly files: readonly string[];
  readonly found: number;
}

/** Opens a home with these rows every way there is and holds what it gives against what was stored. */
async function judge(rows: StoredRows, what: string, verifyFirst: boolean): Promise<Lost> {
  const damaged = new DamagedHome(home, rows);
  const said = (): string => `${what} (seed ${seed})\n${damaged.warnings.slice(0, 20).join('\n')}`;
  const first = verifyFirst ? await damaged.verify(true) : undefined;
  const lost: string[] = [];
  for (const [index, { id, files }] of home.snapshots.entries()) {
    const gave = await damaged.restore(id);
    for (const [path, content] of gave.files) {
      assert.ok(files.get(path) === content, `wrong bytes in ${index}: ${path}\n${said()}`);
    }
    const missing = [...files.keys()].filter((path) => !gave.files.has(path));
    lost.push(...missing.map((path) => `${index}: ${path}`));
    const isWhole = 'result' in gave && gave.result.damaged === 0;
    assert.ok(!isWhole || missing.length === 0, `${missing.join(', ')} is missing\n${said()}`);
    // Where the index was made anew, what a lost entry spoke of is unknown, and may be nothing.
    assert.ok(isWhole || missing.length > 0 || rows.meta.length === 0, `all is there\n${said()}`);
    if ('code' in gave) assert.match(gave.code, damageCodes, `${gave.message}\n${said()}`);
    const listed = await damaged.list(id);
    if ('code' in listed) assert.match(listed.code, damageCodes, `${listed.message}\n${said()}`);
  }
  const listed = await damaged.snapshots();
  if ('code' in listed) assert.match(listed.code, damageCodes, `${listed.message}\n${said()}`);
  const found = first ?? (await damaged.verify(true));
  assert.ok('result' in found, `verify ended with ${JSON.stringify(found)}\n${said()}`);
  if (lost.length > 0) {
    assert.ok(found.result > 0, `verify found nothing, lost: ${lost.join('; ')}\n${said()}`);
    const named = new Set(found.damage.flatMap(({ files }) => files as string[]));
    const isOpen = found.damage.some(({ files }) => (files as string[]).length === 0);
    // Without the index nothing knows all names that a lost entry spoke of.
    const known = rows.meta.length === 0 ? [] : lost;
    for (const path of known.map((text) => text.slice(text.indexOf(' ') + 1))) {
      assert.ok(isOpen || named.has(path), `verify does not name ${path}\n${said()}`);
    }
  }
  const again = await damaged.verify(true);
  assert.equal('result' in again && again.result > 0, found.result > 0, `it changes\n${said()}`);
  const after = await damaged.snapshot();
  assert.ok('result' in after, `the next snapshot ended with ${JSON.stringify(after)}\n${said()}`);
  return { files: lost, found: found.result };
}

const damageCodes = /^VAULT_(DAMAGED|CHUNK_MISSING|CHUNK_CORRUPT)$/;

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy[at] = (copy[at] ?? 0) ^ (1 << below(8));
  return copy;
}

/** Ways a stored value can be damaged; undefined: it is gone. */
const valueDamages: Readonly<Record<string, (value: Uint8Array) => Uint8Array | undefined>> = {
  missing: () => undefined,
  empty: () => new Uint8Array(0),
  'cut to half': (value) => value.slice(0, value.length >> 1),
  longer: (value) => new Uint8Array([...value, 1, 2, 3]),
  'another format': (value) => new Uint8Array([...value.slice(0, 3), 2, ...value.slice(4)]),
  'another type': (value) => new Uint8Array([...value.slice(0, 4), 3, ...value.slice(5)]),
  'a flipped header': (value) => flipped(value, below(76)),
  'a flipped epoch': (value) => flipped(value, 16 + below(16)),
  'a flipped id': (value) => flipped(value, 32 + below(32)),
  'a flipped byte': (value) => flipped(value, 76 + below(value.length - 76)),
};

/** Ways a row of the index can be damaged. */
const rowDamages: Readonly<Record<string, (row: MetaRowOf) => MetaRowOf | undefined>> = {
  missing: () => undefined,
  'a flipped value': ({ key, value }) =>
    value.length === 0 ? undefined : { key, value: flipped(value, below(value.length)) },
  'a flipped key': ({ key, value }) => ({ key: flipped(key, below(key.length)), value }),
  'no value': ({ key }) => ({ key, value: new Uint8Array(0) }),
};

/** Each of `rows` once, or in a long run in each way there is. */
function cases<R, K extends string>(
  rows: readonly R[],
  ways: readonly K[],
  most: number,
): { row: R; way: K }[] {
  const all = rows.flatMap((row) => ways.map((way) => ({ row, way })));
  if (process.env['VAULT_SLOW'] === '1') return all;
  for (let at = all.length - 1; at > 0; at--) {
    const other = below(at + 1);
    [all[at], all[other]] = [all[other] as (typeof all)[0], all[at] as (typeof all)[0]];
  }
  return all.slice(0, most);
}

const typeOf = (value: Uint8Array): string =>
  ['?', 'chunk', 'node', 'entry', 'page', 'head'][value[4] ?? 0] ?? '?';

async function judgeValue(row: ChunkRowOf, way: string, withoutMeta: boolean): Promise<void> {
  const value = valueDamages[way]?.(row.value);
  const chunks = home.rows.chunks.flatMap((other) =>
    other.seq === row.seq ? (value === undefined ? [] : [{ seq: row.seq, value }]) : [other],
  );
  const what = `${typeOf(row.value)} ${row.seq} of ${home.rows.chunks.length}: ${way}`;
  const rows = { chunks, meta: withoutMeta ? [] : home.rows.meta };
  await judge(rows, withoutMeta ? `${what}, without meta/` : what, below(2) === 0);
}

describe('damage to what a folder has stored', () => {
  test('a home without damage gives everything back', async () => {
    const { files, found } = await judge(home.rows, 'nothing', false);
    assert.deepEqual({ files, found }, { files: [], found: 0 });
  });

  test('any damaged value costs only the files that need it', async () => {
    for (const { row, way } of cases(home.rows.chunks, Object.keys(valueDamages), 40)) {
      await judgeValue(row, way, false);
    }
  });

  test('every log value may be damaged in every way', async () => {
    const log = home.rows.chunks.filter(({ value }) => (value[4] ?? 0) >= 3);
    for (const { row, way } of cases(log, Object.keys(valueDamages), 40)) {
      await judgeValue(row, way, false);
    }
  });

  test('a damaged value beside a lost index never brings back older content', async () => {
    for (const { row, way } of cases(home.rows.chunks, Object.keys(valueDamages), 40)) {
      await judgeValue(row, way, true);
    }
  });

  test('any damaged row of the index costs nothing', async () => {
    for (const { row, way } of cases(home.rows.meta, Object.keys(rowDamages), 40)) {
      const changed = rowDamages[way]?.(row);
      const meta = home.rows.meta.filter((other) => other !== row);
      if (changed !== undefined) meta.push(changed);
      const what = `row ${Buffer.from(row.key).toString('hex')}: ${way}`;
      const rows = { chunks: home.rows.chunks, meta };
      const { files, found } = await judge(rows, what, true);
      assert.deepEqual({ files, found }, { files: [], found: 0 }, `${what} (seed ${seed})`);
    }
  });

  test('every kind of row but those of chunks may be lost as a whole', async () => {
    for (const [name, prefix] of Object.entries(metaPrefix)) {
      const meta = home.rows.meta.filter(({ key }) => key[0] !== prefix);
      const what = `all rows of kind ${name}`;
      const { files, found } = await judge({ ...home.rows, meta }, what, below(2) === 0);
      assert.deepEqual({ files, found }, { files: [], found: 0 }, `${what} (seed ${seed})`);
    }
  });

  test('a row whose key now looks like that of a chunk is no lost chunk', async () => {
    const meta = home.rows.meta.map((row) =>
      row.key.length > 33
        ? { ...row, key: Uint8Array.of(metaPrefix.chunk, ...row.key.subarray(1)) }
        : row,
    );
    assert.ok(home.rows.meta.some(({ key }) => key.length > 33));
    const { files, found } = await judge({ ...home.rows, meta }, 'keys that changed kind', true);
    assert.deepEqual({ files, found }, { files: [], found: 0 });
  });

  test('a row that leads to another sound value is mended by verify', async () => {
    const chunks = home.rows.chunks.filter(({ value }) => (value[4] ?? 0) <= 2);
    const [one, other] = [chunks[1], chunks[2]];
    assert.ok(one && other);
    const rowOf = (value: Uint8Array): Uint8Array => chunkKey(value.slice(32, 64));
    const isRow = (row: MetaRowOf, value: Uint8Array): boolean =>
      Buffer.compare(row.key, rowOf(value)) === 0;
    const wrong = home.rows.meta.find((row) => isRow(row, other.value));
    assert.ok(wrong);
    const meta = home.rows.meta.map((row) =>
      isRow(row, one.value) ? { key: row.key, value: wrong.value } : row,
    );
    const { files, found } = await judge({ ...home.rows, meta }, 'a row that leads astray', true);
    assert.deepEqual({ files, found }, { files: [], found: 0 });
  });
});
