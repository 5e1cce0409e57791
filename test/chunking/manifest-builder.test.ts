import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toHex } from '../../src/bytes.ts';
import { ManifestBuilder } from '../../src/chunking/manifest-builder.ts';
import { MAX_NODE_ENTRIES, MAX_REPEAT } from '../../src/chunking/manifest-node.ts';
import { readVectors } from '../helpers/project.ts';
import { NodeStore, numberedId, type Run } from './node-store.ts';

const run = (id: Uint8Array, length = 65_536, repeat = 1): Run => ({ id, length, repeat });
/** An id that may end a node, and one that may not. */
const ending = (n: number): Uint8Array => numberedId('ending', n).fill(128, 3, 4);
const inside = (n: number): Uint8Array => numberedId('inside', n).fill(127, 3, 4);

function sizes(store: NodeStore, level: number, root: Uint8Array | undefined): number[] {
  assert.ok(root !== undefined);
  return store.entries(level, root).map(({ id }) => store.entries(level - 1, id).length);
}

test('an empty content has no root', () => {
  const store = new NodeStore();
  assert.deepEqual(store.build([]), { size: 0, depth: 0, root: undefined });
  assert.equal(store.nodes.size, 0);
});

test('a content of one chunk has that chunk as its root and no node', () => {
  const store = new NodeStore();
  const id = ending(1);
  assert.deepEqual(store.build([run(id, 5)]), { size: 5, depth: 0, root: id });
  assert.equal(store.nodes.size, 0);
});

test('one chunk repeated is a node of one entry', () => {
  const store = new NodeStore();
  const manifest = store.build([run(inside(1), 5), run(inside(1), 5)]);
  assert.deepEqual([manifest.size, manifest.depth], [10, 1]);
  assert.ok(manifest.root !== undefined);
  assert.deepEqual(
    store.entries(1, manifest.root).map(({ length, repeat }) => [length, repeat]),
    [[5, 2]],
  );
});

test('equal neighbours are one entry, however they were added', () => {
  const a = inside(1);
  const manifests = [
    [run(a, 7, 6), run(inside(2), 7)],
    [run(a, 7, 1), run(a, 7, 2), run(a, 7, 3), run(inside(2), 7)],
    [...Array.from({ length: 6 }, () => run(a, 7)), run(inside(2), 7)],
  ].map((runs) => new NodeStore().build(runs));
  assert.deepEqual(manifests[1], manifests[0]);
  assert.deepEqual(manifests[2], manifests[0]);
});

test('a run too long for one entry is cut greedily, however it was added', () => {
  const a = inside(1);
  const store = new NodeStore();
  const whole = store.build([run(a, 1024, 2 * MAX_REPEAT + 5)]);
  const parts = [3, MAX_REPEAT, MAX_REPEAT + 1, 1].map((repeat) => run(a, 1024, repeat));
  assert.deepEqual(new NodeStore().build(parts), whole);
  assert.ok(whole.root !== undefined);
  assert.deepEqual(
    store.entries(1, whole.root).map(({ repeat }) => repeat),
    [MAX_REPEAT, MAX_REPEAT, 5],
  );
});

test('a node ends at an ending id once it holds 16 entries', () => {
  const store = new NodeStore();
  const ids = Array.from({ length: 60 }, (_, i) =>
    [14, 15, 40].includes(i) ? ending(i) : inside(i),
  );
  const { root, depth } = store.build(ids.map((id) => run(id)));
  assert.equal(depth, 2);
  assert.deepEqual(sizes(store, 2, root), [16, 25, 19]);
});

test('a node without an ending id ends when full', () => {
  const store = new NodeStore();
  const { root, depth } = store.build(Array.from({ length: 1000 }, (_, i) => run(inside(i))));
  assert.equal(depth, 2);
  assert.deepEqual(sizes(store, 2, root), [409, 409, 182]);
});

test('a content that ends with a node has no empty node after it and no lone root', () => {
  for (const last of [ending(15), inside(15)]) {
    const store = new NodeStore();
    const ids = [...Array.from({ length: 15 }, (_, i) => inside(i)), last];
    assert.equal(store.build(ids.map((id) => run(id))).depth, 1);
    assert.equal(store.nodes.size, 1);
  }
  const full = new NodeStore();
  full.build(Array.from({ length: MAX_NODE_ENTRIES }, (_, i) => run(inside(i))));
  assert.equal(full.nodes.size, 1);
});

test('the manifest of golden chunk ids is the golden one', () => {
  const vectors = readVectors('chunking-manifests.json') as readonly {
    readonly seed: string;
    readonly chunks: number;
    readonly size: number;
    readonly depth: number;
    readonly root: string;
    readonly nodes: readonly number[];
  }[];
  assert.ok(vectors.length >= 5);
  for (const vector of vectors) {
    const store = new NodeStore();
    const runs = Array.from({ length: vector.chunks }, (_, n) =>
      run(numberedId(vector.seed, n), 1 + ((n * 7919) % 262_144), 1 + (n % 50 === 49 ? n : 0)),
    );
    const { size, depth, root } = store.build(runs);
    assert.ok(root !== undefined);
    assert.deepEqual(
      { ...vector, size, depth, root: toHex(root), nodes: store.emitted },
      vector,
      `${vector.chunks} chunks`,
    );
  }
});

test('whatever was built, nodes below the last of a level hold 16 to 409 entries', () => {
  fc.assert(
    fc.property(fc.nat(3_000), fc.integer({ min: 1, max: 300 }), (count, period) => {
      const store = new NodeStore();
      const runs = Array.from({ length: count }, (_, n) => run(numberedId('period', n % period)));
      const { root, depth } = store.build(runs);
      if (depth < 2) return;
      assert.ok(root !== undefined);
      for (const size of sizes(store, depth, root).slice(0, -1)) {
        assert.ok(size >= 16 && size <= 409, `${size} entries`);
      }
    }),
    { numRuns: 60 },
  );
});

test('the builder keeps no hold on the id it was given', () => {
  const store = new NodeStore();
  const builder = new ManifestBuilder(store.emit);
  const id = new Uint8Array(32);
  for (let n = 0; n < 100; n++) {
    id.set(numberedId('reused', n));
    builder.add(id, 9);
  }
  const runs = Array.from({ length: 100 }, (_, n) => run(numberedId('reused', n), 9));
  assert.deepEqual(builder.finish(), new NodeStore().build(runs));
});

test('what no content can hold is refused', () => {
  const builder = new ManifestBuilder(new NodeStore().emit);
  for (const id of [new Uint8Array(0), new Uint8Array(31), new Uint8Array(33)]) {
    assert.throws(() => builder.add(id, 1), RangeError);
  }
  for (const length of [0, -1, 1.5, NaN, 1024 * 1024 + 1]) {
    assert.throws(() => builder.add(inside(1), length), RangeError);
  }
  for (const repeat of [0, -1, 1.5, NaN, 2 ** 53]) {
    assert.throws(() => builder.add(inside(1), 1, repeat), RangeError);
  }
  builder.add(inside(1), 1024 * 1024, 2 ** 33 - 1);
  assert.throws(() => builder.add(inside(1), 1024 * 1024, 1), { code: 'VAULT_LIMIT_EXCEEDED' });
  assert.equal(builder.finish().size, 2 ** 53 - 2 ** 20);
});

test('a finished builder is finished', () => {
  const builder = new ManifestBuilder(new NodeStore().emit);
  builder.finish();
  assert.throws(() => builder.add(inside(1), 1), TypeError);
  assert.throws(() => builder.finish(), TypeError);
});
