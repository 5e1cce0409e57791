import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { asBuffer, mapKey, toHex } from '../../src/bytes.ts';
import { listenAt } from '../../src/net/address.ts';
import { knockCookie, REFUSAL } from '../../src/net/http-request.ts';
import type { PeerConnection } from '../../src/net/peer-connection.ts';
import { staticKey, testDoor, openDoor, type TestDoor } from '../helpers/doors.ts';
import { knockAs, probe, probes, upgradeRequest, type Prober } from '../helpers/probes.ts';
import { seededRandom } from '../helpers/seeded.ts';
import { eventually } from '../helpers/wait.ts';

type Address = ReturnType<typeof listenAt>;
const quick = { knocksPerSecond: 1e6, knockBurst: 1e6, refusalGridMs: 20 };

/** Sends a request and waits for the beginning of its answer. */
function answerTo(at: Address, request: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(at, () => socket.write(request));
    socket.once('data', (bytes) => {
      socket.destroy();
      resolve(bytes.toString('latin1'));
    });
    socket.once('error', reject);
  });
}

async function target(t: TestContext): Promise<{ prober: Prober; at: Address; node: TestDoor }> {
  const node = testDoor('target', ['member', 'removed'], quick);
  const listener = await openDoor(t, node, () => assert.fail('nobody is let in'));
  const at = listenAt(listener.address);
  const random = seededRandom('prober');
  const [member, removed] = [staticKey('member'), staticKey('removed')];
  const recorded = upgradeRequest(knockCookie(knockAs({ target: node, random }, member)));
  assert.match(await answerTo(at, recorded), /^HTTP\/1\.1 101 /);
  node.welcome.delete(mapKey(removed.exchangeKey));
  const spentInvite = random.bytes(32);
  return { prober: { target: node, random, recorded, member, removed, spentInvite }, at, node };
}

