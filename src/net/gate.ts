/** Who may come in: decided at once from what is known here, and remembered before it is answered. */

import { toHex, type Bytes } from '../bytes.ts';
import type { Clock } from '../clock.ts';
import type { Knock } from './knock.ts';
import { MAX_GATE_KEYS, MEMBER_KNOCK_BURST, MEMBER_KNOCKS_PER_SECOND } from '../limits.ts';
import { nextSentUs, ReplayWindow } from './replay-window.ts';
import { TokenBuckets } from './token-buckets.ts';

/** A first message that opened, and whose it is. */
export interface Caller {
  readonly peer: Uint8Array;
  readonly knock: Knock;
  /** SHA-256 of the message. */
  readonly hash: Uint8Array;
}

export interface Admission {
  /** The shared key of the handshake, 32 bytes. */
  readonly psk: Uint8Array;
  /** Resolves when it is durable that this message was accepted: it is not answered before. */
  remember(): Promise<void>;
}

export interface DoorKeeper {
  /** Undefined, and nothing kept, for who may not come in. */
  judge(caller: Caller): Admission | undefined;
  /** The time to send to this responder; resolves when it is durable that it was used. */
  nextSent(peer: Bytes): Promise<number>;
}

/** What outlasts the process, by key: `heard` and the caller's key or invite, `sent` and the responder's key. */
export interface GateMemory {
  readonly heard: ReadonlyMap<string, ReplayWindow>;
  readonly sent: ReadonlyMap<string, number>;
  /** Above which time, in µs, a message of a caller that is not among {@link heard} is new. */
  readonly floorUs: () => number;
  /** Resolve when it is durable. Called with what is to be found there next time. */
  saveHeard(key: string, window: Uint8Array): Promise<void>;
  saveSent(key: string, sentUs: number): Promise<void>;
}

export interface GateFacts {
  /** Whether a node is an undenied member of a folder here. */
  isWelcome(peer: Bytes): boolean;
  /** Shared key of the invite of this id, where it is open, or already that of this peer. */
  openInvite(id: Bytes, peer: Bytes): Uint8Array | undefined;
}

/** The key of the handshake between members: they know each other's lasting keys. */
export const NO_PSK: Uint8Array = new Uint8Array(32);

export class Gate implements DoorKeeper {
  readonly #clock: Clock;
  readonly #facts: GateFacts;
  readonly #memory: GateMemory;
  readonly #heard: Map<string, ReplayWindow>;
  readonly #knocks = new TokenBuckets({
    perSecond: MEMBER_KNOCKS_PER_SECOND,
    burst: MEMBER_KNOCK_BURST,
    most: MAX_GATE_KEYS,
  });
  readonly #sent: Map<string, number>;

  constructor(clock: Clock, facts: GateFacts, memory: GateMemory) {
    this.#clock = clock;
    this.#facts = facts;
    this.#memory = memory;
    this.#heard = new Map(memory.heard);
    this.#sent = new Map(memory.sent);
  }

  judge({ peer, knock, hash }: Caller): Admission | undefined {
    const { invite, sentUs } = knock;
    const psk = invite === undefined ? NO_PSK : this.#facts.openInvite(invite, peer);
    if (psk === undefined || (invite === undefined && !this.#facts.isWelcome(peer))) {
      return undefined;
    }
    // Of joiners one window for each invite: keys they could make without end.
    const key = invite === undefined ? `member ${toHex(peer)}` : `invite ${toHex(invite)}`;
    const window = this.#heard.get(key) ?? new ReplayWindow(this.#memory.floorUs());
    if (!window.isNew(sentUs, hash)) return undefined;
    // Each that is let in costs a write: who comes again and again waits, as anybody who is refused.
    if (!this.#knocks.take(key, this.#clock.monotonicMs())) return undefined;
    window.accept(sentUs, hash, this.#nowUs());
    this.#heard.set(key, window);
    return { psk, remember: () => this.#memory.saveHeard(key, window.encode()) };
  }

  async nextSent(peer: Bytes): Promise<number> {
    const key = toHex(peer);
    const sentUs = nextSentUs(this.#sent.get(key), this.#nowUs());
    this.#sent.set(key, sentUs);
    await this.#memory.saveSent(key, sentUs);
    return sentUs;
  }

  #nowUs(): number {
    return Math.floor(this.#clock.wallMs() * 1000);
  }
}
