import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { randomInteger } from '../../src/system/seeded-random.ts';
import { runSeed, seededRandom } from '../helpers/seeded.ts';
import { ExchangeWorld, type Link, type WorldNode } from './exchange-world.ts';

const seed = runSeed();

/** A connected graph: each node is linked to an earlier one, and some pairs besides. */
function build(world: ExchangeWorld, count: number, extra: number, pick: (n: number) => number) {
  const nodes = Array.from({ length: count }, (_, at) => world.node(`n${at}`));
  const pairs: [WorldNode, WorldNode][] = [];
  for (let at = 1; at < count; at++) {
    pairs.push([nodes[at] as WorldNode, nodes[pick(at)] as WorldNode]);
  }
  for (let at = 0; at < extra; at++) {
    const [a, b] = [nodes[pick(count)], nodes[pick(count)]];
    if (a !== undefined && b !== undefined && a !== b) pairs.push([a, b]);
  }
  return { nodes, pairs };
}

/** One run: writes, cuts and restarts at random times, then peace; all must end with the same. */
function run(name: string): ExchangeWorld {
  const random = seededRandom(name);
  const pick = (below: number): number => randomInteger(random, below);
  const world = new ExchangeWorld();
  const { nodes, pairs } = build(world, 2 + pick(6), pick(5), pick);
  for (const node of nodes) node.effectMs = pick(20);
  const up = new Map<[WorldNode, WorldNode], Link>();
  const connect = (pair: [WorldNode, WorldNode]): void => {
    const [a, b] = pair;
    if (a.isDown || b.isDown || up.get(pair)?.isUp === true) return;
    const limit = pick(3) === 0 ? 20 + pick(2000) : Infinity;
    up.set(pair, world.connect(a, b, { delayMs: pick(80), bytesPerMs: limit }));
  };
  for (const pair of pairs) if (pick(3) > 0) connect(pair);
  for (let count = 10 + pick(30); count > 0; count--) {
    const node = nodes[pick(nodes.length)] as WorldNode;
    const pair = pairs[pick(pairs.length)] as [WorldNode, WorldNode];
    const link = up.get(pair);
    switch (pick(8)) {
      case 0:
        if (link !== undefined) world.cut(link);
        break;
      case 1:
        connect(pair);
        break;
      case 2:
        world.kill(node);
        world.restart(node);
        break;
      default:
        world.append(
          node,
          Array.from({ length: 1 + pick(5) }, () => random.bytes(1 + pick(40_000))),
        );
    }
    world.run(pick(400));
  }
  for (const pair of pairs) connect(pair);
  world.run();
  return world;
}

describe('any number of nodes, linked in any way', () => {
  test('end with the same logs and contents, and are silent then', () => {
    const runs = process.env['VAULT_SLOW'] === '1' ? 2000 : 60;
    for (let count = 0; count < runs; count++) {
      const name = `topology ${seed} ${count}`;
      const world = run(name);
      assert.ok(world.isSettled(), `${name}: not settled`);
      for (const node of world.nodes) {
        assert.deepEqual(node.ended, [], name);
        assert.equal(node.exchange.isBusy, false, `${name}: ${node.name} is busy`);
        assert.deepEqual(node.exchange.wanted, { active: 0, standing: 0 }, name);
      }
      const before = world.passed.length;
      world.run();
      assert.equal(world.passed.length, before, name);
    }
  });

  test('a hundred nodes hear of a change with messages linear in links', () => {
    const random = seededRandom(`hundred ${seed}`);
    const world = new ExchangeWorld();
    const { nodes, pairs } = build(world, 100, 100, (below) => randomInteger(random, below));
    for (const [a, b] of pairs) world.connect(a, b, { delayMs: 1 + randomInteger(random, 50) });
    world.run();
    for (const bytes of [1000, 50_000]) {
      world.passed.length = 0;
      world.append(nodes[0] as WorldNode, [random.bytes(bytes)]);
      world.run();
      assert.ok(world.isSettled(), `seed ${seed}`);
      assert.ok(world.count('announce') <= 2 * pairs.length, `seed ${seed}`);
      assert.ok(world.passed.length <= 10 * pairs.length, `${world.passed.length}, seed ${seed}`);
      assert.equal(world.count('entries'), 99, 'each node takes the entry once');
      assert.ok(world.count('value') <= 99, 'and the content once');
    }
  });
});
