import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { transportContract } from '../contracts/transport.ts';
import { openDoor, testDoor } from '../helpers/doors.ts';
import { skipUnless } from '../helpers/requires.ts';
import { tcpRelay } from '../helpers/tcp-relay.ts';
import { eventually } from '../helpers/wait.ts';
import { listenAt } from '../../src/net/address.ts';

transportContract('sealed WebSocket', async (t) => {
  const [near, far] = [testDoor('near', ['far']), testDoor('far', ['near'])];
  const dialer = near.door.transport({ peer: far.own.exchangeKey });
  const listener = far.door.transport({ peer: near.own.exchangeKey });
  let at = '';
  const relay = await tcpRelay(t, () => listenAt(at));
  return {
    // Through a relay that can be broken.
    dialer: {
      dial: (address, begin) => dialer.dial(address === at ? relay.address : address, begin),
      listen: (address, begin) => dialer.listen(address, begin),
    },
    listener: {
      dial: (address, begin) => listener.dial(address, begin),
      listen: async (address, begin) => {
        const one = await listener.listen(address, begin);
        at = one.address;
        t.after(() => one.close());
        return one;
      },
    },
    address: '127.0.0.1:0',
    nowhere: '127.0.0.1:9',
    until: (what, holds) => eventually(what, holds),
    settle: (promise) => promise,
    breakAll: () => relay.breakAll(),
  };
});

test('sealed WebSocket: goes over IPv6 as well', async (t) => {
  const hasIt = Object.values(networkInterfaces()).some((all) =>
    all?.some(({ address }) => address === '::1'),
  );
  if (!skipUnless(t, { conditions: { 'an IPv6 loopback': hasIt } })) return;
  const [near, far] = [testDoor('near', ['far']), testDoor('far', ['near'])];
  const got: string[] = [];
  const listener = await openDoor(
    t,
    far,
    () => ({
      frame: (bytes) => got.push(Buffer.from(bytes).toString()),
      drained: () => undefined,
      closed: (how) => got.push(how),
    }),
    '[::1]:0',
  );
  assert.match(listener.address, /^\[::1\]:\d+$/);
  await near.door.dial(listener.address, { peer: far.own.exchangeKey }, (connection) => {
    connection.send(Buffer.from('hello'));
    connection.close();
    return { frame: () => undefined, drained: () => undefined, closed: () => undefined };
  });
  await eventually('the end', () => got.length === 2);
  assert.deepEqual(got, ['hello', 'ended']);
});
