/**
 * Which peers to dial when, and which of several connections with one to keep: decided from what
 * happened, with the time handed in. Nothing here dials, closes or waits.
 */

import { MAX_DIALS, MAX_PEER_CONNECTIONS, MAX_PEER_DIALS } from '../limits.ts';
import type { RandomSource } from '../random.ts';
import { dialDelayMs } from './dial-delay.ts';

/** A peer by its static key, in hex. */
export type PeerKey = string;

/** A connection as both its ends know it. */
export interface ConnectionFacts {
  readonly peer: PeerKey;
  /** Which run of the peer, in hex. */
  readonly run: string;
  readonly isDialer: boolean;
  /** What its first message said, which grows with each dial. */
  readonly sentUs: number;
}

export interface KeeperSteps {
  readonly dial: readonly { readonly peer: PeerKey; readonly address: string }[];
  /** Connections to close, as they were named to {@link PeerKeeper.opened}. */
  readonly close: readonly number[];
}

interface Kept extends ConnectionFacts {
  readonly id: number;
  readonly sinceMs: number;
}

interface Peer {
  addresses: readonly string[];
  /** Addresses still to be tried in this round. */
  untried: string[];
  readonly dialing: Set<string>;
  connections: Kept[];
  failures: number;
  dueMs: number;
}

/** The next address is tried when one has not answered for so long. */
const NEXT_ADDRESS_MS = 1000;
/** Connections made within this time of each other may have been made without knowing of each other. */
const SIMULTANEOUS_MS = 15_000;
/** A connection that lasted so long was a good one: waits begin anew after it. */
const GOOD_MS = 60_000;

export class PeerKeeper {
  readonly #own: PeerKey;
  readonly #random: RandomSource;
  readonly #peers = new Map<PeerKey, Peer>();

  constructor(own: PeerKey, random: RandomSource) {
    this.#own = own;
    this.#random = random;
  }

  /** Whether each peer is connected, has no address, or was dialed in vain at all of them since it last had a connection. */
  get areTried(): boolean {
    return [...this.#peers.values()].every(
      ({ addresses, connections, dialing, failures }) =>
        connections.length > 0 || (dialing.size === 0 && (addresses.length === 0 || failures > 0)),
    );
  }