describe('who may not come in', () => {
  test('gets the same bytes whatever was tried, in any order, many at once', async (t) => {
    const { prober, at } = await target(t);
    const names = Object.keys(probes);
    assert.ok(names.length >= 20);
    const order = [0, 1, 2, 3].flatMap((shift) =>
      names.map((_, index) => names[(index * 5 + shift) % names.length] ?? ''),
    );
    const answers = await Promise.all(
      order.map(async (name) => {
        const make = probes[name];
        assert.ok(make, name);
        const { bytes } = await probe(at, make(prober));
        return { name, bytes };
      }),
    );
    assert.equal(new Set(order).size, names.length);
    for (const { name, bytes } of answers) assert.equal(toHex(bytes), toHex(REFUSAL), name);
  });

  test('gets them as well from a node that knows nobody at all', async (t) => {
    const { prober } = await target(t);
    const empty = testDoor('target', [], quick);
    const listener = await openDoor(t, empty, () => assert.fail('nobody is let in'));
    const at = listenAt(listener.address);
    for (const [name, make] of Object.entries(probes)) {
      assert.equal(toHex((await probe(at, make(prober))).bytes), toHex(REFUSAL), name);
    }
  });

  test('gets them for half a request, and for none, at the end of it', async (t) => {
    const { at } = await target(t);
    for (const text of ['GET / HTTP/1.1\r\nHost:', 'G', '']) {
      const { bytes } = await probe(at, Buffer.from(text), { isEnded: true });
      assert.equal(toHex(bytes), toHex(REFUSAL), text);
    }
  });

  test('gets them when the time is up', async (t) => {
    const node = testDoor('target', [], { ...quick, unknownMs: 50 });
    const listener = await openDoor(t, node, () => assert.fail('nobody is let in'));
    const { bytes } = await probe(listenAt(listener.address), Buffer.from('GET / HT'));
    assert.equal(toHex(bytes), toHex(REFUSAL));
  });

  test('gets them whoever it is once an address has tried too often, and members do too', async (t) => {
    const node = testDoor('target', ['member'], {
      ...quick,
      knocksPerSecond: 0.001,
      knockBurst: 3,
    });
    const listener = await openDoor(t, node, () => assert.fail('nobody is let in'));
    const at = listenAt(listener.address);
    const knock = (): Uint8Array =>
      upgradeRequest(
        knockCookie(
          knockAs(
            { target: node, random: seededRandom(`${performance.now()}`) },
            staticKey('member'),
          ),
        ),
      );
    assert.match(await answerTo(at, knock()), /^HTTP\/1\.1 101 /);
    for (let count = 0; count < 2; count++) await probe(at, Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    assert.equal(toHex((await probe(at, knock())).bytes), toHex(REFUSAL));
  });

  test('is cut off where it goes on sending after its answer', async (t) => {
    const { at } = await target(t);
    let isClosed = false;
    const socket = createConnection(at, () => {
      socket.write('GET / HTTP/1.1\r\n\r\n');
      const more = (error?: Error | null): void => {
        if (!error && !isClosed) socket.write(Buffer.alloc(32_768), more);
      };
      more();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => (isClosed = true));
    await eventually('the end', () => isClosed);
  });

  test('is pushed out when there are too many, from the address that has most', async (t) => {
    const node = testDoor('target', [], { ...quick, maxHalfOpen: 4 });
    const listener = await openDoor(t, node, () => assert.fail('nobody is let in'));
    const at = listenAt(listener.address);
    const closed: number[] = [];
    for (let count = 0; count < 6; count++) {
      const socket = createConnection(at);
      socket.on('error', () => undefined);
      socket.on('close', () => closed.push(count));
      t.after(() => socket.destroy());
      await once(socket, 'connect');
    }
    await eventually('two to go', () => closed.length === 2);
    assert.deepEqual(closed, [0, 1]);
  });
});

describe('who may come in', () => {
  test('does so with an invite, once at a time, and brings its id along', async (t) => {
    const [host, joiner] = [testDoor('host', []), testDoor('joiner', [])];
    const random = seededRandom('invite');
    const [id, psk] = [random.bytes(32), random.bytes(32)];
    const met: PeerConnection[] = [];
    const events = { frame: () => undefined, drained: () => undefined, closed: () => undefined };
    const listener = await openDoor(t, host, (connection) => {
      met.push(connection);
      return events;
    });
    const dial = (invite: { id: Uint8Array; psk: Uint8Array }): Promise<void> =>
      joiner.door.dial(listener.address, { peer: host.own.exchangeKey, invite }, (connection) => {
        t.after(() => connection.close());
        return events;
      });
    await assert.rejects(dial({ id, psk }), { code: 'VAULT_NO_PEER' });
    host.invites.set(mapKey(id), psk);
    await assert.rejects(dial({ id, psk: random.bytes(32) }), { code: 'VAULT_NO_PEER' });
    assert.equal(met.length, 0, 'who does not know the secret never gets this far');
    await dial({ id, psk });
    await eventually('the joiner', () => met.length === 1);
    assert.deepEqual(met[0]?.invite, id);
    assert.deepEqual(met[0].peer, joiner.own.exchangeKey);
    host.invites.delete(mapKey(id));
    await assert.rejects(dial({ id, psk }), { code: 'VAULT_NO_PEER' });
    assert.deepEqual(host.failures, []);
  });

  test('finds the node it dials, or nobody', async (t) => {
    const [near, far] = [testDoor('near', []), testDoor('far', ['near'])];
    const listener = await openDoor(t, far, () => assert.fail('nobody is let in'));
    const begin = (): never => assert.fail('no connection');
    const other = staticKey('other').exchangeKey;
    await assert.rejects(near.door.dial(listener.address, { peer: other }, begin), {
      code: 'VAULT_NO_PEER',
    });
    await assert.rejects(near.door.dial('no address', { peer: other }, begin), {
      code: 'VAULT_USAGE',
    });
  });

  test('is kept out, and named, where that it came cannot be remembered', async (t) => {
    const node = testDoor('target', ['member'], quick);
    node.breakMemory();
    const listener = await openDoor(t, node, () => assert.fail('nobody is let in'));
    const knock = knockAs({ target: node, random: seededRandom('one') }, staticKey('member'));
    const { bytes } = await probe(listenAt(listener.address), upgradeRequest(knockCookie(knock)));
    assert.equal(toHex(bytes), toHex(asBuffer(REFUSAL)));
    assert.equal(node.failures.length, 1);
  });
});
