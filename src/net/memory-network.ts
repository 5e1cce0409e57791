/**
 * A network inside one process: time comes from a clock, every link has its delay and speed, and can be
 * cut or fall silent. For simulations and tests.
 */

import type { Clock } from '../clock.ts';
import { VaultError } from '../errors.ts';
import { MAX_FRAME_BYTES } from '../limits.ts';
import {
  LOW_WATER_BYTES,
  type Begin,
  type Connection,
  type ConnectionEvents,
  type Listener,
  type Transport,
} from './transport.ts';

export interface LinkSettings {
  /** One way, in milliseconds; default 1. */
  readonly delayMs?: number;
  /** Each way; default unlimited. */
  readonly bytesPerMs?: number;
  /** Nothing passes and nobody is told; who dials gets no answer. */
  readonly isSilent?: boolean;
}

/** How long who dials waits for an answer. */
const DIAL_MS = 10_000;

export class MemoryNetwork {
  readonly #clock: Clock;
  readonly #links = new Map<string, LinkSettings>();
  readonly #listeners = new Map<string, { readonly node: string; readonly begin: Begin }>();
  readonly #pairs = new Set<Pair>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What the node of this name reaches others through. */
  transport(node: string): Transport {
    return {
      dial: (address, begin) => this.#dial(node, address, begin),
      listen: (address, begin) => this.#listen(node, address, begin),
    };
  }

  /** Sets how two nodes reach each other, in both directions, from now on. */
  setLink(a: string, b: string, settings: LinkSettings): void {
    this.#links.set(linkKey(a, b), settings);
  }

  /** Breaks all connections between two nodes: both are told. */
  cut(a: string, b: string): void {
    for (const pair of this.#pairs) if (pair.key === linkKey(a, b)) pair.lose();
  }

  /** Breaks all connections of a node that died: the others are told, after the link's delay. */
  crash(node: string): void {
    for (const [address, listener] of this.#listeners) {
      if (listener.node === node) this.#listeners.delete(address);
    }
    for (const pair of this.#pairs) pair.die(node);
  }

  async #dial(node: string, address: string, begin: Begin): Promise<void> {
    const other = this.#listeners.get(address)?.node;
    const { delayMs = 1, isSilent = false } = this.#settings(node, other ?? address);
    await this.#pass(isSilent ? DIAL_MS : 2 * delayMs);
    const listener = this.#listeners.get(address);
    if (isSilent || listener === undefined) {
      throw new VaultError('VAULT_NO_PEER', `nobody answers at ${address}`);
    }
    const key = linkKey(node, listener.node);
    const pair = new Pair(this.#clock, key, node, () => this.#settings(node, listener.node));
    this.#pairs.add(pair);
    pair.onOver = () => this.#pairs.delete(pair);
    pair.open(begin, listener.begin);
  }

  async #listen(node: string, address: string, begin: Begin): Promise<Listener> {
    await Promise.resolve();
    if (this.#listeners.has(address)) {
      throw new VaultError('VAULT_EXISTS', `somebody listens at ${address}`);
    }
    const listener = { node, begin };
    this.#listeners.set(address, listener);
    return {
      address,
      close: async () => {
        await Promise.resolve();
        if (this.#listeners.get(address) === listener) this.#listeners.delete(address);
      },
    };
  }

  #settings(a: string, b: string): LinkSettings {
    return this.#links.get(linkKey(a, b)) ?? {};
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.timer(ms, resolve);
    });
  }
}

/** Both ends of one connection. */
class Pair {
  readonly key: string;
  onOver: () => void = () => undefined;
  readonly #dialer: string;
  readonly #ends: readonly [End, End];

  constructor(clock: Clock, key: string, dialer: string, settings: () => LinkSettings) {
    this.key = key;
    this.#dialer = dialer;
    const over = (): void => {
      if (this.#ends.every(({ isOver }) => isOver)) this.onOver();
    };
    this.#ends = [new End(clock, settings, over), new End(clock, settings, over)];
    this.#ends[0].other = this.#ends[1];
    this.#ends[1].other = this.#ends[0];
  }

  open(dialer: Begin, listener: Begin): void {
    const [near, far] = this.#ends;
    far.events = listener(far);
    near.events = dialer(near);
  }

  lose(): void {
    for (const end of this.#ends) end.over('lost');
  }

  /** One end is gone without having been told anything; the other hears of it. */
  die(node: string): void {
    if (!this.key.split('\n').includes(node)) return;
    const at = node === this.#dialer ? 0 : 1;
    this.#ends[at].vanish();
  }
}

class End implements Connection {
  other: End | undefined;
  events: ConnectionEvents | undefined;
  isOver = false;
  readonly #clock: Clock;
  readonly #settings: () => LinkSettings;
  readonly #onOver: () => void;
  #buffered = 0;
  #isClosing = false;
  #isMuted = false;
  /** When the line is free again, and when what was sent last arrives. */
  #freeAt = 0;
  #arrivesAt = 0;

  constructor(clock: Clock, settings: () => LinkSettings, onOver: () => void) {
    this.#clock = clock;
    this.#settings = settings;
    this.#onOver = onOver;
  }

  get bufferedBytes(): number {
    return this.#buffered;
  }

  send(frame: Uint8Array): void {
    if (frame.length === 0 || frame.length > MAX_FRAME_BYTES) {
      throw new RangeError(`expected a frame of 1 … ${MAX_FRAME_BYTES} bytes, got ${frame.length}`);
    }
    if (this.isOver || this.#isClosing) {
      throw new VaultError('VAULT_CLOSED', 'the connection is closed');
    }
    this.#buffered += frame.length;
    this.#carry(frame.length, (other) => other.events?.frame(frame.slice()));
  }

  close(): void {
    if (this.isOver || this.#isClosing) return;
    this.#isClosing = true;
    this.#carry(0, (other) => {
      other.over('ended');
      this.over('ended');
    });
  }

  over(how: 'ended' | 'lost'): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#onOver();
    this.events?.closed(how);
  }

  vanish(): void {
    this.isOver = true;
    this.#onOver();
    const { other } = this;
    const { delayMs = 1, isSilent = false } = this.#settings();
    if (!isSilent) this.#clock.timer(delayMs, () => other?.over('lost'));
  }

  /** Lets `bytes` leave, and `arrive` happen at the other end after everything sent before. */
  #carry(bytes: number, arrive: (other: End) => void): void {
    const { delayMs = 1, bytesPerMs = Infinity } = this.#settings();
    const now = this.#clock.monotonicMs();
    this.#freeAt = Math.max(this.#freeAt, now) + bytes / bytesPerMs;
    this.#arrivesAt = Math.max(this.#arrivesAt, this.#freeAt + delayMs);
    if (bytes > 0) this.#clock.timer(this.#freeAt - now, () => this.#left(bytes));
    this.#clock.timer(this.#arrivesAt - now, () => {
      const { other } = this;
      // What a silent link swallows is gone: so is everything after it, and nobody is told.
      if (this.#settings().isSilent === true) this.#isMuted = true;
      if (other !== undefined && !other.isOver && !this.#isMuted) arrive(other);
    });
  }

  #left(bytes: number): void {
    const before = this.#buffered;
    this.#buffered -= bytes;
    const isLow = before > LOW_WATER_BYTES && this.#buffered <= LOW_WATER_BYTES;
    if (isLow && !this.isOver) this.events?.drained();
  }
}

function linkKey(a: string, b: string): string {
  return [a, b].toSorted().join('\n');
}
