import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Item } from '../../src/operations/operation.ts';
import type { VerifyOptions, VerifyResult } from '../../src/operations/whole-folder-options.ts';
import { MemoryChunkStore } from '../../src/store/memory-chunk-store.ts';
import { MemoryMetaStore } from '../../src/store/memory-meta-store.ts';
import { metaPrefix } from '../../src/store/meta-keys.ts';
import { rejects } from '../helpers/rejects.ts';
import { operationContext } from '../helpers/test-home.ts';
import { World } from './world.ts';

const keepAll = { bytes: (length: number) => new Uint8Array(length).fill(0xff) };

/** A world whose stores of the folder can be changed between two openings. */
async function made(): Promise<{
  readonly world: World;
  readonly chunks: () => MemoryChunkStore;
  readonly meta: () => MemoryMetaStore;
}> {
  const world = await World.make();
  let chunks = new MemoryChunkStore();
  let meta = new MemoryMetaStore();
  let isMetaThere = false;
  world.world = {
    ...world.environment,
    openChunks: (path) => {
      world.fs.makeDirectories(path);
      chunks = chunks.crash(keepAll);
      return Promise.resolve({ store: chunks, repaired: false });
    },
    openMeta: (path) => {
      const isGone = isMetaThere && world.fs.statIfPresent(path) === undefined;
      world.fs.makeDirectories(path);
      isMetaThere = true;
      meta = isGone ? new MemoryMetaStore() : meta.crash(keepAll);
      return Promise.resolve({ store: meta, repaired: false });
    },
  };
  await world.in(async (vault) => {
    await vault.folderRemove({ folder: 'disk', yes: true }, operationContext());
    await vault.folderAdd({ path: '/disk' }, operationContext());
  });
  return {
    world,
    chunks: () => (chunks = chunks.crash(keepAll)),
    meta: () => (meta = meta.crash(keepAll)),
  };
}

async function verify(
  world: World,
  options: Partial<VerifyOptions> = {},
): Promise<VerifyResult & { damage: Item[] }> {
  const context = operationContext();
  const result = await world.in((vault) => vault.verify({ folders: [], ...options }, context));
  return { ...result, damage: context.items.filter(({ type }) => type === 'damage') };
}

describe('verify', () => {
  test('a sound home is sound, read or not', async () => {
    const world = await World.make();
    world.put({ a: '1', 'd/b': '2', large: 'x'.repeat(600_000) });
    await world.snapshot();
    const looked = await verify(world);
    assert.deepEqual(
      [looked.damaged, looked.mended, looked.complete, looked.bytes],
      [0, 0, true, 0],
    );
    assert.equal(looked.versions, 4);
    const read = await verify(world, { read: true });
    assert.deepEqual([read.damaged, read.mended, read.complete], [0, 0, true]);
    assert.ok(read.bytes > 1000 && read.chunks > 4);
  });

  test('a sample reads so many values and is not complete', async () => {
    const world = await World.make();
    world.put(Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`f${at}`, `${at}`])));
    await world.snapshot();
    const result = await verify(world, { read: true, sample: 10 });
    assert.deepEqual([result.chunks, result.complete, result.damaged], [10, false, 0]);
    await rejects('VAULT_USAGE', () => verify(world, { sample: 10 }));
    await rejects('VAULT_USAGE', () => verify(world, { maxDurationMs: 10 }));
  });

  test('time that is over ends the reading and is said', async () => {
    const world = await World.make();
    world.put(Object.fromEntries(Array.from({ length: 1200 }, (_, at) => [`f${at}`, `${at}`])));
    await world.snapshot();
    const { pool, clock } = world.environment;
    world.world = {
      ...world.environment,
      pool: {
        lanes: 1,
        configure: (key, value) => pool.configure(key, value),
        warm: () => pool.warm(),
        close: () => pool.close(),
        run: (task, input, options) => {
          clock.advance(1000);
          return pool.run(task, input, options);
        },
      },
    };
    const result = await verify(world, { read: true, maxDurationMs: 500 });
    assert.deepEqual([result.complete, result.damaged], [false, 0]);
    assert.ok(result.chunks < 1200);
  });

  test('a missing chunk is told with files and versions, without reading too', async () => {
    const { world, chunks } = await made();
    world.put({ a: 'lost', b: 'lost', c: 'kept' });
    await world.snapshot();
    const values: number[] = [];
    const store = chunks();
    for await (const { seq, value } of store.scan(0)) if (value[4] === 1) values.push(seq);
    await store.write({ deletes: values.slice(0, 1) }, { sync: true });
    const read = await verify(world, { read: true });
    assert.equal(read.damaged, 1);
    const [item] = read.damage;
    assert.deepEqual(item?.['files'], ['a', 'b']);
    assert.equal((item?.['versions'] as string[] | undefined)?.length, 2);
    assert.match(String(item?.['chunk']), /^[0-9a-f]{64}$/);
  });

  test('an index that lost a directory is made again, and nothing is lost', async () => {
    for (const which of [metaPrefix.version, metaPrefix.directory]) {
      const { world, meta } = await made();
      world.put({ a: '1', 'd/b': '2' });
      await world.snapshot();
      const store = meta();
      const range = { gte: Uint8Array.of(which), lt: Uint8Array.of(which + 1) };
      for await (const { key } of store.scan(range))
        await store.write([{ type: 'delete', key }], { sync: true });
      const both = { gte: Uint8Array.of(0x30), lt: Uint8Array.of(0x32) };
      if (which === metaPrefix.directory) {
        for await (const { key } of store.scan(both))
          await store.write([{ type: 'delete', key }], { sync: true });
      }
      const result = await verify(world);
      assert.deepEqual([result.damaged, result.mended > 0], [0, true]);
      assert.equal((await verify(world)).mended, 0);
      await world.restore();
      assert.deepEqual(world.tree('/out'), world.tree('/disk'));
      world.fs.removeTree('/out');
    }
  });

  test('a folder of which nothing is left is damage, and takes no snapshot', async () => {
    const { world, chunks, meta } = await made();
    world.put({ a: '1' });
    await world.snapshot();
    const [values, rows] = [chunks(), meta()];
    for await (const { seq } of values.scan(0))
      await values.write({ deletes: [seq] }, { sync: true });
    for await (const { key } of rows.scan({ gte: Uint8Array.of(0), lt: Uint8Array.of(0xff) })) {
      await rows.write([{ type: 'delete', key }], { sync: true });
    }
    const result = await verify(world);
    assert.equal(result.damaged, 1);
    await rejects('VAULT_CHUNK_MISSING', () => world.snapshot());
  });

  test('a folder whose secrets cannot be read is damage', async () => {
    const world = await World.make();
    const [name] = world.fs.list('/home/folders').map((entry) => entry.name);
    for (const copy of ['a', 'b']) world.fs.removeFile(`/home/folders/${name}/folder.${copy}`);
    const result = await verify(world);
    assert.equal(result.damaged, 1);
    assert.match(String(result.damage[0]?.['problem']), new RegExp(name ?? 'none'));
  });

  test('an interrupt ends it as one', async () => {
    const world = await World.make();
    world.put({ a: '1' });
    await world.snapshot();
    const controller = new AbortController();
    controller.abort(new Error('ctrl-c'));
    const context = operationContext({ signal: controller.signal });
    for (const read of [false, true]) {
      await rejects('VAULT_INTERRUPTED', () =>
        world.in((vault) => vault.verify({ folders: [], read }, context)),
      );
    }
  });
});
