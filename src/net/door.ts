/**
 * Connections to other nodes over WebSockets: dialed, or taken from those who may come in. Everybody else
 * sees a web server that has no such page.
 */

import type { Clock } from '../clock.ts';
import { beginHandshake, type Initiation, type NoiseParty } from '../crypto/noise-handshake.ts';
import { VaultError } from '../errors.ts';
import {
  KNOCK_BURST,
  KNOCKS_PER_SECOND,
  MAX_COUNTED_ADDRESSES,
  MAX_HALF_OPEN,
  MAX_UNKNOWN_MS,
  REFUSAL_GRID_MS,
} from '../limits.ts';
import type { WebLine, WebLineEvents, WebNetwork } from '../system/web-network.ts';
import { addressText, dialUrl, listenAt } from './address.ts';
import { NO_PSK, type DoorKeeper } from './gate.ts';
import { HalfOpen } from './half-open.ts';
import { knockCookie } from './http-request.ts';
import { decodeWelcome, encodeKnock, PROLOGUE } from './knock.ts';
import { SealedConnection, type PeerConnection } from './peer-connection.ts';
import { addressGroup, TokenBuckets } from './token-buckets.ts';
import type { Begin, Listener, Transport } from './transport.ts';
import { Visitor } from './visitor.ts';

export interface DoorSettings {
  readonly knocksPerSecond: number;
  readonly knockBurst: number;
  readonly maxHalfOpen: number;
  readonly refusalGridMs: number;
  readonly unknownMs: number;
}

const usual: DoorSettings = {
  knocksPerSecond: KNOCKS_PER_SECOND,
  knockBurst: KNOCK_BURST,
  maxHalfOpen: MAX_HALF_OPEN,
  refusalGridMs: REFUSAL_GRID_MS,
  unknownMs: MAX_UNKNOWN_MS,
};

export interface DoorParts {
  readonly network: WebNetwork;
  readonly clock: Clock;
  readonly party: Omit<NoiseParty, 'prologue'>;
  /** Of this process: 16 random bytes. */
  readonly run: Uint8Array;
  readonly keeper: DoorKeeper;
  /** Told of what kept out a node that may come in. */
  readonly failed: (error: unknown) => void;
  readonly settings?: Partial<DoorSettings>;
}

/** Whom to dial, and as what. */
export interface Callee {
  /** Its static X25519 key. */
  readonly peer: Uint8Array;
  /** The invite a joiner comes with: its id, and its secret of 32 bytes. */
  readonly invite?: { readonly id: Uint8Array; readonly psk: Uint8Array };
}

export class Door {
  readonly #parts: DoorParts;
  readonly #party: NoiseParty;
  readonly #settings: DoorSettings;

  constructor(parts: DoorParts) {
    this.#parts = parts;
    this.#party = { ...parts.party, prologue: PROLOGUE };
    this.#settings = { ...usual, ...parts.settings };
  }

  /** Connections with one node; what listens takes those of others too. */
  transport(callee: Callee): Transport<PeerConnection> {
    return {
      dial: (address, begin) => this.dial(address, callee, begin),
      listen: (address, begin) => this.listen(address, begin),
    };
  }

  /**
   * Resolves when the node at `address` proved that it is `callee` and `begin` was called. Throws
   * `VAULT_NO_PEER` where it does not, for whatever reason: a node that does not want us says nothing else
   * than a web server would. Throws `VAULT_USAGE` for what is no address, `VAULT_NOT_PERMITTED` for a key
   * that is none.
   */
  async dial(address: string, callee: Callee, begin: Begin<PeerConnection>): Promise<void> {
    const url = dialUrl(address);
    const { clock, keeper, network, run } = this.#parts;
    const sentUs = await keeper.nextSent(callee.peer);
    const { id: invite } = callee.invite ?? {};
    const said = encodeKnock({ sentUs, run, ...(invite ? { invite } : {}) });
    const begun = beginHandshake(this.#party, callee.peer, said);
    let stopTimer = (): void => undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const fail = (): void => reject(noPeer(address));
        const dialed = network.dial(url, knockCookie(begun.message), (line) => {
          stopTimer = clock.timer(this.#settings.unknownMs, () => line.destroy());
          const finish = (message: Uint8Array): SealedConnection | undefined =>
            this.#finish(line, { begun, sentUs }, message, callee, begin);
          return untilAnswered(line, finish, resolve, fail);
        });
        dialed.catch(reject);
      });
    } finally {
      stopTimer();
    }
  }

  /** Takes connections at `host:port`. Throws what {@link WebNetwork} throws, and `VAULT_USAGE`. */
  async listen(address: string, begin: Begin<PeerConnection>): Promise<Listener> {
    const { clock, network, run, keeper, failed } = this.#parts;
    const { refusalGridMs, unknownMs, maxHalfOpen } = this.#settings;
    const halfOpen = new HalfOpen<Visitor>(maxHalfOpen);
    const buckets = new TokenBuckets({
      perSecond: this.#settings.knocksPerSecond,
      burst: this.#settings.knockBurst,
      most: MAX_COUNTED_ADDRESSES,
    });
    const listener = await network.listen(listenAt(address), (stream) => {
      const group = addressGroup(stream.remoteAddress);
      const visitor: Visitor = new Visitor(stream, {
        clock,
        party: this.#party,
        run,
        keeper,
        refusalGridMs,
        unknownMs,
        begin,
        mayKnock: () => buckets.take(group, clock.monotonicMs()),
        done: () => halfOpen.remove(group, visitor),
        failed,
      });
      halfOpen.add(group, visitor)?.evict();
      return visitor;
    });
    return {
      address: addressText(listener.host, listener.port),
      close: async () => {
        await listener.close();
        for (const visitor of halfOpen.all()) visitor.evict();
      },
    };
  }

  #finish(
    line: WebLine,
    { begun, sentUs }: { readonly begun: Initiation; readonly sentUs: number },
    message: Uint8Array,
    callee: Callee,
    begin: Begin<PeerConnection>,
  ): SealedConnection | undefined {
    const finished = begun.finish(message, callee.invite?.psk ?? NO_PSK);
    const welcome = finished && decodeWelcome(finished.payload);
    if (finished === undefined || welcome === undefined) return undefined;
    return new SealedConnection({
      line,
      session: finished.session,
      clock: this.#parts.clock,
      facts: {
        peer: callee.peer,
        run: welcome.run,
        sessionHash: finished.session.hash,
        isDialer: true,
        sentUs,
      },
      begin,
    });
  }
}

/** The first message finishes the handshake or ends it; what follows is the connection's. */
function untilAnswered(
  line: WebLine,
  finish: (message: Uint8Array) => SealedConnection | undefined,
  resolve: () => void,
  fail: () => void,
): WebLineEvents {
  let sealed: SealedConnection | undefined;
  let isOver = false;
  return {
    message(bytes) {
      if (isOver) return;
      if (sealed !== undefined) {
        sealed.message(bytes);
        return;
      }
      sealed = finish(bytes);
      if (sealed !== undefined) {
        resolve();
        return;
      }
      isOver = true;
      line.destroy();
      fail();
    },
    drained: () => sealed?.drained(),
    closed(isClean) {
      isOver = true;
      if (sealed === undefined) fail();
      else sealed.closed(isClean);
    },
  };
}

function noPeer(address: string): VaultError {
  return new VaultError('VAULT_NO_PEER', `nobody answers at ${address}`);
}
