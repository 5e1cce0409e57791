import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { mapKey, toHex } from '../../src/bytes.ts';
import {
  BEACON_BYTES,
  BEACON_TAGS,
  beaconKey,
  beacons,
  readBeacon,
  senderOf,
  type BeaconPeer,
} from '../../src/net/beacon.ts';
import { staticKey } from '../helpers/doors.ts';
import { projectPath } from '../helpers/project.ts';
import { seededRandom } from '../helpers/seeded.ts';

const DAY = 86_400_000;
const now = 1_767_225_600_000 + DAY / 2;
const [a, b, c] = [staticKey('a'), staticKey('b'), staticKey('c')];

/** How `own` looks for `other`. */
function peer(own: typeof a, other: typeof a): BeaconPeer {
  return { key: other.exchangeKey, pairKey: beaconKey(own.exchange(other.exchangeKey)) };
}

function sent(count = 0): Uint8Array {
  const others = Array.from({ length: count }, (_, at) => peer(a, staticKey(`other ${at}`)));
  const [packet] = beacons(a.exchangeKey, 4321, [peer(a, b), ...others], now, seededRandom('one'));
  assert.ok(packet);
  return packet;
}

function found(
  bytes: Uint8Array,
  own: typeof a,
  others: (typeof a)[],
  at = now,
): string | undefined {
  const beacon = readBeacon(bytes);
  const list = others.map((other) => peer(own, other));
  const key = beacon && senderOf(beacon, own.exchangeKey, list, at);
  return key && mapKey(key);
}

describe('a beacon', () => {
  test('is known by the peer it is for, and by nobody else', () => {
    const bytes = sent();
    assert.equal(readBeacon(bytes)?.port, 4321);
    assert.equal(found(bytes, b, [c, a]), mapKey(a.exchangeKey));
    assert.equal(found(bytes, c, [a, b]), undefined, 'somebody who knows both keys');
    assert.equal(found(bytes, b, [c]), undefined);
    assert.equal(found(bytes, a, [a, b]), undefined, 'said back to its sender');
  });

  test('is known a day later and earlier, by clocks that are apart, and no more then', () => {
    for (const days of [-1, 0, 1]) assert.ok(found(sent(), b, [a], now + days * DAY));
    for (const days of [-2, 2]) assert.equal(found(sent(), b, [a], now + days * DAY), undefined);
  });

  test('has one size whomever it is for, and nothing of two in common but the port', () => {
    const packets = [0, 1, BEACON_TAGS].flatMap((count) => {
      const others = Array.from({ length: count }, (_, at) => peer(a, staticKey(`p${at}`)));
      return beacons(a.exchangeKey, 4321, others, now, seededRandom(`${count}`));
    });
    assert.equal(packets.length, 3);
    for (const packet of packets) assert.equal(packet.length, BEACON_BYTES);
    const all = packets.flatMap((packet) => [...(readBeacon(packet)?.tags ?? [])]);
    assert.equal(new Set(all).size, 3 * BEACON_TAGS);
  });

  test('for many peers is several, of which each peer finds one', () => {
    const others = Array.from({ length: 70 }, (_, at) => staticKey(`many ${at}`));
    const list = others.map((other) => peer(a, other));
    const packets = beacons(a.exchangeKey, 1, list, now, seededRandom('many'));
    assert.equal(packets.length, 3);
    for (const other of others) {
      assert.equal(packets.filter((packet) => found(packet, other, [a])).length, 1);
    }
  });

  test('with a byte changed is another or none: it leads nowhere', () => {
    const bytes = sent();
    fc.assert(
      fc.property(fc.nat({ max: 18 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const other = bytes.slice();
        other[at] = (other[at] ?? 0) ^ change;
        assert.equal(found(other, b, [a]), undefined);
      }),
    );
    assert.equal(readBeacon(bytes.subarray(1)), undefined);
    assert.equal(readBeacon(new Uint8Array(BEACON_BYTES)), undefined);
    assert.equal(
      readBeacon(Uint8Array.of(...bytes.subarray(0, 19), ...bytes.subarray(19).toReversed())),
      undefined,
    );
    assert.throws(() => beacons(a.exchangeKey, 0, [], now, seededRandom('x')), RangeError);
  });

  test('has the bytes that it had when protocol 1 was fixed', () => {
    const file = projectPath('test', 'vectors', 'beacon.json');
    const made = { pairKey: toHex(peer(a, b).pairKey.export()), packet: toHex(sent()) };
    assert.equal(made.pairKey, toHex(peer(b, a).pairKey.export()));
    // `VAULT_VECTORS=write` makes the file anew: only for a new version, never to make a test pass.
    if (process.env['VAULT_VECTORS'] === 'write') {
      const about = 'A beacon of protocol 1 from a to b: see docs/protocol.md.';
      writeFileSync(file, `${JSON.stringify({ about, ...made }, null, 2)}\n`);
    }
    const { pairKey, packet } = JSON.parse(readFileSync(file, 'utf8')) as typeof made;
    assert.deepEqual(made, { pairKey, packet });
  });
});
