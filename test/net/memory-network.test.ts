import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { isVaultError } from '../../src/errors.ts';
import { MemoryNetwork } from '../../src/net/memory-network.ts';
import type { Connection, ConnectionEvents } from '../../src/net/transport.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { transportContract } from '../contracts/transport.ts';

interface World {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  readonly until: (what: string, holds: () => boolean) => Promise<void>;
  readonly settle: <T>(promise: Promise<T>) => Promise<T>;
}

function world(): World {
  const clock = new VirtualClock();
  const until = async (what: string, holds: () => boolean): Promise<void> => {
    await turn();
    while (!holds()) {
      const next = clock.untilNext();
      if (next === undefined) throw new Error(`nothing more happens; waited for ${what}`);
      clock.advance(next);
      await turn();
    }
  };
  const settle = async <T>(promise: Promise<T>): Promise<T> => {
    let isSettled = false;
    const settled = promise.finally(() => {
      isSettled = true;
    });
    settled.catch(() => undefined);
    await until('an answer', () => isSettled);
    return settled;
  };
  return { clock, network: new MemoryNetwork(clock), until, settle };
}

transportContract('memory', () => {
  const { network, until, settle } = world();
  network.setLink('a', 'b', { delayMs: 5, bytesPerMs: 1000 });
  return {
    dialer: network.transport('a'),
    listener: network.transport('b'),
    address: 'b:1',
    nowhere: 'b:2',
    until,
    settle,
    breakAll: () => network.cut('a', 'b'),
  };
});

interface Ends {
  readonly near: Connection;
  readonly far: Connection;
  readonly log: string[];
}

async function connect({ clock, network, settle }: World): Promise<Ends> {
  const log: string[] = [];
  const ends: Connection[] = [];
  const begin =
    (name: string) =>
    (connection: Connection): ConnectionEvents => {
      ends.push(connection);
      return {
        frame: (bytes) => log.push(`${name} got ${bytes.length} at ${clock.monotonicMs()}`),
        drained: () => log.push(`${name} drained at ${clock.monotonicMs()}`),
        closed: (how) => log.push(`${name} ${how} at ${clock.monotonicMs()}`),
      };
    };
  await settle(network.transport('b').listen('b', begin('b')));
  await settle(network.transport('a').dial('b', begin('a')));
  const [far, near] = ends;
  assert.ok(near && far);
  return { near, far, log };
}

describe('the network in memory', () => {
  test('takes the time that delay and speed make', async () => {
    const one = world();
    one.network.setLink('a', 'b', { delayMs: 10, bytesPerMs: 100 });
    const { near, far, log } = await connect(one);
    assert.equal(one.clock.monotonicMs(), 20, 'a dial takes there and back');
    near.send(new Uint8Array(500));
    near.send(new Uint8Array(1000));
    far.send(new Uint8Array(100));
    one.clock.advance(100);
    assert.deepEqual(log, ['a got 100 at 31', 'b got 500 at 35', 'b got 1000 at 45']);
  });

  test('a delay that shrinks lets nothing overtake', async () => {
    const one = world();
    one.network.setLink('a', 'b', { delayMs: 50 });
    const { near, log } = await connect(one);
    near.send(new Uint8Array(1));
    one.network.setLink('a', 'b', { delayMs: 1 });
    near.send(new Uint8Array(2));
    one.clock.advance(100);
    assert.deepEqual(log, ['b got 1 at 150', 'b got 2 at 150']);
  });

  test('a silent link swallows frames for good and tells nobody', async () => {
    const one = world();
    const { near, far, log } = await connect(one);
    one.network.setLink('a', 'b', { isSilent: true });
    near.send(new Uint8Array(1));
    one.clock.advance(100);
    one.network.setLink('a', 'b', {});
    near.send(new Uint8Array(2));
    far.send(new Uint8Array(3));
    near.close();
    one.clock.advance(100);
    assert.deepEqual(
      log.map((line) => line.replace(/ at .*/, '')),
      ['a got 3'],
      'half a connection: what it swallowed does not come back, what follows neither',
    );
    one.network.cut('a', 'b');
    assert.equal(log.length, 3, 'both are told at last');
  });

  test('who dials over a silent link hears nothing for ten seconds', async () => {
    const one = world();
    one.network.setLink('a', 'b', { isSilent: true });
    await assert.rejects(connect(one), (error) => isVaultError(error, 'VAULT_NO_PEER'));
    assert.equal(one.clock.monotonicMs(), 10_000);
  });

  test('of a node that crashed the others are told, it is not', async () => {
    const one = world();
    const { near, log } = await connect(one);
    one.network.crash('b');
    one.clock.advance(10);
    assert.deepEqual(log, ['a lost at 3']);
    assert.throws(
      () => near.send(new Uint8Array(1)),
      (error) => isVaultError(error, 'VAULT_CLOSED'),
    );
    await assert.rejects(one.settle(one.network.transport('a').dial('b', () => assert.fail())));
  });
});
