/** Nodes that have a door on this machine's loopback, for tests of what comes through it. */

import type { TestContext } from 'node:test';
import { mapKey } from '../../src/bytes.ts';
import { systemClock } from '../../src/clock.ts';
import type { StaticKey } from '../../src/crypto/noise-handshake.ts';
import { loadSodium } from '../../src/crypto/sodium.ts';
import { VaultError } from '../../src/errors.ts';
import { MAX_FRAME_BYTES } from '../../src/limits.ts';
import { Door, type DoorSettings } from '../../src/net/door.ts';
import { Gate } from '../../src/net/gate.ts';
import { LOW_WATER_BYTES, type Begin, type Listener } from '../../src/net/transport.ts';
import type { PeerConnection } from '../../src/net/peer-connection.ts';
import { webNetwork } from '../../src/system/web-network.ts';
import { seededRandom } from './seeded.ts';

const sodium = await loadSodium();

export function staticKey(name: string): StaticKey {
  const pair = sodium.exchangePair(seededRandom(`key of ${name}`).bytes(32));
  return {
    exchangeKey: pair.publicKey,
    exchange: (publicKey) => sodium.exchange(pair.secretKey, publicKey),
  };
}

export interface TestDoor {
  readonly door: Door;
  readonly own: StaticKey;
  readonly party: { readonly sodium: typeof sodium; readonly own: StaticKey };
  /** Keys, by {@link mapKey}, and invites with their secrets, by id. May be changed. */
  readonly welcome: Set<string>;
  readonly invites: Map<string, Uint8Array>;
  readonly failures: unknown[];
  /** From now on nothing can be made durable. */
  breakMemory(): void;
}

/** The door of the node of this name, and whom it knows. */
export function testDoor(
  name: string,
  known: readonly string[],
  settings: Partial<DoorSettings> = {},
): TestDoor {
  const own = staticKey(name);
  const random = seededRandom(`${name} ${performance.now()}`);
  const welcome = new Set(known.map((other) => mapKey(staticKey(other).exchangeKey)));
  const invites = new Map<string, Uint8Array>();
  const failures: unknown[] = [];
  let isBroken = false;
  const save = async (): Promise<void> => {
    await Promise.resolve();
    if (isBroken) throw new VaultError('VAULT_IO', 'the disk is broken');
  };
  const keeper = new Gate(
    systemClock,
    {
      isWelcome: (peer) => welcome.has(mapKey(peer)),
      openInvite: (id) => invites.get(mapKey(id)),
    },
    {
      heard: new Map(),
      sent: new Map(),
      floorUs: () => -1,
      saveHeard: save,
      saveSent: save,
    },
  );
  const door = new Door({
    network: webNetwork({
      maxMessageBytes: MAX_FRAME_BYTES + 17,
      lowWaterBytes: LOW_WATER_BYTES,
      patienceMs: 10_000,
    }),
    clock: systemClock,
    party: { sodium, random, own },
    run: random.bytes(16),
    keeper,
    failed: (error) => failures.push(error),
    settings,
  });
  const breakMemory = (): void => {
    isBroken = true;
  };
  return { door, own, party: { sodium, own }, welcome, invites, failures, breakMemory };
}

/** Listens on loopback until the test is over. */
export async function openDoor(
  t: Pick<TestContext, 'after'>,
  { door }: TestDoor,
  begin: Begin<PeerConnection>,
  address = '127.0.0.1:0',
): Promise<Listener> {
  const listener = await door.listen(address, begin);
  t.after(() => listener.close());
  return listener;
}
