import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mapKey } from '../../src/bytes.ts';
import { sha256 } from '../../src/crypto/hash.ts';
import { Gate, NO_PSK, type Admission, type GateMemory } from '../../src/net/gate.ts';
import { ReplayWindow } from '../../src/net/replay-window.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { seededRandom } from '../helpers/seeded.ts';

const random = seededRandom('gate');
const [member, stranger, invite, psk] = [1, 2, 3, 4].map(() => random.bytes(32)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

interface Kept {
  readonly heard: Map<string, ReplayWindow>;
  readonly sent: Map<string, number>;
}

/** A gate over what was kept; it keeps what it learns there. */
function gate(clock: VirtualClock, kept: Kept): { one: Gate; welcome: Set<string> } {
  const welcome = new Set([mapKey(member)]);
  const memory: GateMemory = {
    heard: new Map(kept.heard),
    sent: new Map(kept.sent),
    floorUs: () => -1,
    saveHeard: async (key, window) => {
      await Promise.resolve();
      kept.heard.set(key, ReplayWindow.decode(window));
    },
    saveSent: async (key, sentUs) => {
      await Promise.resolve();
      kept.sent.set(key, sentUs);
    },
  };
  const facts = {
    isWelcome: (peer: Uint8Array) => welcome.has(mapKey(peer)),
    openInvite: (id: Uint8Array) => (mapKey(id) === mapKey(invite) ? psk : undefined),
  };
  return { one: new Gate(clock, facts, memory), welcome };
}

const nothing = (): Kept => ({ heard: new Map(), sent: new Map() });

function call(
  one: Gate,
  peer: Uint8Array,
  sentUs: number,
  withInvite?: Uint8Array,
): Admission | undefined {
  const knock = {
    sentUs,
    run: new Uint8Array(16),
    ...(withInvite && { invite: withInvite }),
  };
  return one.judge({
    peer,
    knock,
    hash: sha256(peer, new Uint8Array(Float64Array.of(sentUs).buffer)),
  });
}

describe('the gate', () => {
  test('lets in members, and joiners with an open invite under its secret', () => {
    const clock = new VirtualClock();
    const now = clock.wallMs() * 1000;
    const { one, welcome } = gate(clock, nothing());
    assert.deepEqual(call(one, member, now)?.psk, NO_PSK);
    assert.equal(call(one, stranger, now), undefined);
    assert.deepEqual(call(one, stranger, now, invite)?.psk, psk);
    assert.equal(call(one, member, now + 1, stranger), undefined, 'an invite nobody knows');
    welcome.delete(mapKey(member));
    assert.equal(call(one, member, now + 2), undefined);
  });

  test('keeps nothing of who may not come in', () => {
    const clock = new VirtualClock();
    const { one, welcome } = gate(clock, nothing());
    const now = clock.wallMs() * 1000;
    assert.equal(call(one, stranger, now + 5), undefined);
    welcome.add(mapKey(stranger));
    assert.ok(call(one, stranger, now), 'what it said before counts for nothing');
  });

  test('takes nothing twice, also not after a new start', async () => {
    const clock = new VirtualClock();
    const now = clock.wallMs() * 1000;
    const kept = nothing();
    const { one } = gate(clock, kept);
    for (const [peer, by] of [
      [member, undefined],
      [stranger, invite],
    ] as const) {
      await call(one, peer, now, by)?.remember();
      assert.equal(call(one, peer, now, by), undefined);
    }
    assert.equal(kept.heard.size, 2);
    const again = gate(clock, kept).one;
    assert.equal(call(again, member, now), undefined);
    assert.equal(call(again, stranger, now, invite), undefined);
    assert.ok(call(again, member, now + 1));
  });

  test('of joiners keeps one memory for an invite, however many keys they make', async () => {
    const clock = new VirtualClock();
    const kept = nothing();
    const { one } = gate(clock, kept);
    const now = clock.wallMs() * 1000;
    for (let count = 0; count < 50; count++) {
      await call(one, random.bytes(32), now + count, invite)?.remember();
    }
    assert.equal(kept.heard.size, 1);
  });

  test('never sends one responder the same time twice, and keeps it before it is used', async () => {
    const clock = new VirtualClock();
    const now = clock.wallMs() * 1000;
    const kept = nothing();
    const { one } = gate(clock, kept);
    assert.equal(await one.nextSent(member), now);
    assert.equal(await one.nextSent(member), now + 1);
    assert.equal(await one.nextSent(stranger), now, 'each has its own');
    clock.jumpWall(-3_600_000);
    assert.equal(await gate(clock, kept).one.nextSent(member), now + 2);
    assert.deepEqual([...kept.sent.values()], [now + 2, now]);
  });
});
