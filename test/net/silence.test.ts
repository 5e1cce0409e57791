/** What a peer can see of a folder that is not shared with it: nothing, to the byte and the millisecond. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { mapKey } from '../../src/bytes.ts';
import { MAX_PROCESS_CREDIT_BYTES } from '../../src/limits.ts';
import { CreditPool } from '../../src/net/credit-pool.ts';
import { ExchangeDriver } from '../../src/net/exchange-driver.ts';
import { MemoryNetwork } from '../../src/net/memory-network.ts';
import type { PeerConnection } from '../../src/net/peer-connection.ts';
import { PeerFolders } from '../../src/net/peer-folders.ts';
import type { Begin, Connection } from '../../src/net/transport.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { MemoryFolder, sideOf } from '../helpers/memory-folder.ts';
import { seededRandom } from '../helpers/seeded.ts';

const X = seededRandom('X').bytes(32);
const Y = seededRandom('Y').bytes(32);

interface Told {
  readonly id: Uint8Array;
  /** With whom the node shares it; the last peer of the world is always `watcher`. */
  readonly with: readonly string[];
}

/** A connection of the network in memory, as if a handshake had been before it. */
function known(
  connection: Connection,
  peer: string,
  pair: string,
  isDialer: boolean,
): PeerConnection {
  return Object.assign(connection, {
    peer: seededRandom(peer).bytes(32),
    run: seededRandom(peer).bytes(16),
    sessionHash: seededRandom(pair).bytes(32),
    isDialer,
    sentUs: 1,
  });
}

/**
 * A node shares X with `friend` and `watcher`. In Y, which `friend` has too, much happens. Gives the lengths of
 * all that `watcher` hears, with the times.
 */
async function whatIsHeard(
  inHub: readonly Told[],
  inWatcher: readonly Uint8Array[],
): Promise<{ readonly heard: readonly string[]; readonly ofY: number }> {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock);
  const heard: string[] = [];
  const random = seededRandom('silence');
  const bytes = seededRandom('contents');

  const held = async (
    name: string,
    id: Uint8Array,
  ): Promise<{ folder: MemoryFolder; driver: ExchangeDriver }> => {
    const folder = new MemoryFolder(`${name} ${mapKey(id)}`);
    const driver = await ExchangeDriver.open({
      side: sideOf(folder),
      clock,
      credit: new CreditPool(MAX_PROCESS_CREDIT_BYTES),
      onFailed: (error) => assert.fail(String(error)),
    });
    return { folder, driver };
  };
  const node = async (
    name: string,
    told: readonly Told[],
  ): Promise<{
    folders: Map<string, Awaited<ReturnType<typeof held>>>;
    begin: (peer: string, pair: string, isDialer: boolean) => Begin;
  }> => {
    const folders = new Map<string, Awaited<ReturnType<typeof held>>>();
    for (const { id } of told) folders.set(mapKey(id), await held(name, id));
    let count = 0;
    return {
      folders,
      begin: (peer, pair, isDialer) => (connection) => {
        const spoken = new PeerFolders({
          connection: known(connection, peer, pair, isDialer),
          random,
          folders: told.map((one) => ({ id: one.id, isShared: one.with.includes(peer) })),
          opened: (id, open) => {
            const session = `${peer} ${count++}`;
            folders.get(mapKey(id))?.driver.connect(session, open);
            return () => folders.get(mapKey(id))?.driver.disconnect(session);
          },
          closed: () => undefined,
        });
        if (name !== 'watcher') return spoken;
        return {
          frame: (frame) => {
            heard.push(`${frame.length} at ${clock.monotonicMs()}`);
            spoken.frame(frame);
          },
          drained: () => spoken.drained(),
          closed: (how) => spoken.closed(how),
        };
      },
    };
  };
  const pass = async (ms: number): Promise<void> => {
    const end = clock.monotonicMs() + ms;
    for (;;) {
      for (let turns = 0; turns < 4; turns++) await turn();
      const next = clock.untilNext();
      if (next === undefined || clock.monotonicMs() + next > end) break;
      clock.advance(next);
    }
    clock.advance(end - clock.monotonicMs());
  };

  const hub = await node('hub', inHub);
  const friend = await node('friend', [
    { id: X, with: ['hub'] },
    { id: Y, with: ['hub'] },
  ]);
  const watcher = await node(
    'watcher',
    inWatcher.map((id) => ({ id, with: ['hub'] })),
  );
  for (const [name, one] of [
    ['friend', friend],
    ['watcher', watcher],
  ] as const) {
    const pair = `hub and ${name}`;
    await network.transport('hub').listen(`for ${name}`, hub.begin(name, pair, false));
    const dialed = network.transport(name).dial(`for ${name}`, one.begin('hub', pair, true));
    await pass(10);
    await dialed;
  }
  const change = async (from: typeof hub, id: Uint8Array, sizes: number[]): Promise<void> => {
    const one = from.folders.get(mapKey(id));
    one?.driver.advanced(one.folder.append(sizes.map((size) => bytes.bytes(size))));
    await pass(500);
  };
  // X changes alike in all worlds, Y in between.
  for (let round = 0; round < 5; round++) {
    await change(friend, X, [1000 + round]);
    await change(hub, Y, [200_000, 10]);
    await change(hub, X, [50_000]);
    await change(friend, Y, [7, 8, 9]);
  }
  await pass(60_000);
  const inX = watcher.folders.get(mapKey(X))?.folder;
  assert.deepEqual([inX?.entryCount, inX?.lacking().length], [10, 0], 'X arrived whole');
  assert.equal(hub.folders.get(mapKey(Y))?.folder.entryCount, 10, 'Y changed');
  return { heard, ofY: watcher.folders.get(mapKey(Y))?.folder.entryCount ?? 0 };
}

test('a peer that was denied a folder hears what one never invited hears', async () => {
  const all = ['friend', 'watcher'];
  const [x, y] = [
    { id: X, with: all },
    { id: Y, with: ['friend'] },
  ];
  const never = await whatIsHeard([x, y], [X]);
  const denied = await whatIsHeard([x, y], [X, Y]);
  assert.ok(never.heard.length > 15, `${never.heard.length} frames`);
  assert.deepEqual(denied, never);
  const member = await whatIsHeard([x, { id: Y, with: all }], [X, Y]);
  assert.ok(member.ofY === 10 && member.heard.length > never.heard.length);
});
