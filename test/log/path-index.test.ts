import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { mapKey, toHex } from '../../src/bytes.ts';
import { LogNumberTable } from '../../src/log/log-numbers.ts';
import { PathIndex, type PathPointer } from '../../src/log/path-index.ts';
import type { Dot } from '../../src/log/types.ts';
import { pathFromBytes } from '../../src/path-bytes.ts';
import { MemoryMetaStore } from '../../src/store/memory-meta-store.ts';
import { metaPrefix } from '../../src/store/meta-keys.ts';
import { namedHex } from '../helpers/log-samples.ts';
import { rejects } from '../helpers/rejects.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { folderKeys } from '../helpers/test-folder.ts';

const logs = ['one', 'two'].map(namedHex);
const ALL = { gte: Uint8Array.of(0), lt: Uint8Array.of(0xff) };
const dot = (seq: number): Dot => ({ log: logs[0] ?? '', seq, index: 0 });

async function index(
  meta = new MemoryMetaStore(),
): Promise<{ meta: MemoryMetaStore; paths: PathIndex }> {
  const numbers = await LogNumberTable.load(meta);
  for (const log of logs) await meta.write(numbers.add(log), { sync: true });
  return { meta, paths: new PathIndex(meta, folderKeys, numbers, seededRandom('path index')) };
}

async function add(
  meta: MemoryMetaStore,
  paths: PathIndex,
  ...pointers: PathPointer[]
): Promise<void> {
  await meta.write(await paths.add(pointers), { sync: true });
  paths.settle();
}

async function rows(meta: MemoryMetaStore): Promise<{ key: Uint8Array; value: Uint8Array }[]> {
  const found = [];
  for await (const row of meta.scan(ALL)) found.push(row);
  return found;
}

const pointerTexts = (
  pointers: readonly { nameKey: Uint8Array; dot: Dot }[] | undefined,
): string[] | undefined =>
  pointers
    ?.map(
      (one) => `${toHex(one.nameKey)} ${logs.indexOf(one.dot.log)} ${one.dot.seq} ${one.dot.index}`,
    )
    .sort();

const names = fc.constantFrom('a', 'b', 'ä', pathFromBytes(Uint8Array.of(0xff)));
const paths = fc
  .tuple(fc.constantFrom('', 'd/', 'd/e/'), names)
  .map(([directory, name]) => directory + name);