  /**
   * Whom to be connected with, and where each can be dialed; none where it only dials us. Connections with
   * all others are to be closed.
   */
  setPeers(peers: ReadonlyMap<PeerKey, readonly string[]>, nowMs: number): KeeperSteps {
    const close: number[] = [];
    for (const [key, peer] of this.#peers) {
      if (peers.has(key)) continue;
      close.push(...peer.connections.map(({ id }) => id));
      this.#peers.delete(key);
    }
    for (const [key, addresses] of peers) {
      if (key === this.#own) continue;
      const peer = this.#peers.get(key);
      if (peer === undefined) this.#peers.set(key, newPeer(addresses, nowMs));
      else {
        const isNew = addresses.some((address) => !peer.addresses.includes(address));
        peer.addresses = addresses;
        peer.untried = peer.untried.filter((address) => addresses.includes(address));
        if (isNew) restart(peer, nowMs);
      }
    }
    return { dial: this.due(nowMs).dial, close };
  }

  /** This machine's own addresses changed, or it woke up: nothing that failed before need fail again. */
  networkChanged(nowMs: number): KeeperSteps {
    for (const peer of this.#peers.values()) restart(peer, nowMs);
    return this.due(nowMs);
  }

  /** What is to be dialed by now. */
  due(nowMs: number): KeeperSteps {
    const dial: { peer: PeerKey; address: string }[] = [];
    let all = this.#dials();
    for (const [key, peer] of this.#peers) {
      if (peer.connections.length > 0 || nowMs < peer.dueMs || all >= MAX_DIALS) continue;
      if (peer.dialing.size >= MAX_PEER_DIALS) continue;
      if (peer.untried.length === 0 && peer.dialing.size === 0) peer.untried = [...peer.addresses];
      const address = peer.untried.shift();
      if (address === undefined) continue;
      peer.dialing.add(address);
      peer.dueMs = nowMs + NEXT_ADDRESS_MS;
      dial.push({ peer: key, address });
      all++;
    }
    return { dial, close: [] };
  }

  /** When {@link due} is to be asked next; undefined where time alone changes nothing. */
  nextMs(): number | undefined {
    let next: number | undefined;
    for (const peer of this.#peers.values()) {
      const { untried, dialing, addresses, connections, dueMs } = peer;
      const hasMore = untried.length > 0 || (dialing.size === 0 && addresses.length > 0);
      if (connections.length > 0 || !hasMore || dialing.size >= MAX_PEER_DIALS) continue;
      next = Math.min(next ?? Infinity, dueMs);
    }
    return this.#dials() < MAX_DIALS ? next : undefined;
  }

  /** A dial is over, whatever came of it; a connection that it made is told by {@link opened}, before. */
  dialEnded(key: PeerKey, address: string, nowMs: number): KeeperSteps {
    const peer = this.#peers.get(key);
    if (peer === undefined) return this.due(nowMs);
    peer.dialing.delete(address);
    if (peer.connections.length === 0 && peer.dialing.size === 0) {
      if (peer.untried.length > 0) peer.dueMs = nowMs;
      else this.#failed(peer, nowMs);
    }
    return this.due(nowMs);
  }

  /** A connection is there; `close` may name it itself. */
  opened(id: number, facts: ConnectionFacts, nowMs: number): KeeperSteps {
    const peer = this.#peers.get(facts.peer);
    if (peer === undefined) return { dial: [], close: [id] };
    const connection: Kept = { ...facts, id, sinceMs: nowMs };
    const twin = peer.connections.find(({ run }) => run === connection.run);
    if (twin !== undefined && this.#survivor(twin, connection) === twin)
      return { dial: [], close: [id] };
    const gone = twin === undefined ? [] : [twin];
    peer.connections = [...peer.connections.filter((one) => one !== twin), connection];
    if (peer.connections.length > MAX_PEER_CONNECTIONS) gone.push(...peer.connections.splice(0, 1));
    peer.untried = [];
    return { dial: [], close: gone.map((one) => one.id) };
  }

  /** A connection is over, also one that was to be closed. */
  closed(id: number, nowMs: number): KeeperSteps {
    for (const peer of this.#peers.values()) {
      const connection = peer.connections.find((one) => one.id === id);
      if (connection === undefined) continue;
      peer.connections = peer.connections.filter((one) => one !== connection);
      if (nowMs - connection.sinceMs >= GOOD_MS) peer.failures = 0;
      if (peer.connections.length === 0) this.#failed(peer, nowMs);
    }
    return this.due(nowMs);
  }

  /**
   * Of two connections with one run of a peer the one that both ends keep. If one is much younger, its dialer
   * did not have the other any more. Else, where both dialed, that of the node with the greater key; where one
   * did, the one it dialed first.
   */
  #survivor(old: Kept, young: Kept): Kept {
    if (young.sinceMs - old.sinceMs > SIMULTANEOUS_MS) return young;
    if (old.isDialer === young.isDialer) return old.sentUs < young.sentUs ? old : young;
    const isOursKept = this.#own > old.peer;
    return old.isDialer === isOursKept ? old : young;
  }

  #dials(): number {
    let all = 0;
    for (const peer of this.#peers.values()) all += peer.dialing.size;
    return all;
  }

  #failed(peer: Peer, nowMs: number): void {
    peer.failures++;
    peer.dueMs = nowMs + dialDelayMs(peer.failures, this.#random);
  }
}

function newPeer(addresses: readonly string[], nowMs: number): Peer {
  return { addresses, untried: [], dialing: new Set(), connections: [], failures: 0, dueMs: nowMs };
}

/** Dials at once, and as if nothing had failed before. */
function restart(peer: Peer, nowMs: number): void {
  peer.failures = 0;
  peer.dueMs = nowMs;
  peer.untried = peer.addresses.filter((address) => !peer.dialing.has(address));
}
