import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { MAX_PROCESS_CREDIT_BYTES } from '../../src/limits.ts';
import { TreeView } from '../../src/log/tree-view.ts';
import type { DropSetRecord, NamedLink } from '../../src/log/types.ts';
import { Channels } from '../../src/net/channels.ts';
import { CreditPool } from '../../src/net/credit-pool.ts';
import { ExchangeDriver } from '../../src/net/exchange-driver.ts';
import { MemoryNetwork } from '../../src/net/memory-network.ts';
import type { Connection } from '../../src/net/transport.ts';
import { ExchangeSide } from '../../src/operations/exchange-side.ts';
import { randomInteger } from '../../src/system/seeded-random.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { runSeed, seededRandom } from '../helpers/seeded.ts';
import { TestFolder } from '../helpers/test-folder.ts';

const always = { includes: () => true, mayInclude: () => true };

interface Node {
  readonly name: string;
  readonly folder: TestFolder;
  readonly failed: unknown[];
  readonly ended: string[];
  side: ExchangeSide;
  driver: ExchangeDriver;
}

/** Whole folders with real logs, stores and sessions over a network in memory. */
class World {
  readonly clock = new VirtualClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly nodes: Node[] = [];
  #names = 0;

  async node(folder: TestFolder, name: string): Promise<Node> {
    const [failed, ended]: [unknown[], string[]] = [[], []];
    const opened = await this.#drive(folder, failed, ended);
    const node: Node = { name, folder, failed, ended, ...opened };
    this.nodes.push(node);
    await this.network.transport(name).listen(name, (one) => this.#begin(node, one));
    return node;
  }

  async connect(a: Node, b: Node): Promise<void> {
    const dialled = this.network.transport(a.name).dial(b.name, (one) => this.#begin(a, one));
    await this.pass(100);
    await dialled;
  }

  /** The node stops, its folder is opened again, and it is connected to nobody. */
  async restart(node: Node, reopen: () => Promise<void>): Promise<void> {
    await node.driver.close();
    await reopen();
    Object.assign(node, await this.#drive(node.folder, node.failed, node.ended));
  }

  /** Tells the session that this node wrote. */
  async wrote(node: Node): Promise<void> {
    node.driver.advanced(await node.side.heads());
  }

  async pass(ms = 60_000): Promise<void> {
    const end = this.clock.monotonicMs() + ms;
    for (;;) {
      for (let count = 0; count < 40; count++) await turn();
      const next = this.clock.untilNext();
      if (next === undefined || this.clock.monotonicMs() + next > end) return;
      this.clock.advance(next);
    }
  }

  async #drive(
    folder: TestFolder,
    failed: unknown[],
    ended: string[],
  ): Promise<Pick<Node, 'side' | 'driver'>> {
    const side = await ExchangeSide.open(folder);
    const driver = await ExchangeDriver.open({
      side,
      clock: this.clock,
      credit: new CreditPool(MAX_PROCESS_CREDIT_BYTES),
      onEnded: (_, reason, detail) => ended.push(`${reason} ${detail}`),
      onFailed: (error) => failed.push(error),
    });
    return { side, driver };
  }

  #begin(node: Node, connection: Connection): Channels {
    const channels = new Channels(connection);
    node.driver.connect(`peer ${this.#names++}`, (events) => channels.open(9, events));
    return channels;
  }
}

/** Every shown name with its content. */
async function contents({ folder }: Node): Promise<Record<string, string>> {
  const view = await TreeView.open(folder.log, always);
  const found: Record<string, string> = {};
  for (const entry of (await view.list(''))?.entries ?? []) {
    if (entry.version === undefined || entry.kind !== 'file') continue;
    const { manifest } = await folder.log.body(entry.version);
    assert.ok(manifest);
    found[entry.path] = Buffer.from(await folder.read(manifest)).toString('base64');
  }
  return found;
}

async function three(): Promise<[World, Node, Node, Node]> {
  const world = new World();
  const alice = await TestFolder.make();
  const others = [await TestFolder.make('bob'), await TestFolder.make('carol')];
  for (const other of others) await alice.admit(other);
  const a = await world.node(alice, 'a');
  const [b, c] = [
    await world.node(others[0] as TestFolder, 'b'),
    await world.node(others[1] as TestFolder, 'c'),
  ];
  return [world, a, b, c];
}

function assertSound(nodes: readonly Node[], said = ''): void {
  for (const { name, failed, ended } of nodes) {
    assert.deepEqual([failed, ended], [[], []], `${name} ${said}`);
  }
}

describe('a folder in the exchange', () => {
  test('a node that joins a chain gets every log and content, and hands them on', async () => {
    const [world, a, b, c] = await three();
    const random = seededRandom('contents');
    await a.folder.write('small', random.bytes(1000));
    await a.folder.write('large', random.bytes(700_000));
    await a.folder.write('empty', new Uint8Array(0));
    await world.wrote(a);
    await world.connect(a, b);
    await world.connect(b, c);
    await world.pass();
    const all = await contents(a);
    assert.deepEqual(Object.keys(all), ['empty', 'large', 'small']);
    assert.deepEqual(await contents(c), all);
    await c.folder.write('small', random.bytes(2000));
    await world.wrote(c);
    await world.pass();
    assert.deepEqual(await contents(a), await contents(c));
    assertSound(world.nodes);
    for (const { side, folder } of world.nodes) {
      for (const [line, { seq }] of folder.log.heads) assert.equal(side.through(line), seq + 1);
    }
    await c.side.flush();
    await world.restart(c, () => c.folder.reopen({ rebuilt: true }));
    assert.deepEqual(await contents(c), await contents(a), 'also after its index was made again');
  });

  test('what was cut off midway goes on where it was, also after a power cut', async () => {
    const [world, a, b] = await three();
    const random = seededRandom(`cut ${runSeed()}`);
    world.network.setLink('a', 'b', { delayMs: 5, bytesPerMs: 200 });
    for (let at = 0; at < 4; at++) await a.folder.write(`f${at}`, random.bytes(400_000));
    await world.wrote(a);
    for (let round = 0; round < 3; round++) {
      await world.connect(a, b);
      await world.pass(1500);
      world.network.cut('a', 'b');
      await world.restart(b, () => b.folder.crash(random));
    }
    await world.connect(b, a);
    await world.pass(600_000);
    assert.deepEqual(await contents(b), await contents(a));
    assertSound(world.nodes);
  });

  test('current contents come before those that were superseded', async () => {
    const [, a, b] = await three();
    const random = seededRandom('order');
    for (let at = 0; at < 6; at++) await a.folder.write('f', random.bytes(50_000));
    const head = a.folder.log.heads.get(a.folder.own);
    assert.ok(head);
    for (let from = 0; from <= head.seq;) {
      const range = await a.side.readRange({
        log: a.folder.own,
        from,
        toward: head,
        rideBytes: 1_000_000,
      });
      assert.ok(range);
      assert.equal((await b.side.adopt(range)).outcome, 'adopted');
      from += range.entries.length;
    }
    const [current] = await b.side.wants(1);
    const link = (await b.folder.log.linksOf('f')).at(-1);
    assert.ok(link && current?.name.kind === 'content');
    assert.deepEqual(current.name.id, (await b.folder.log.body(link)).manifest?.root);
    assert.equal((await b.side.wants(100)).length, 5, 'history after it, each once');
    assert.deepEqual(await b.side.wants(100), []);
    b.side.rewindWants();
    assert.equal((await b.side.wants(100)).length, 6, 'and again when asked');
  });

  test('contents of entries that are just coming are never said to be here', async () => {
    const [, a, b] = await three();
    await a.folder.write('f', seededRandom('late').bytes(50_000));
    const toward = a.folder.log.heads.get(a.folder.own);
    const { own } = a.folder;
    assert.ok(toward);
    for (let from = 0; from <= toward.seq;) {
      const range = await a.side.readRange({ log: own, from, toward, rideBytes: 1000 });
      assert.ok(range);
      from += range.entries.length;
      let isOver = false;
      const adopting = b.side.adopt(range).finally(() => {
        isOver = true;
      });
      // What is kept durably of how far contents are here may be written at any of these moments.
      while (!isOver) {
        assert.ok(b.side.through(own) <= toward.seq, 'the last content has not come');
        await Promise.resolve();
      }
      assert.equal((await adopting).outcome, 'adopted');
    }
    await b.side.flush();
    await b.folder.reopen();
    const again = await ExchangeSide.open(b.folder);
    assert.equal((await again.wants(100)).length, 1, 'it is still wanted');
  });

  test('what this node dropped is not wanted, nor taken where it rides along', async () => {
    const [, a, b] = await three();
    for (const name of ['dropped', 'kept', 'restored']) {
      await a.folder.write(name, Buffer.from(`the content of ${name}`));
    }
    const [dropped, , restored] = await Promise.all(
      ['dropped', 'kept', 'restored'].map(async (name) => {
        const link = (await a.folder.log.linksOf(name)).at(-1);
        assert.ok(link);
        return link;
      }),
    );
    assert.ok(dropped && restored);
    const say = (
      action: 'drop' | 'restore',
      time: number,
      ...links: NamedLink[]
    ): DropSetRecord => ({
      type: 'drop-set',
      action,
      dots: links.map(({ dot }) => dot),
      snapshots: [],
      time,
    });
    await b.folder.log.append({
      versions: [],
      records: () => [say('drop', 1, dropped, restored), say('restore', 2, restored)],
    });
    const side = await ExchangeSide.open(b.folder);
    const head = a.folder.log.heads.get(a.folder.own);
    assert.ok(head);
    for (let from = 0; from <= head.seq;) {
      const ask = { log: a.folder.own, from, toward: head, rideBytes: 10_000 };
      const range = await a.side.readRange(ask);
      assert.ok(range);
      assert.equal((await side.adopt(range)).outcome, 'adopted');
      from += range.entries.length;
    }
    assert.deepEqual(await side.wants(100), []);
    const found: Record<string, boolean> = {};
    for (const name of ['dropped', 'kept', 'restored']) {
      const link = (await b.folder.log.linksOf(name)).at(-1);
      const root = link && (await b.folder.log.body(link)).manifest?.root;
      assert.ok(root);
      found[name] = (await b.folder.store.holds([root]))[0] === true;
    }
    assert.deepEqual(found, { dropped: false, kept: true, restored: true });
  });

  test('a value that is not wanted, or not what it says, is not kept', async () => {
    const [, a, b] = await three();
    await a.folder.write('f', Buffer.from('content'));
    const link = (await a.folder.log.linksOf('f')).at(-1);
    assert.ok(link);
    const root = (await a.folder.log.body(link)).manifest?.root;
    assert.ok(root);
    const name = { kind: 'content', id: root } as const;
    const [sealed] = await a.side.getSealed([name]);
    assert.ok(sealed);
    assert.deepEqual(await b.side.putSealed([sealed]), ['unwanted']);
    const broken = Uint8Array.from(sealed);
    broken[80] = (broken[80] ?? 0) ^ 1;
    assert.deepEqual(await b.side.putSealed([broken, new Uint8Array(3)]), ['corrupt', 'corrupt']);
    assert.deepEqual(await b.side.has([name]), ['missing']);
    assert.deepEqual(await b.side.getSealed([name]), [undefined]);
    assert.deepEqual(await a.side.has([name]), ['here']);
  });

  test('random edits on all sides end alike everywhere, whichever links there are', async () => {
    const seed = runSeed();
    for (let run = 0; run < 4; run++) {
      const said = `VAULT_SEED=${seed} run ${run}`;
      const random = seededRandom(`${seed} side ${run}`);
      const [world, ...nodes] = await three();
      for (let step = 0; step < 14; step++) {
        const node = nodes[randomInteger(random, 3)] as Node;
        const other = nodes[randomInteger(random, 3)] as Node;
        switch (randomInteger(random, 5)) {
          case 0:
            if (node !== other) await world.connect(node, other);
            break;
          case 1:
            if (node !== other) world.network.cut(node.name, other.name);
            await world.pass(randomInteger(random, 3000));
            break;
          default:
            node.folder.clock.advance(randomInteger(random, 2000));
            await node.folder.write(
              `f${randomInteger(random, 3)}`,
              random.bytes(randomInteger(random, 120_000)),
            );
            await world.wrote(node);
        }
      }
      const [a, b, c] = nodes;
      await world.connect(a, b);
      await world.connect(c, b);
      await world.pass(300_000);
      assertSound(nodes, said);
      const all = await contents(a);
      assert.ok(Object.keys(all).length > 0, said);
      assert.deepEqual(await contents(b), all, said);
      assert.deepEqual(await contents(c), all, said);
    }
  });
});