const manyPointers = fc.uniqueArray(
  fc.record(
    {
      path: paths,
      dot: fc.record(
        {
          log: fc.constantFrom(...logs),
          seq: fc.constantFrom(0, 1, 2 ** 32, 2 ** 48 - 1),
          index: fc.integer({ min: 0, max: 3 }),
        },
        { noNullPrototype: true },
      ),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 20, selector: ({ path, dot: at }) => `${path} ${at.log} ${at.seq} ${at.index}` },
);

async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe('PathIndex', () => {
  test('gives the dots of one log at one path in either order, from any on', async () => {
    const { meta, paths: where } = await index();
    const [own = '', other = ''] = logs;
    const dots = [1, 2, 300, 2 ** 40].map((seq) => ({ log: own, seq, index: seq % 3 }));
    await add(
      meta,
      where,
      ...dots.toReversed().map((at) => ({ path: 'd/a', dot: at })),
      { path: 'd/a', dot: { log: other, seq: 7, index: 0 } },
      { path: 'd/b', dot: { log: own, seq: 8, index: 0 } },
    );
    const back = await listOf(where.pointersBack('d/a', own));
    assert.deepEqual(back, dots.toReversed());
    assert.deepEqual(await listOf(where.pointersAlong('d/a', own)), dots);
    for (const [at, after] of dots.entries()) {
      const rest = await listOf(where.pointersAlong('d/a', own, after));
      assert.deepEqual(rest, dots.slice(at + 1));
    }
    assert.equal((await listOf(where.pointersBack('d/a', other))).length, 1);
    assert.equal((await listOf(where.pointersBack('d/c', own))).length, 0);
    assert.deepEqual([await where.count('d'), await where.count('e')], [6, 0]);
  });

  test('what is at a path only because it superseded one there is no version of it', async () => {
    const { meta, paths: where } = await index();
    await add(meta, where, { path: 'a', dot: dot(1) });
    await add(meta, where, { path: 'a', dot: dot(2), isElsewhere: true });
    const pointers = [dot(1), dot(2), dot(3)].map((at) => ({ path: 'a', dot: at }));
    assert.deepEqual(await where.known(pointers), [true, false, false]);
    assert.equal((await where.pointers(''))?.length, 2);
    for (const { key, value } of await rows(meta)) {
      if (key[0] !== metaPrefix.version) continue;
      const changed = value.length === 0 ? Uint8Array.of(1) : new Uint8Array(0);
      await meta.write([{ type: 'put', key, value: changed }], { sync: true });
      await rejects('VAULT_DAMAGED', () => where.pointers(''));
      await meta.write([{ type: 'put', key, value }], { sync: true });
    }
  });

  test('gives back every pointer of a directory and of a path, however they were added', async () => {
    await fc.assert(
      fc.asyncProperty(manyPointers, fc.integer({ min: 1, max: 5 }), async (pointers, size) => {
        const { meta, paths: where } = await index();
        for (let at = 0; at < pointers.length; at += size) {
          await add(meta, where, ...pointers.slice(at, at + size));
        }
        for (const directory of ['', 'd', 'd/e', 'none']) {
          const inside = pointers.filter(
            ({ path }) => path.slice(0, Math.max(0, path.lastIndexOf('/'))) === directory,
          );
          const expected = inside.map((one) => ({
            nameKey: where.nameKey(one.path),
            dot: one.dot,
          }));
          assert.deepEqual(
            pointerTexts(await where.pointers(directory)),
            inside.length === 0 ? undefined : pointerTexts(expected),
          );
        }
        for (const { path } of pointers) {
          const own = pointers.filter((one) => one.path === path);
          assert.deepEqual(
            pointerTexts(await where.pointersOf(path)),
            pointerTexts(own.map((one) => ({ nameKey: where.nameKey(path), dot: one.dot }))),
          );
        }
        assert.ok((await where.known(pointers)).every(Boolean));
        assert.deepEqual(await where.known([{ path: 'never', dot: dot(0) }]), [false]);
      }),
      { numRuns: 60 },
    );
  });

  test('any row of a directory that is lost, changed or added is noticed', async () => {
    const { meta, paths: where } = await index();
    const pointers = [1, 2, 3, 4].map((seq) => ({ path: `d/${seq % 2}`, dot: dot(seq) }));
    await add(meta, where, ...pointers, { path: 'other/x', dot: dot(9) });
    const sound = pointerTexts(await where.pointers('d'));
    const directoryKey = mapKey(where.directoryKey('d'));
    const own = (await rows(meta)).filter(
      ({ key }) => mapKey(key.subarray(1, 17)) === directoryKey,
    );
    assert.equal(own.length, 5);
    for (const { key, value } of own) {
      await meta.write([{ type: 'delete', key }], { sync: true });
      await rejects('VAULT_DAMAGED', () => where.pointers('d'));
      for (let at = 17; at < key.length; at++) {
        const changed = key.slice();
        changed[at] = (changed[at] ?? 0) ^ 1;
        await meta.write([{ type: 'put', key: changed, value }], { sync: true });
        await rejects('VAULT_DAMAGED', () => where.pointers('d'));
        await meta.write([{ type: 'delete', key: changed }], { sync: true });
      }
      await meta.write([{ type: 'put', key, value }], { sync: true });
      if (value.length > 0) {
        const flipped = value.slice();
        flipped[3] = (flipped[3] ?? 0) ^ 1;
        await meta.write([{ type: 'put', key, value: flipped }], { sync: true });
        await rejects('VAULT_DAMAGED', () => where.pointers('d'));
        await meta.write([{ type: 'put', key, value }], { sync: true });
      }
      assert.deepEqual(pointerTexts(await where.pointers('d')), sound);
    }
    const extra = own[0]?.key.slice() ?? new Uint8Array(0);
    extra[42] = 99;
    await meta.write([{ type: 'put', key: extra, value: new Uint8Array(0) }], { sync: true });
    await rejects('VAULT_DAMAGED', () => where.pointers('d'));
    assert.equal((await where.pointers('other'))?.length, 1);
  });

  test('the sum of one directory does not serve for another', async () => {
    const { meta, paths: where } = await index();
    await add(meta, where, { path: 'd/a', dot: dot(1) }, { path: 'e/a', dot: dot(1) });
    const sums = (await rows(meta)).filter(({ key }) => key[0] === metaPrefix.directory);
    const [one, other] = sums;
    assert.ok(one && other);
    await meta.write([{ type: 'put', key: one.key, value: other.value }], { sync: true });
    const read = await Promise.allSettled(['d', 'e'].map((path) => where.pointers(path)));
    assert.equal(read.filter(({ status }) => status === 'rejected').length, 1);
  });

  test('an empty directory is known once it was recorded', async () => {
    const { meta, paths: where } = await index();
    assert.equal(await where.has('d'), false);
    assert.equal(await where.pointers('d'), undefined);
    await meta.write(await where.addDirectories(['d', '']), { sync: true });
    where.settle();
    assert.equal(await where.has('d'), true);
    assert.deepEqual(await where.pointers('d'), []);
    await add(meta, where, { path: 'd/a', dot: dot(1) });
    assert.deepEqual(await where.addDirectories(['d']), [], 'it has a sum already');
    assert.equal((await where.pointers('d'))?.length, 1);
  });

  test('no name lies in the open, and equal names in two directories look unlike', async () => {
    const { meta, paths: where } = await index();
    await add(
      meta,
      where,
      { path: 'secret/name', dot: dot(1) },
      { path: 'other/name', dot: dot(1) },
    );
    for (const { key, value } of await rows(meta)) {
      const bytes = Buffer.concat([key, value]);
      for (const text of ['secret', 'name', 'other']) assert.equal(bytes.includes(text), false);
    }
    assert.notEqual(mapKey(where.nameKey('secret/name')), mapKey(where.nameKey('other/name')));
    assert.notEqual(mapKey(where.directoryKey('a')), mapKey(where.nameKey('a')));
  });
});
