import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '../helpers/seeded.ts';
import { ExchangeWorld, type WorldNode } from './exchange-world.ts';

const random = seededRandom('folder exchange');

function chunks(count: number, bytes: number): Uint8Array[] {
  return Array.from({ length: count }, () => random.bytes(bytes));
}

function ring(world: ExchangeWorld, count: number): WorldNode[] {
  const nodes = Array.from({ length: count }, (_, at) => world.node(`n${at}`));
  for (const [at, node] of nodes.entries()) {
    const next = nodes[(at + 1) % count];
    if (next !== undefined) world.connect(node, next);
  }
  return nodes;
}

describe('the exchange of a folder', () => {
  test('brings a change to the other side, small contents along with their entry', () => {
    const world = new ExchangeWorld();
    const [a, b] = [world.node('a'), world.node('b')];
    world.connect(a, b);
    world.run();
    world.append(a, chunks(1, 3000));
    world.run();
    assert.ok(world.isSettled());
    assert.equal(world.count('announce'), 1);
    assert.deepEqual([world.count('ask'), world.count('want'), world.count('value')], [1, 0, 0]);
  });

  test('brings large contents in pieces of any number', () => {
    const world = new ExchangeWorld();
    const [a, b] = [world.node('a'), world.node('b')];
    world.append(a, chunks(300, 65_536));
    world.connect(a, b, { bytesPerMs: 100_000 });
    world.run();
    assert.ok(world.isSettled());
    assert.ok([...b.received.values()].every((bytes) => bytes === 65_628));
    assert.equal(b.received.size, 300);
  });

  test('a ring of five hears of one change at most twice a link, and is silent then', () => {
    for (const bytes of [1000, 600_000]) {
      const world = new ExchangeWorld();
      const nodes = ring(world, 5);
      world.run();
      world.passed.length = 0;
      const [first] = nodes;
      assert.ok(first);
      world.append(first, chunks(1, bytes));
      world.run();
      assert.ok(world.isSettled());
      for (const { ways } of world.links) {
        const [{ from, to }] = ways;
        const both =
          world.count('announce', from.name, to.name) + world.count('announce', to.name, from.name);
        assert.ok(both <= 2, `${both} announcements between ${from.name} and ${to.name}`);
        const values =
          world.count('value', from.name, to.name) + world.count('value', to.name, from.name);
        assert.ok(values <= 2, `${values} values`);
      }
      const before = world.passed.length;
      world.run();
      assert.equal(world.passed.length, before);
      assert.ok(nodes.every(({ exchange }) => !exchange.isBusy));
    }
  });
});
