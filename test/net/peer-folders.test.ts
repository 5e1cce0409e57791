/** Folders of several nodes over real connections on this machine: handshake, tokens, exchange. */

import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { mapKey, toHex } from '../../src/bytes.ts';
import { MAX_PROCESS_CREDIT_BYTES } from '../../src/limits.ts';
import { CreditPool } from '../../src/net/credit-pool.ts';
import { ExchangeDriver } from '../../src/net/exchange-driver.ts';
import type { LocalFolder } from '../../src/net/folder-channels.ts';
import type { PeerConnection } from '../../src/net/peer-connection.ts';
import { PeerFolders, type ConnectionEnd } from '../../src/net/peer-folders.ts';
import { testDoor, openDoor, staticKey, type TestDoor } from '../helpers/doors.ts';
import { MemoryFolder, sideOf } from '../helpers/memory-folder.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { eventually } from '../helpers/wait.ts';

const random = seededRandom('connections');
const ids = { X: random.bytes(32), Y: random.bytes(32), Z: random.bytes(32) };
type FolderName = keyof typeof ids;

interface Held {
  readonly folder: MemoryFolder;
  readonly driver: ExchangeDriver;
  /** Names of nodes it is shared with. */
  readonly members: Set<string>;
}

class TestNode {
  readonly name: string;
  readonly door: TestDoor;
  readonly held = new Map<FolderName, Held>();
  readonly connections = new Map<string, PeerFolders>();
  readonly ended: ConnectionEnd[] = [];
  /** Bytes of every frame that came, by peer. */
  readonly heard = new Map<string, Uint8Array[]>();
  /** Bytes that left, by folder; of none, what is about folders. */
  readonly left = new Map<string | undefined, number>();
  /** Sessions under way, as `folder peer`. */
  readonly sessions = new Set<string>();
  #count = 0;

  constructor(name: string, known: readonly string[]) {
    this.name = name;
    this.door = testDoor(name, known);
  }

  async hold(name: FolderName, members: readonly string[]): Promise<Held> {
    const folder = new MemoryFolder(`${this.name} ${name}`);
    const driver = await ExchangeDriver.open({
      side: sideOf(folder),
      clock: systemClock,
      credit: new CreditPool(MAX_PROCESS_CREDIT_BYTES),
      onFailed: (error) => assert.fail(String(error)),
    });
    const held = { folder, driver, members: new Set(members) };
    this.held.set(name, held);
    return held;
  }

  add(name: FolderName, ...bytes: number[]): void {
    const held = this.held.get(name);
    assert.ok(held);
    held.driver.advanced(held.folder.append(bytes.map((length) => random.bytes(length))));
  }

  /** Tells every peer's spoken what is shared with it now. */
  refresh(): void {
    for (const [peer, spoken] of this.connections) spoken.setFolders(this.#folders(peer));
  }

  readonly begin = (connection: PeerConnection): PeerFolders => {
    const peer = nameOf(connection.peer);
    const heard: Uint8Array[] = [];
    this.heard.set(peer, heard);
    const spoken = new PeerFolders({
      connection,
      random,
      folders: this.#folders(peer),
      limits: {
        clock: systemClock,
        of: (id) => {
          const folder = Object.entries(ids).find(([, one]) => id && toHex(one) === toHex(id))?.[0];
          const spend = (bytes: number): unknown =>
            this.left.set(folder, (this.left.get(folder) ?? 0) + bytes);
          return [{ waitMs: () => 0, spend }];
        },
      },
      opened: (id, open) => {
        const [name, held] = [...this.held].find(([one]) => toHex(ids[one]) === toHex(id)) ?? [];
        assert.ok(name && held);
        const session = `${name} ${peer}`;
        const unique = `${session} ${this.#count++}`;
        this.sessions.add(session);
        held.driver.connect(unique, open);
        return () => {
          this.sessions.delete(session);
          held.driver.disconnect(unique);
        };
      },
      closed: (how) => {
        this.connections.delete(peer);
        this.ended.push(how);
      },
    });
    this.connections.set(peer, spoken);
    const taken = spoken.frame.bind(spoken);
    spoken.frame = (bytes) => {
      heard.push(bytes.slice());
      taken(bytes);
    };
    return spoken;
  };

  #folders(peer: string): LocalFolder[] {
    return [...this.held].map(([name, { members }]) => ({
      id: ids[name],
      isShared: members.has(peer),
    }));
  }
}

const names = ['a', 'b', 'c'];
function nameOf(key: Uint8Array): string {
  return names.find((name) => mapKey(staticKey(name).exchangeKey) === mapKey(key)) ?? 'nobody';
}

