import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapKey } from '../../src/bytes.ts';
import { Chunker } from '../../src/chunking/chunker.ts';
import { ManifestBuilder } from '../../src/chunking/manifest-builder.ts';
import { defaultChunkerParams, type ChunkerParams } from '../../src/chunking/params.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { readerOf, seededTable, smallParams } from './contents.ts';
import { NodeStore, testId } from './node-store.ts';

interface Made {
  readonly chunks: ReadonlySet<string>;
  readonly store: NodeStore;
  readonly depth: number;
}

function make(chunker: Chunker, content: Uint8Array): Made {
  const store = new NodeStore();
  const builder = new ManifestBuilder(store.emit);
  const chunks = new Set<string>();
  for (const chunk of chunker.chunks(readerOf(content))) {
    const id = testId(0, chunk);
    chunks.add(mapKey(id));
    builder.add(id, chunk.length);
  }
  return { chunks, store, depth: builder.finish().depth };
}

type Edit = (content: Uint8Array, at: number) => Uint8Array;

const edits: readonly (readonly [string, Edit])[] = [
  [
    'inserted',
    (content, at) =>
      Buffer.concat([content.subarray(0, at), Buffer.from('+five'), content.subarray(at)]),
  ],
  [
    'taken out',
    (content, at) => Buffer.concat([content.subarray(0, at), content.subarray(at + 5)]),
  ],
  [
    'overwritten',
    (content, at) =>
      Buffer.concat([content.subarray(0, at), Buffer.from('=five'), content.subarray(at + 5)]),
  ],
];

const sizes: readonly (readonly [string, ChunkerParams, number])[] = [
  ['24 MB at the default sizes', defaultChunkerParams, 24_000_000],
  ['a tree of small chunks', smallParams, 4_000_000],
];

for (const [what, params, length] of sizes) {
  test(`five bytes changed anywhere cost a few chunks and one path of nodes: ${what}`, () => {
    const content = seededRandom(`insertion ${length}`).bytes(length);
    const places = seededRandom('places').bytes(4 * 12);
    const view = new DataView(places.buffer, places.byteOffset);
    const chunker = new Chunker(params, seededTable('insertion'));
    const before = make(chunker, content);
    assert.ok(before.depth >= 2);
    assert.ok(before.chunks.size > length / params.average / 2);

    const counts: number[] = [];
    for (let n = 0; n < 12; n++) {
      const [how, edit] = edits[n % edits.length] ?? assert.fail('no such edit');
      const at = view.getUint32(4 * n) % (length - 5);
      const after = make(chunker, edit(content, at));
      const message = `five bytes ${how} at ${at}`;
      const chunks = [...after.chunks].filter((id) => !before.chunks.has(id)).length;
      counts.push(chunks);
      assert.ok(chunks >= 1 && chunks <= 10, `${message}: ${chunks} new chunks`);
      assert.equal(after.depth, before.depth, message);
      const nodes = after.store.newNodes(before.store);
      assert.ok(
        nodes.every((count) => count >= 1 && count <= 3),
        `${message}: ${nodes.join(', ')} new nodes`,
      );
    }
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    assert.ok(mean <= 4, `${counts.join(', ')} new chunks`);
  });
}

test('changes at both ends leave what is between', () => {
  const content = seededRandom('ends').bytes(1_000_000);
  const chunker = new Chunker(smallParams, seededTable('insertion'));
  const before = make(chunker, content);
  const after = make(chunker, Buffer.concat([Buffer.from('first'), content, Buffer.from('last')]));
  const fresh = [...after.chunks].filter((id) => !before.chunks.has(id)).length;
  assert.ok(fresh >= 2 && fresh <= 12, `${fresh} new chunks`);
});

test('two keys cut the same content at unrelated places', () => {
  const content = seededRandom('keys').bytes(8_000_000);
  const [a, b] = ['one', 'two'].map((key) =>
    make(new Chunker(defaultChunkerParams, seededTable(key)), content),
  );
  assert.ok(a !== undefined && b !== undefined);
  assert.deepEqual(
    [...a.chunks].filter((id) => b.chunks.has(id)),
    [],
  );
});
