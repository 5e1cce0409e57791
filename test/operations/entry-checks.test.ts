import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../src/bytes.ts';
import { EntryChecks } from '../../src/operations/entry-checks.ts';
import { operationContext } from '../helpers/test-home.ts';
import { SharedNode } from '../helpers/shared-node.ts';

async function checksOf(node: SharedNode, bad = new Map<string, string>()): Promise<EntryChecks> {
  const { folder, environment } = node;
  return new EntryChecks(folder, environment.pool, bad, operationContext());
}

function numbers(count: number): string {
  return Array.from({ length: count }, (_, number) => `${number}`).join(' ');
}

/** A folder of two nodes with files, trees of chunks, directories, renames and deletions. */
async function made(): Promise<SharedNode> {
  const [a, b] = await SharedNode.make('a', 'b');
  assert.ok(a && b);
  a.put({ 'one.txt': 'one', 'd/two.txt': 'two', 'd/large': numbers(60_000) });
  await a.record();
  a.remove('one.txt');
  await a.record();
  await a.giveTo(b);
  await b.apply();
  b.put({ 'three.txt': 'three' });
  await b.record();
  await b.giveTo(a);
  return a;
}

test('all that sound logs hold and need is found without a closer look', async () => {
  const node = await made();
  const checks = await checksOf(node);
  assert.equal(await checks.run(), true);
  // one.txt twice, two.txt, large, d, three.txt
  assert.equal(checks.versions, 6);
  assert.deepEqual([...checks.directories].toSorted(), ['', 'd']);
  assert.ok(checks.chunks >= 7, `${checks.chunks} chunks`);
});

test('a needed chunk that is damaged, or any that is lost, asks for a closer look', async () => {
  const node = await made();
  const key = (id: Uint8Array): string => Buffer.from(id).toString('latin1');
  const ids: Uint8Array[] = [];
  for await (const { value } of node.folder.store.chunks.scan(0)) {
    if (value[4] === 1) ids.push(value.slice(32, 64));
  }
  assert.ok(ids.length >= 7);
  for (const id of ids) {
    const checks = await checksOf(node, new Map([[key(id), 'is damaged']]));
    assert.equal(await checks.run(), false, toHex(id));
  }
});
