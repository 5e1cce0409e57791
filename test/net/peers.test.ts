import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { fromHex, toHex } from '../../src/bytes.ts';
import { systemClock } from '../../src/clock.ts';
import { MemoryNetwork } from '../../src/net/memory-network.ts';
import type { PeerConnection } from '../../src/net/peer-connection.ts';
import { Peers, type PeersParts } from '../../src/net/peers.ts';
import type { Begin, Connection } from '../../src/net/transport.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { openDoor, testDoor, type TestDoor } from '../helpers/doors.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { eventually } from '../helpers/wait.ts';

const folder = seededRandom('folder').bytes(32);

/** Nodes `a` and `b` with keys of their own, on a network in memory with virtual time. */
class World {
  readonly clock = new VirtualClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly log: string[] = [];
  readonly shares = new Set(['a', 'b']);
  readonly dials: string[] = [];
  #pairs = 0;

  key(name: string): string {
    return toHex(seededRandom(`key ${name}`).bytes(32));
  }

  node(name: string, other: string): Peers {
    const note = (what: string): unknown => this.log.push(`${name} ${what}`);
    const parts: PeersParts = {
      own: this.key(name),
      clock: this.clock,
      random: seededRandom(name),
      dial: async (_, address, begin) => {
        this.dials.push(`${name} at ${this.clock.monotonicMs()}`);
        this.#pairs++;
        const sentUs = this.clock.wallMs() * 1000;
        const begins = (connection: Connection): ReturnType<Begin> =>
          begin(this.#known(connection, other, true, sentUs));
        await this.network.transport(name).dial(address, begins);
      },
      folders: () => [{ id: folder, isShared: this.shares.has(name) }],
      opened: () => {
        note('opened');
        return () => note('closed');
      },
      changed: (_, how) => note(how),
      failed: (error) => note(`failed: ${String(error)}`),
    };
    return new Peers(parts);
  }

  /** Has `peers` of the node `name` take connections from `other`. */
  async listen(name: string, other: string, peers: Peers): Promise<void> {
    const begin = (connection: Connection): ReturnType<Begin> =>
      peers.begin(this.#known(connection, other, false, this.clock.wallMs() * 1000));
    await this.network.transport(name).listen(name, begin);
  }

  async pass(ms: number): Promise<void> {
    const end = this.clock.monotonicMs() + ms;
    for (;;) {
      for (let count = 0; count < 5; count++) await turn();
      const next = this.clock.untilNext();
      if (next === undefined || this.clock.monotonicMs() + next > end) break;
      this.clock.advance(next);
    }
    this.clock.advance(end - this.clock.monotonicMs());
  }

  #known(connection: Connection, other: string, isDialer: boolean, sentUs: number): PeerConnection {
    return Object.assign(connection, {
      peer: fromHex(this.key(other)),
      run: seededRandom(`run of ${other}`).bytes(16),
      sessionHash: seededRandom(`session ${this.#pairs}`).bytes(32),
      isDialer,
      sentUs,
    });
  }
}

async function pair(): Promise<{ world: World; a: Peers; b: Peers }> {
  const world = new World();
  const [a, b] = [world.node('a', 'b'), world.node('b', 'a')];
  await world.listen('b', 'a', b);
  b.setPeers(new Map([[world.key('a'), []]]));
  a.setPeers(new Map([[world.key('b'), ['b']]]));
  await world.pass(100);
  return { world, a, b };
}

describe('peers', () => {
  test('are dialed, and folders are spoken of', async () => {
    const { world, a, b } = await pair();
    assert.deepEqual(world.log, ['b connected', 'a connected', 'a opened', 'b opened']);
    assert.deepEqual([...a.connected], [world.key('b')]);
    await a.close();
    await world.pass(1000);
    assert.deepEqual(world.log.slice(4), ['a closed', 'a ended', 'b closed', 'b ended']);
    assert.deepEqual([a.connected.size, b.connected.size], [0, 0]);
    await b.close();
    assert.equal(world.clock.timers, 0);
  });

  test('that are lost are dialed again, after longer and longer waits', async () => {
    const { world, a } = await pair();
    world.dials.length = 0;
    world.log.length = 0;
    await world.pass(100_000);
    world.network.setLink('a', 'b', { isSilent: true });
    world.network.cut('a', 'b');
    await world.pass(120_000);
    const times = world.dials.map((line) => Number(line.replace(/.* /, '')) - 100_100);
    assert.ok(times.length >= 4 && times.length < 8, `${times.length} dials`);
    assert.ok((times[0] ?? 0) >= 750 && (times[0] ?? 0) <= 1000);
    const gaps = times.slice(1).map((at, before) => at - (times[before] ?? 0));
    assert.deepEqual(
      gaps,
      gaps.toSorted((x, y) => x - y),
    );
    world.network.setLink('a', 'b', {});
    a.networkChanged();
    await world.pass(11_000);
    assert.equal(a.connected.size, 1);
    assert.deepEqual(world.log.slice(-2), ['a opened', 'b opened']);
  });

  test('that are no longer wanted are gone at once, and so are folders no longer shared', async () => {
    const { world, a, b } = await pair();
    world.log.length = 0;
    world.shares.delete('b');
    b.foldersChanged();
    assert.deepEqual(world.log, ['b closed']);
    await world.pass(10);
    assert.deepEqual(world.log, ['b closed', 'a closed'], 'within the time a message takes');
    b.setPeers(new Map());
    assert.equal(b.connected.size, 0);
    await world.pass(10);
    assert.deepEqual(world.log.slice(2), ['b ended', 'a ended']);
    await world.pass(3_600_000);
    assert.equal(b.connected.size, 0, 'however often it is dialed');
    await a.close();
  });

  test('that dial each other end with one connection', async () => {
    const world = new World();
    const [a, b] = [world.node('a', 'b'), world.node('b', 'a')];
    await world.listen('b', 'a', b);
    await world.listen('a', 'b', a);
    world.network.setLink('a', 'b', { delayMs: 50 });
    b.setPeers(new Map([[world.key('a'), ['a']]]));
    a.setPeers(new Map([[world.key('b'), ['b']]]));
    await world.pass(10_000);
    for (const name of ['a', 'b']) {
      const own = world.log.filter((line) => line.startsWith(`${name} `));
      const count = (what: string): number =>
        own.filter((line) => line === `${name} ${what}`).length;
      assert.equal(count('connected') - count('ended') - count('lost'), 1, own.join(', '));
      assert.equal(count('opened') - count('closed'), 1, own.join(', '));
    }
    world.log.length = 0;
    await world.pass(600_000);
    assert.deepEqual(world.log, [], 'and it stays');
  });

  test('find each other through doors', async (t) => {
    const doors = { a: testDoor('a', ['b']), b: testDoor('b', ['a']) };
    const log: string[] = [];
    const peersOf = (name: 'a' | 'b', door: TestDoor): Peers =>
      new Peers({
        own: toHex(door.own.exchangeKey),
        clock: systemClock,
        random: seededRandom(name),
        dial: (peer, address, begin) => door.door.dial(address, { peer: fromHex(peer) }, begin),
        folders: () => [{ id: folder, isShared: true }],
        opened: () => {
          log.push(`${name} opened`);
          return () => log.push(`${name} closed`);
        },
        failed: (error) => log.push(`${name} failed: ${String(error)}`),
      });
    const [a, b] = [peersOf('a', doors.a), peersOf('b', doors.b)];
    const listener = await openDoor(t, doors.b, b.begin);
    b.setPeers(new Map([[toHex(doors.a.own.exchangeKey), []]]));
    const addresses = ['127.0.0.1:9', 'no address', listener.address];
    a.setPeers(new Map([[toHex(doors.b.own.exchangeKey), addresses]]));
    await eventually('both', () => log.length === 3);
    const failure = 'a failed: VaultError: "no address" is no address';
    assert.deepEqual(log.toSorted(), [failure, 'a opened', 'b opened']);
    await a.close();
    await eventually('the end', () => log.includes('b closed'));
    await b.close();
  });
});
