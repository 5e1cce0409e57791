import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { contentKey } from '../../src/net/value-key.ts';
import { sha256Of } from '../helpers/memory-folder.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { ExchangeWorld, type WorldNode } from './exchange-world.ts';

const random = seededRandom('wants');

function chunks(count: number, bytes: number): Uint8Array[] {
  return Array.from({ length: count }, () => random.bytes(bytes));
}

function hold(world: ExchangeWorld, node: WorldNode, contents: Uint8Array[], log: string): void {
  world.tell(node, { type: 'advanced', heads: node.folder.append(contents, log) });
}

const log = 'cc'.repeat(32);

describe('wants', () => {
  test('contents flow through a row of nodes without polling', () => {
    const world = new ExchangeWorld();
    const [a, b, c] = [world.node('a'), world.node('b'), world.node('c')];
    world.connect(a, b, { delayMs: 10, bytesPerMs: 500 });
    world.connect(b, c, { delayMs: 10 });
    world.run();
    world.append(a, chunks(50, 60_000));
    world.run();
    assert.ok(world.isSettled());
    assert.ok(world.count('have', 'b', 'c') >= 50 / 2, 'b says so as they come');
    assert.ok(c.received.size === 50 && [...c.received.values()].every((bytes) => bytes < 61_000));
    // Each content: wanted, missing, had, wanted again, sent.
    assert.ok(world.count('want', 'c', 'b') <= 2 * 51, `${world.count('want', 'c', 'b')}`);
  });

  test('what nobody has stands until somebody comes who has it', () => {
    const world = new ExchangeWorld();
    const [a, b, c] = [world.node('a'), world.node('b'), world.node('c')];
    const contents = chunks(3, 30_000);
    for (const node of [a, c]) hold(world, node, contents, log);
    for (const one of contents) a.folder.values.delete(contentKey(sha256Of(one)));
    a.folder.keeps = () => false;
    world.connect(a, b);
    world.run();
    assert.deepEqual(b.exchange.wanted, { active: 0, standing: 3 });
    assert.equal(b.exchange.isBusy, false);
    world.connect(c, b);
    world.run();
    assert.equal(b.folder.lacking().length, 0);
    assert.deepEqual(b.exchange.wanted, { active: 0, standing: 0 });
  });

  test('what a peer got in another way it says to who waits for it', () => {
    const world = new ExchangeWorld();
    const [a, b] = [world.node('a'), world.node('b')];
    const [content] = chunks(1, 30_000) as [Uint8Array];
    hold(world, a, [content], log);
    const key = contentKey(sha256Of(content));
    const sealed = a.folder.values.get(key);
    assert.ok(sealed);
    a.folder.values.delete(key);
    a.folder.keeps = () => false;
    world.connect(a, b);
    world.run();
    assert.equal(b.folder.lacking().length, 1);
    a.folder.values.set(key, sealed);
    world.tell(a, { type: 'stored', names: [{ kind: 'content', id: sha256Of(content) }] });
    world.run();
    assert.equal(b.folder.lacking().length, 0);
    assert.equal(world.count('have', 'a', 'b'), 1);
  });

  test('what was dropped for good is asked for once a peer, not again, and had from who kept it', () => {
    const world = new ExchangeWorld();
    const [a, b, c] = [world.node('a'), world.node('b'), world.node('c')];
    const contents = chunks(20, 30_000);
    for (const node of [a, c]) hold(world, node, contents, log);
    for (const one of contents) {
      const key = contentKey(sha256Of(one));
      a.folder.values.delete(key);
      a.folder.expired.add(key);
    }
    a.folder.keeps = () => false;
    world.connect(a, b);
    world.run();
    assert.deepEqual(b.exchange.wanted, { active: 0, standing: 0 });
    assert.equal(b.folder.lacking().length, 20);
    const wants = world.count('want', 'b', 'a');
    world.append(a, chunks(1, 100));
    world.run();
    assert.equal(world.count('want', 'b', 'a'), wants, 'a change does not bring it up again');
    world.connect(c, b);
    world.run();
    assert.equal(b.folder.lacking().length, 0);
  });

  test('many wants that nobody has do not keep those that somebody has from coming', () => {
    const world = new ExchangeWorld();
    const [a, b] = [world.node('a'), world.node('b')];
    const lost = chunks(6000, 40);
    hold(world, a, lost, log);
    for (const one of lost) a.folder.values.delete(contentKey(sha256Of(one)));
    const there = chunks(50, 30_000);
    hold(world, a, there, log);
    a.folder.keeps = (_, seq) => seq > 0;
    world.connect(a, b);
    world.run();
    assert.equal(b.folder.lacking().length, 6000);
    assert.ok(there.every((one) => b.folder.values.has(contentKey(sha256Of(one)))));
    assert.equal(b.exchange.isBusy, false);
    assert.deepEqual([a.ended, b.ended], [[], []]);
    const key = (at: number): string => contentKey(sha256Of(lost[at] ?? new Uint8Array()));
    assert.ok(!b.folder.values.has(key(0)));
    // A holder of all of it comes: everything does.
    const c = world.node('c');
    hold(world, c, lost, log);
    hold(world, c, there, log);
    world.connect(b, c);
    world.run();
    assert.equal(b.folder.lacking().length, 0);
  });

  test('small files overtake large ones that were asked for before', () => {
    const world = new ExchangeWorld();
    const [a, b] = [world.node('a'), world.node('b')];
    world.connect(a, b, { delayMs: 10, bytesPerMs: 1000 });
    world.run();
    world.append(a, chunks(300, 60_000));
    world.run(3000);
    const [small] = chunks(1, 2000) as [Uint8Array];
    world.append(a, [small]);
    const took = world.runUntil(() => b.folder.values.has(contentKey(sha256Of(small))), 20_000);
    assert.ok(b.folder.lacking().length > 100, 'much is still to come');
    assert.ok(took < 1000, `${took} ms`);
  });

  test('a receiver that is killed fetches next to nothing twice', () => {
    const world = new ExchangeWorld();
    const b = world.node('b');
    const contents = chunks(400, 60_000);
    for (const name of ['a', 'c', 'd']) {
      const node = world.node(name);
      hold(world, node, contents, log);
    }
    const connect = (): void => {
      for (const node of world.nodes) {
        if (node !== b) world.connect(node, b, { delayMs: 20, bytesPerMs: 2500 });
      }
    };
    connect();
    world.runUntil(() => b.receivedBytes > 12_000_000);
    world.kill(b);
    world.restart(b);
    connect();
    world.run();
    assert.equal(b.folder.lacking().length, 0);
    const once = 400 * 60_092;
    assert.ok(b.receivedBytes / once <= 1.02, `${b.receivedBytes / once} times`);
  });
});
