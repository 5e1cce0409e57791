/**
 * What a node says on its local network so that its peers find it: packets of one size, in which a peer
 * finds a tag that only it and the node can make, and nobody else finds anything.
 *
 *   version u8 (1) | port u16 | nonce #16 | 32 tags #16, in the order of their bytes
 *
 *   pair key = HKDF-SHA256(X25519 of both static keys, "vault beacon 1")
 *   tag      = first 16 bytes of HMAC-SHA256(pair key, day u32 | nonce | port u16 | static key of the sender)
 */

import { compareBytes, concat, equalBytes, mapKey, type Bytes } from '../bytes.ts';
import { hkdf, hmacSha256, secretKey, type SecretKey } from '../crypto/hash.ts';
import type { RandomSource } from '../random.ts';

const VERSION = 1;
const NONCE_BYTES = 16;
const TAG_BYTES = 16;
const TAGS_AT = 3 + NONCE_BYTES;
/** Tags of one packet, of which those without a peer are random. */
export const BEACON_TAGS = 32;
export const BEACON_BYTES: number = TAGS_AT + BEACON_TAGS * TAG_BYTES;

const DAY_MS = 86_400_000;

/** A peer as it is looked for. */
export interface BeaconPeer {
  /** Its static key. */
  readonly key: Uint8Array;
  /** See {@link beaconKey}. */
  readonly pairKey: SecretKey;
}

/** The key of a pair, of their X25519 shared secret. Made once for each peer: the secret is not kept. */
export function beaconKey(sharedSecret: Bytes): SecretKey {
  return secretKey(hkdf(sharedSecret, 'vault beacon 1'));
}

/**
 * The packets that say to `peers` that the node of static key `own` listens at `port`: one for each
 * {@link BEACON_TAGS} of them, and one where there are none. `nowMs` is wall time.
 */
export function beacons(
  own: Bytes,
  port: number,
  peers: readonly BeaconPeer[],
  nowMs: number,
  random: RandomSource,
): readonly Uint8Array[] {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new RangeError(`expected a port of 1 … 65535, got ${port}`);
  }
  const day = dayOf(nowMs);
  const packets: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < peers.length; at += BEACON_TAGS) {
    const nonce = random.bytes(NONCE_BYTES);
    const tags = peers
      .slice(at, at + BEACON_TAGS)
      .map(({ pairKey }) => beaconTag(pairKey, { day, nonce, port, sender: own }));
    while (tags.length < BEACON_TAGS) tags.push(random.bytes(TAG_BYTES));
    const head = Uint8Array.of(VERSION, port >> 8, port & 0xff);
    packets.push(concat(head, nonce, ...tags.toSorted(compareBytes)));
  }
  return packets;
}

/** A packet that has the form of a beacon: anybody can make one. */
export interface Beacon {
  readonly port: number;
  readonly nonce: Uint8Array;
  readonly tags: ReadonlySet<string>;
}

/** Undefined where `bytes` are no beacon of this version. */
export function readBeacon(bytes: Bytes): Beacon | undefined {
  if (bytes.length !== BEACON_BYTES || bytes[0] !== VERSION) return undefined;
  const port = (bytes[1] ?? 0) * 256 + (bytes[2] ?? 0);
  if (port === 0) return undefined;
  const tags = new Set<string>();
  let before: Uint8Array | undefined;
  for (let at = TAGS_AT; at < bytes.length; at += TAG_BYTES) {
    const tag = bytes.subarray(at, at + TAG_BYTES);
    if (before !== undefined && compareBytes(before, tag) > 0) return undefined;
    tags.add(mapKey(tag));
    before = tag;
  }
  return { port, nonce: bytes.slice(3, TAGS_AT), tags };
}

/**
 * Which of `peers` may have sent it, by a clock that is at most a day apart from ours; undefined for none. It
 * may be an old one said again, from elsewhere: the handshake proves who is there.
 */
export function senderOf(
  beacon: Beacon,
  own: Bytes,
  peers: readonly BeaconPeer[],
  nowMs: number,
): Uint8Array | undefined {
  const today = dayOf(nowMs);
  const { port, nonce } = beacon;
  for (const { key, pairKey } of peers) {
    if (equalBytes(key, own)) continue;
    for (const day of [today, today - 1, today + 1]) {
      const tag = beaconTag(pairKey, { day, nonce, port, sender: key });
      if (beacon.tags.has(mapKey(tag))) return key;
    }
  }
  return undefined;
}

function beaconTag(
  pairKey: SecretKey,
  said: {
    readonly day: number;
    readonly nonce: Bytes;
    readonly port: number;
    readonly sender: Bytes;
  },
): Uint8Array {
  const numbers = new Uint8Array(6);
  const view = new DataView(numbers.buffer);
  view.setUint32(0, said.day);
  view.setUint16(4, said.port);
  const [day, port] = [numbers.subarray(0, 4), numbers.subarray(4)];
  return hmacSha256(pairKey, day, said.nonce, port, said.sender).slice(0, TAG_BYTES);
}

function dayOf(nowMs: number): number {
  return Math.max(1, Math.floor(nowMs / DAY_MS));
}
