import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { randomInteger } from '../../src/system/seeded-random.ts';
import { runSeed, seededRandom } from '../helpers/seeded.ts';
import { ExchangeWorld, type WorldNode } from './exchange-world.ts';

function text(value: string): Uint8Array {
  return new Uint8Array(Buffer.from(value));
}

/** Writes many small entries at once. */
function write(world: ExchangeWorld, node: WorldNode, count: number, log = node.folder.own): void {
  for (let at = 0; at < count; at++) node.folder.append([text(`${node.name} ${at}`)], log);
  world.tell(node, { type: 'advanced', heads: node.folder.headsOf(log) });
}

/** Two nodes that hold the same long log, and one that is connected to neither. */
function twoHolders(): { world: ExchangeWorld; a: WorldNode; b: WorldNode; c: WorldNode } {
  const world = new ExchangeWorld();
  const [a, b, c] = [world.node('a'), world.node('b'), world.node('c')];
  world.connect(a, b);
  world.run();
  write(world, a, 300);
  world.run();
  return { world, a, b, c };
}

describe('pulling logs', () => {
  test('a long log comes in ranges that end at signed places, and each entry once', () => {
    const world = new ExchangeWorld();
    const [a, b] = [world.node('a'), world.node('b')];
    write(world, a, 2100);
    world.connect(a, b);
    world.run();
    assert.ok(world.isSettled());
    const asks = world.passed.flatMap(({ message }) => (message.type === 'ask' ? [message] : []));
    assert.deepEqual(
      asks.map(({ from }) => from),
      [0, 1, 1025, 2049],
    );
    const entries = world.passed.flatMap(({ message }) =>
      message.type === 'entries' ? message.entries : [],
    );
    assert.equal(entries.length, 2100);
  });

  test('both branches of a forked log come to everybody, however far back it divides', () => {
    const seed = runSeed();
    for (let run = 0; run < (process.env['VAULT_SLOW'] === '1' ? 100 : 5); run++) {
      const random = seededRandom(`fork ${seed} ${run}`);
      const pick = (below: number): number => randomInteger(random, below);
      const world = new ExchangeWorld();
      const nodes = ['a', 'b', 'c', 'd'].map((name) => world.node(name));
      const [a, b, c, d] = nodes as [WorldNode, WorldNode, WorldNode, WorldNode];
      const shared = 'f0'.repeat(32);
      const common = pick(2) * pick(2200);
      for (const node of [a, b]) {
        for (let at = 0; at < common; at++) node.folder.append([text(`common ${at}`)], shared);
      }
      write(world, a, 1 + pick(run % 2 === 0 ? 30 : 1200), shared);
      write(world, b, 1 + pick(run % 2 === 0 ? 30 : 1200), shared);
      world.connect(a, c);
      world.connect(b, d);
      if (pick(2) === 0) world.run();
      world.connect(c, d);
      world.run();
      if (pick(2) === 0) world.connect(a, b);
      world.run();
      assert.ok(world.isSettled(), `seed ${seed}, run ${run}`);
      assert.equal(a.folder.headsOf(shared).length, 2);
      assert.ok(nodes.every(({ exchange, ended }) => !exchange.isBusy && ended.length === 0));
      const before = world.passed.length;
      world.run();
      assert.equal(world.passed.length, before);
    }
  });

  test('a log whose owner is not known yet waits until other logs say who it is', () => {
    for (const bytes of [100, 60_000]) {
      const world = new ExchangeWorld();
      const [a, b] = [world.node('a'), world.node('b')];
      const early = 'ea'.repeat(32);
      a.folder.append([new Uint8Array(bytes)], early);
      world.tell(a, { type: 'advanced', heads: a.folder.heads() });
      b.folder.strangers.add(early);
      world.connect(a, b);
      world.run();
      assert.equal(b.folder.entryCount, 0);
      assert.equal(b.exchange.isBusy, false, 'it is not asked for again and again');
      assert.equal(world.count('ask'), 1);
      b.folder.strangers.delete(early);
      world.append(a, [text('who it is')]);
      world.run();
      assert.ok(world.isSettled());
      assert.equal(b.folder.entryCount, 2);
    }
  });

  test('of two peers that state the same, one is asked, and the other where that one goes away', () => {
    const { world, a, b, c } = twoHolders();
    const first = world.connect(a, c, { delayMs: 30 });
    world.connect(b, c, { delayMs: 30 });
    world.runUntil(() => world.count('ask', 'c') > 0);
    assert.equal(world.count('ask', 'c'), 1);
    assert.equal(world.count('ask', 'c', 'a'), 1);
    world.cut(first);
    world.run();
    assert.ok(world.isSettled());
    assert.equal(world.count('ask', 'c', 'b'), 2, 'up to number 0, which is signed, and on');
  });

  test('a peer that never answers is passed over after some seconds', () => {
    const { world, a, b, c } = twoHolders();
    const first = world.connect(a, c);
    world.connect(b, c);
    a.forge = (message, to) => (to === 'c' && message.type === 'entries' ? [] : [message]);
    world.run();
    assert.ok(world.isSettled());
    assert.ok(first.isUp);
  });
});
