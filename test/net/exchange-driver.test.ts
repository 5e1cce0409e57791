import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { isVaultError, VaultError } from '../../src/errors.ts';
import { MAX_PROCESS_CREDIT_BYTES } from '../../src/limits.ts';
import { Channels } from '../../src/net/channels.ts';
import { CreditPool } from '../../src/net/credit-pool.ts';
import { ExchangeDriver } from '../../src/net/exchange-driver.ts';
import type { FolderSide } from '../../src/net/folder-side.ts';
import { MemoryNetwork } from '../../src/net/memory-network.ts';
import type { Connection } from '../../src/net/transport.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { MemoryFolder, sideOf } from '../helpers/memory-folder.ts';
import { seededRandom } from '../helpers/seeded.ts';

interface DrivenNode {
  readonly name: string;
  readonly folder: MemoryFolder;
  readonly driver: ExchangeDriver;
  readonly credit: CreditPool;
  readonly ended: string[];
  readonly failed: unknown[];
  readonly connections: Connection[];
}

/** Whole drivers over the network in memory, each peer in a channel of its own. */
class DriverWorld {
  readonly clock = new VirtualClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly nodes: DrivenNode[] = [];
  #names = 0;

  async node(name: string, change = (side: FolderSide): FolderSide => side): Promise<DrivenNode> {
    const folder = new MemoryFolder(name);
    const credit = new CreditPool(MAX_PROCESS_CREDIT_BYTES);
    const ended: string[] = [];
    const failed: unknown[] = [];
    const driver = await ExchangeDriver.open({
      side: change(sideOf(folder)),
      clock: this.clock,
      credit,
      onEnded: (_, reason) => ended.push(reason),
      onFailed: (error) => failed.push(error),
    });
    const node: DrivenNode = { name, folder, driver, credit, ended, failed, connections: [] };
    this.nodes.push(node);
    await this.network.transport(name).listen(name, (one) => this.#begin(node, one));
    return node;
  }

  async connect(a: DrivenNode, b: DrivenNode): Promise<void> {
    const dialled = this.network
      .transport(a.name)
      .dial(b.name, (connection) => this.#begin(a, connection));
    await this.pass(100);
    await dialled;
  }

  /** Lets time pass until nothing is left to happen, or for so long. */
  async pass(ms = 60_000): Promise<void> {
    const end = this.clock.monotonicMs() + ms;
    for (;;) {
      for (let count = 0; count < 3; count++) await turn();
      const next = this.clock.untilNext();
      if (next === undefined || this.clock.monotonicMs() + next > end) return;
      this.clock.advance(next);
    }
  }

  #begin(node: DrivenNode, connection: Connection): Channels {
    const channels = new Channels(connection);
    node.connections.push(connection);
    node.driver.connect(`peer ${this.#names++}`, (events) => channels.open(9, events));
    return channels;
  }
}

const random = seededRandom('driver');

function chunks(count: number, bytes: number): Uint8Array[] {
  return Array.from({ length: count }, () => random.bytes(bytes));
}

describe('the driver of an exchange', () => {
  test('carries entries and contents over connections, and gives all credit back', async () => {
    const world = new DriverWorld();
    const [a, b, c] = [await world.node('a'), await world.node('b'), await world.node('c')];
    world.network.setLink('a', 'b', { delayMs: 20, bytesPerMs: 5000 });
    world.network.setLink('b', 'c', { delayMs: 1 });
    a.driver.advanced(a.folder.append(chunks(100, 100_000)));
    await world.connect(a, b);
    await world.connect(b, c);
    b.driver.advanced(b.folder.append(chunks(3, 5000)));
    await world.pass();
    for (const node of [a, b, c]) {
      assert.equal(node.folder.entryCount, 2, node.name);
      assert.equal(node.folder.lacking().length, 0, node.name);
      assert.ok(node.driver.isQuiet);
      assert.deepEqual([node.ended, node.failed], [[], []]);
    }
    assert.equal(world.clock.timers, 0, 'nothing is waited for');
    await a.driver.close();
    await world.pass();
    assert.deepEqual(b.ended, ['done']);
    for (const { connections } of world.nodes) for (const one of connections) one.close();
    await world.pass();
    for (const node of [a, b, c]) assert.equal(node.credit.used, 0, node.name);
  });

  test('goes on over a new connection where the old one broke off', async () => {
    const world = new DriverWorld();
    const [a, b] = [await world.node('a'), await world.node('b')];
    world.network.setLink('a', 'b', { delayMs: 10, bytesPerMs: 1000 });
    a.driver.advanced(a.folder.append(chunks(60, 65_536)));
    for (let count = 0; count < 3; count++) {
      await world.connect(a, b);
      await world.pass(1000);
      assert.ok(b.folder.lacking().length > 0, 'it is cut off midway');
      world.network.cut('a', 'b');
    }
    await world.connect(b, a);
    await world.pass();
    assert.deepEqual([b.folder.entryCount, b.folder.lacking().length], [1, 0]);
  });

  test('ends all sessions where the folder fails, says why once, and touches nothing more', async () => {
    const world = new DriverWorld();
    const full = new VaultError('VAULT_NO_SPACE', 'no space left');
    const a = await world.node('a');
    const b = await world.node('b', (side) => ({ ...side, putSealed: () => Promise.reject(full) }));
    await world.connect(a, b);
    a.driver.advanced(a.folder.append(chunks(5, 50_000)));
    await world.pass();
    assert.equal(b.failed.length, 1);
    assert.ok(isVaultError(b.failed[0], 'VAULT_NO_SPACE'));
    assert.deepEqual(a.ended, ['unable']);
    assert.deepEqual(a.failed, []);
    assert.ok(a.driver.isQuiet);
    b.driver.advanced(b.folder.append(chunks(1, 10)));
    await world.pass();
    assert.equal(a.folder.entryCount, 1);
  });

  test('what cannot be read ends one session; others go on', async () => {
    const world = new DriverWorld();
    const [a, b, c] = [await world.node('a'), await world.node('b'), await world.node('c')];
    await world.connect(a, b);
    await world.connect(a, c);
    b.connections[0]?.send(Uint8Array.of(0, 9, 0, 0xff));
    await world.pass();
    assert.deepEqual([a.ended, b.ended, c.ended], [['malformed'], ['malformed'], []]);
    a.driver.advanced(a.folder.append(chunks(1, 100)));
    await world.pass();
    assert.deepEqual([b.folder.entryCount, c.folder.entryCount], [0, 1]);
  });

  test('a frame that is none ends its connection, and only that', async () => {
    const world = new DriverWorld();
    const [a, b, c] = [await world.node('a'), await world.node('b'), await world.node('c')];
    await world.connect(a, b);
    await world.connect(a, c);
    b.connections[0]?.send(Uint8Array.of(0));
    await world.pass();
    assert.throws(() => b.connections[0]?.send(Uint8Array.of(0, 9, 0, 1)), VaultError);
    a.driver.advanced(a.folder.append(chunks(1, 100)));
    await world.pass();
    assert.equal(c.folder.entryCount, 1);
  });

  test('a silent peer costs time and nothing else: others are asked instead', async () => {
    const world = new DriverWorld();
    const [a, b, c] = [await world.node('a'), await world.node('b'), await world.node('c')];
    for (const node of [a, b]) {
      for (const other of [a, b, c]) {
        if (other !== node) world.network.setLink(node.name, other.name, { bytesPerMs: 200 });
      }
    }
    const contents = chunks(40, 60_000);
    a.driver.advanced(a.folder.append(contents));
    await world.connect(a, b);
    await world.pass();
    assert.equal(b.folder.lacking().length, 0);
    await world.connect(a, c);
    await world.connect(b, c);
    world.network.setLink('a', 'c', { isSilent: true });
    await world.pass();
    assert.equal(c.folder.lacking().length, 0);
    assert.equal(c.folder.entryCount, 1);
  });
});
