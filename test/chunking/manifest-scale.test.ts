import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapKey } from '../../src/bytes.ts';
import { ManifestBuilder } from '../../src/chunking/manifest-builder.ts';
import type { Manifest } from '../../src/chunking/manifest.ts';
import { MAX_MANIFEST_DEPTH, MAX_NODE_BYTES } from '../../src/limits.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { NodeStore, numberedId, testId, type Run } from './node-store.ts';

const GiB = 2 ** 30;
const PiB = 2 ** 50;

interface Tree {
  readonly manifest: Manifest;
  /** Level of each node, by its id: no bytes are kept. */
  readonly nodes: ReadonlyMap<string, number>;
  /** Entries of all nodes, by level − 1. */
  readonly entries: readonly number[];
}

/** A tree over `ids`, each standing for `length` · `repeat` bytes; `replaced` are put in place of one. */
function treeOver(
  ids: Uint8Array,
  length: number,
  repeat: number,
  at = -1,
  replaced: readonly Uint8Array[] = [],
): Tree {
  const nodes = new Map<string, number>();
  const entries: number[] = [];
  const builder = new ManifestBuilder((level, bytes) => {
    assert.ok(bytes.length <= MAX_NODE_BYTES);
    entries[level - 1] = (entries[level - 1] ?? 0) + (bytes.length - 4) / 40;
    const id = testId(level, bytes);
    nodes.set(mapKey(id), level);
    return id;
  });
  for (let n = 0; n < ids.length / 32; n++) {
    if (n === at) for (const id of replaced) builder.add(id, length, repeat);
    else builder.add(ids.subarray(32 * n, 32 * n + 32), length, repeat);
  }
  return { manifest: builder.finish(), nodes, entries };
}

/** Nodes of `changed` that `before` lacks, by level − 1. */
function newNodes(before: Tree, changed: Tree): number[] {
  const counts = Array.from({ length: changed.manifest.depth }, () => 0);
  for (const [key, level] of changed.nodes) {
    if (!before.nodes.has(key)) counts[level - 1] = (counts[level - 1] ?? 0) + 1;
  }
  return counts;
}

// Leaf and inner nodes are cut by one rule, and ids of nodes are as random as ids of chunks. So the tree
// over 2^20 ids of 1 GiB each has the shape of the upper levels of the tree over 2^34 chunks of 64 KiB.
test('in a content of 2^50 bytes, a change costs one path of nodes', () => {
  const ids = seededRandom('2^50 bytes').bytes(32 * 2 ** 20);
  const before = treeOver(ids, 262_144, GiB / 262_144);
  assert.equal(before.manifest.size, PiB);
  const { depth } = before.manifest;
  assert.ok(depth === 3 || depth === 4, `depth of ${depth}`);
  const leafNodes = [...before.nodes.values()].filter((level) => level === 1).length;
  const fanout = 2 ** 20 / leafNodes;
  assert.ok(fanout > 125 && fanout < 150, `mean of ${fanout} entries`);
  assert.deepEqual(before.entries.slice(0, 2), [2 ** 20, leafNodes]);

  const total = Array.from({ length: depth }, () => 0);
  const edits = 4;
  for (let edit = 0; edit < edits; edit++) {
    const at = Math.floor(((edit + 0.5) / edits) * 2 ** 20);
    const replaced = Array.from({ length: edit }, (_, n) => numberedId(`edit ${edit}`, n));
    const changed = treeOver(ids, 262_144, GiB / 262_144, at, replaced);
    assert.equal(changed.manifest.depth, depth);
    const counts = newNodes(before, changed);
    for (const [i, count] of counts.entries()) {
      assert.ok(count >= 1 && count <= 5, `edit ${edit}: ${counts.join(', ')} new nodes`);
      total[i] = (total[i] ?? 0) + count;
    }
    assert.equal(counts.at(-1), 1, 'one new root');
  }
  assert.ok(
    total.every((count) => count <= 2 * edits),
    `${total.join(', ')} new nodes in ${edits} edits`,
  );

  // What that fan-out means for the largest content there can be, in chunks of 64 KiB.
  const most = Math.ceil(Math.log(2 ** 53 / 65_536) / Math.log(fanout));
  assert.ok(most <= 6 && most < MAX_MANIFEST_DEPTH, `depth of ${most}`);
});

test('zeros of 2^52 bytes are one node of five entries', () => {
  const store = new NodeStore();
  const zero = numberedId('zero', 1);
  const manifest = store.build([{ id: zero, length: 262_144, repeat: 2 ** 34 }]);
  assert.deepEqual([manifest.size, manifest.depth, store.nodes.size], [2 ** 52, 1, 1]);
  assert.ok(manifest.root !== undefined);
  assert.equal(store.entries(1, manifest.root).length, 5);
});

test('a byte in the middle of 2^52 bytes of zeros costs one node', () => {
  const store = new NodeStore();
  const zero = numberedId('zero', 1);
  const half: Run = { id: zero, length: 262_144, repeat: 2 ** 33 };
  const manifest = store.build([half, { ...half, id: numberedId('one', 1), repeat: 1 }, half]);
  assert.deepEqual([manifest.depth, store.nodes.size], [1, 1]);
});

for (const period of [2, 3, 7, 16, 128, 409, 818, 2_045]) {
  test(`a content that repeats after ${period} chunks has few nodes, also where it is shifted`, () => {
    const count = 100_000;
    const cycle = Array.from({ length: period }, (_, n) => numberedId(`period ${period}`, n));
    const inserted = numberedId('inserted', period);
    const build = (insert: boolean): NodeStore => {
      const store = new NodeStore();
      const builder = new ManifestBuilder(store.emit);
      for (let n = 0; n < count; n++) {
        if (insert && n === count / 2) builder.add(inserted, 65_536);
        builder.add(cycle[n % period] ?? inserted, 65_536);
      }
      builder.finish();
      return store;
    };
    const before = build(false);
    // At most each phase of the cycle at the lowest level, and a few above.
    assert.ok(before.nodes.size <= period + 8, `${before.nodes.size} nodes`);
    const fresh = build(true).newNodes(before);
    assert.ok(
      fresh.every((nodes) => nodes <= 3),
      `${fresh.join(', ')} new nodes`,
    );
  });
}
