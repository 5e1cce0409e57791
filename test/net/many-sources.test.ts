import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sha256Of } from '../helpers/memory-folder.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { ExchangeWorld, type WorldNode } from './exchange-world.ts';

const MBIT_20 = 20_000_000 / 8 / 1000;
const CHUNK = 65_536;
const COUNT = 512;
const random = seededRandom('many sources');
const contents = Array.from({ length: COUNT }, () => random.bytes(CHUNK));
const log = Buffer.from(sha256Of('log', 'author')).toString('hex');

/** Nodes that hold the same entries with 32 MiB of contents, and one with nothing that is linked to all. */
function world(
  holders: number,
  delayMs = 20,
): {
  world: ExchangeWorld;
  holders: WorldNode[];
  receiver: WorldNode;
} {
  const one = new ExchangeWorld();
  const nodes = Array.from({ length: holders }, (_, at) => {
    const node = one.node(`holder ${at}`);
    for (let from = 0; from < COUNT; from += 128) {
      node.folder.append(contents.slice(from, from + 128), log);
    }
    one.restart(node);
    return node;
  });
  const receiver = one.node('receiver');
  for (const node of nodes) one.connect(node, receiver, { delayMs, bytesPerMs: MBIT_20 });
  return { world: one, holders: nodes, receiver };
}

function hasAll({ folder }: WorldNode): boolean {
  return folder.values.size === COUNT + COUNT / 128;
}

function twice({ received, receivedBytes }: WorldNode): number {
  const once = received.size * (CHUNK + 92);
  return (receivedBytes - once) / once;
}

describe('several sources', () => {
  test('three holders bring 2.4 times what one does', () => {
    const single = world(1);
    const one = single.world.runUntil(() => hasAll(single.receiver));
    const triple = world(3);
    const three = triple.world.runUntil(() => hasAll(triple.receiver));
    assert.ok(one / three >= 2.4, `${one} ms and ${three} ms: ${one / three} times`);
    assert.ok(twice(triple.receiver) <= 0.02, `${twice(triple.receiver)} came twice`);
  });

  test('a holder killed midway costs at most 2 % fetched twice', () => {
    const { world: one, holders, receiver } = world(3);
    one.runUntil(() => receiver.receivedBytes > (COUNT * CHUNK) / 2);
    const [first] = holders;
    assert.ok(first);
    one.kill(first);
    one.runUntil(() => hasAll(receiver));
    assert.ok(twice(receiver) <= 0.02, `${twice(receiver)} came twice`);
  });
});