async function connect(t: TestContext, from: TestNode, to: TestNode): Promise<void> {
  const listener = await openDoor(t, to.door, to.begin);
  const callee = { peer: to.door.own.exchangeKey };
  await from.door.door.dial(listener.address, callee, from.begin);
  await eventually('the other end', () => to.connections.has(from.name));
  t.after(() => {
    for (const spoken of [...from.connections.values(), ...to.connections.values()]) spoken.close();
  });
}

function has(node: TestNode, folder: FolderName, entries: number): boolean {
  const held = node.held.get(folder)?.folder;
  return held?.entryCount === entries && held.lacking().length === 0;
}

describe('folders over connections', () => {
  test('three nodes exchange what each two of them share, and nothing else', async (t) => {
    const [a, b, c] = names.map((name) => new TestNode(name, names)) as [
      TestNode,
      TestNode,
      TestNode,
    ];
    await a.hold('X', ['b']);
    await b.hold('X', ['a']);
    await b.hold('Y', ['c']);
    await c.hold('Y', ['b']);
    await a.hold('Z', ['c']);
    await c.hold('Z', ['a']);
    await b.hold('Z', []);
    a.add('X', 100_000, 20, 300_000);
    a.add('Z', 50_000);
    c.add('Y', 70_000);
    await connect(t, a, b);
    await connect(t, b, c);
    await connect(t, c, a);
    b.add('X', 5);
    await eventually('all to arrive', () => has(b, 'X', 2) && has(a, 'X', 2));
    await eventually('the others', () => has(b, 'Y', 1) && has(c, 'Z', 1));
    assert.ok(has(b, 'Z', 0), 'b holds Z and is no member of it for the others');
    assert.deepEqual([...b.sessions].toSorted(), ['X a', 'Y c']);
    const known = { X: ['a', 'b'], Y: ['b', 'c'], Z: ['a', 'c'] };
    for (const node of [a, b, c]) {
      const frames = [...node.heard.values()].flat().map(toHex).join(' ');
      for (const [name, members] of Object.entries(known)) {
        if (members.includes(node.name)) continue;
        assert.ok(
          !frames.includes(toHex(ids[name as FolderName])),
          `${node.name} hears of ${name}`,
        );
      }
    }
    assert.deepEqual([a.ended, b.ended, c.ended], [[], [], []]);
    const left = (node: TestNode, folder: string): number => node.left.get(folder) ?? 0;
    assert.ok(left(a, 'X') > 400_000 && left(a, 'X') < 410_000, 'counted by folder');
    assert.ok(left(a, 'Z') > 50_000 && left(b, 'X') < 5000);
    assert.deepEqual(new Set(a.left.keys()), new Set(['X', 'Z', undefined]));
  });

  test('follow who is a member, without a new connection', async (t) => {
    const [a, b] = [new TestNode('a', names), new TestNode('b', names)];
    const inA = await a.hold('X', ['b']);
    await a.hold('Y', []);
    await b.hold('X', ['a']);
    await b.hold('Y', ['a']);
    await connect(t, a, b);
    a.add('X', 10);
    a.add('Y', 10);
    await eventually('X', () => has(b, 'X', 1));
    a.held.get('Y')?.members.add('b');
    a.refresh();
    await eventually('Y', () => has(b, 'Y', 1));
    inA.members.delete('b');
    a.refresh();
    assert.deepEqual([...a.sessions], ['Y b'], 'at once here');
    await eventually('the other end', () => !b.sessions.has('X a'));
    a.add('X', 1000);
    a.add('Y', 20);
    await eventually('more of Y', () => has(b, 'Y', 2));
    assert.ok(has(b, 'X', 1));
    inA.members.add('b');
    a.refresh();
    await eventually('X again', () => has(b, 'X', 2));
    assert.deepEqual([a.ended, b.ended], [[], []]);
  });

  test('of a peer that breaks the rules of channels end, and are told apart from a lost one', async (t) => {
    const [a, b] = [new TestNode('a', names), new TestNode('b', names)];
    await a.hold('X', ['b']);
    await b.hold('X', ['a']);
    const listener = await openDoor(t, b.door, b.begin);
    for (const frame of [
      Uint8Array.of(0, 0, 0, 0xff),
      Uint8Array.of(0, 0, 9, 1),
      Uint8Array.of(1),
    ]) {
      const closed: string[] = [];
      await a.door.door.dial(listener.address, { peer: b.door.own.exchangeKey }, (connection) => {
        connection.send(frame);
        return {
          frame: () => undefined,
          drained: () => undefined,
          closed: (how) => closed.push(how),
        };
      });
      await eventually('the end', () => closed.length > 0);
      assert.deepEqual(closed, ['ended']);
      assert.deepEqual(b.ended.splice(0), ['misbehaved']);
    }
    assert.equal(b.sessions.size, 0);
  });
});
