/**
 * Runs the exchange of one folder: hands it what happens, does what it asks for, and keeps its time. All
 * decisions are the exchange's, all knowledge the folder's.
 */

import type { Clock } from '../clock.ts';
import type { Channel, ChannelEvents } from './channels.ts';
import type { CreditPool } from './credit-pool.ts';
import type { Effect, ExchangeEvent, PeerName } from './exchange-event.ts';
import { FolderExchange, TICK_MS } from './folder-exchange.ts';
import type { FolderSide, HeldHead, ValueName } from './folder-side.ts';
import type { EndReason } from './message.ts';

export interface ExchangeDriverParts {
  readonly side: FolderSide;
  readonly clock: Clock;
  /** Shared by all folders of the process. */
  readonly credit: CreditPool;
  /** A session ended by itself: its peer broke a rule or said goodbye. */
  readonly onEnded?: (peer: PeerName, reason: EndReason, detail: string, by: 'us' | 'peer') => void;
  /** Nothing is under way any more, or it is again and has ended: see {@link ExchangeDriver.isQuiet}. */
  readonly onQuiet?: () => void;
  /** The folder failed and all sessions were ended: the driver is done for. Called once. */
  readonly onFailed: (error: unknown) => void;
}

export class ExchangeDriver {
  readonly #parts: ExchangeDriverParts;
  readonly #exchange: FolderExchange;
  readonly #channels = new Map<PeerName, Channel>();
  /** What the folder was asked to do and has not done. */
  readonly #pending = new Set<Promise<void>>();
  readonly #events: ExchangeEvent[] = [];
  #isTelling = false;
  #puts: { readonly peer: PeerName; readonly sealed: Uint8Array }[] = [];
  #isPutting = false;
  #cancelTick: (() => void) | undefined;
  #isClosed = false;
  #activity = 0;

  private constructor(parts: ExchangeDriverParts) {
    this.#parts = parts;
    this.#exchange = new FolderExchange({ credit: parts.credit });
  }

  /** Begins with what the folder has. Throws what its side does. */
  static async open(parts: ExchangeDriverParts): Promise<ExchangeDriver> {
    const driver = new ExchangeDriver(parts);
    driver.#tell({ type: 'advanced', heads: await parts.side.heads() });
    return driver;
  }

  /** Nothing is asked of the folder, and nothing would happen by time passing. */
  get isQuiet(): boolean {
    return this.#pending.size === 0 && !this.#exchange.isBusy;
  }

  /** Grows with everything that happens, but not with time. */
  get activity(): number {
    return this.#activity;
  }

  /** What is wanted: under way, and nowhere to be had at present. */
  get wanted(): FolderExchange['wanted'] {
    return this.#exchange.wanted;
  }

  /** Peers with an open channel. */
  get peers(): FolderExchange['peers'] {
    return this.#exchange.peers;
  }

  /**
   * Begins a session with a peer, named by a name that is never used again, over the channel that `open`
   * makes. Throws `RangeError` for a name in use.
   */
  connect(peer: PeerName, open: (events: ChannelEvents) => Channel): void {
    if (this.#isClosed) return;
    const channel = open({
      received: (message) => this.#tell({ type: 'received', peer, message }),
      broken: (reason) => this.#tell({ type: 'broken', peer, reason }),
      drained: (bytes) => this.#tell({ type: 'drained', peer, bytes }),
      closed: () => this.disconnect(peer),
    });
    this.#channels.set(peer, channel);
    this.#tell({ type: 'opened', peer });
  }

  /** Ends the session with a peer: it lost its place in the folder, or its connection. */
  disconnect(peer: PeerName): void {
    this.#channels.get(peer)?.close();
    this.#channels.delete(peer);
    this.#tell({ type: 'closed', peer });
  }

  /** This node's logs grew: all heads of each log named. */
  advanced(heads: readonly HeldHead[]): void {
    this.#tell({ type: 'advanced', heads });
  }

  /** Values came to be here without having been put by this driver. */
  stored(names: readonly ValueName[]): void {
    this.#tell({ type: 'stored', names });
  }

  /** Other values are wanted than before. */
  wantsChanged(): void {
    this.#tell({ type: 'wants changed' });
  }

  /** Says goodbye to all peers and waits for what the folder is doing. Idempotent. */
  async close(): Promise<void> {
    this.#stop('done');
    await Promise.all(this.#pending);
  }

  /** One event after another: what happens while messages go out is told when all are out. */
  #tell(event: ExchangeEvent): void {
    if (this.#isClosed) return;
    this.#events.push(event);
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        this.#step(next);
      }
    } finally {
      this.#isTelling = false;
    }
    this.#keepTicking();
    this.#tellIfQuiet();
  }

  #step(event: ExchangeEvent): void {
    if (event.type !== 'tick') this.#activity++;
    const { messages, effects } = this.#exchange.step(event, this.#parts.clock.monotonicMs());
    for (const { peer, lane, message } of messages) this.#channels.get(peer)?.send(lane, message);
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: Effect): void {
    const { side } = this.#parts;
    switch (effect.type) {
      case 'read range': {
        const { peer, ask, range } = effect;
        this.#await(side.readRange(range), (found) => ({
          type: 'range read',
          peer,
          ask,
          range: found,
        }));
        break;
      }
      case 'adopt':
        this.#await(side.adopt(effect.range), (adopted) => ({
          ...effect,
          type: 'adopted',
          adopted,
        }));
        break;
      case 'know heads':
        this.#await(side.knowsHeads(effect.heads), (known) => ({
          ...effect,
          type: 'heads known',
          known,
        }));
        break;
      case 'look up':
        this.#await(side.has(effect.names), (presences) => ({
          ...effect,
          type: 'looked up',
          presences,
        }));
        break;
      case 'read values':
        this.#await(side.getSealed(effect.names), (values) => ({
          ...effect,
          type: 'values read',
          values,
        }));
        break;
      case 'list wants':
        this.#await(side.wants(effect.limit), (wants) => ({ type: 'listed', wants }));
        break;
      case 'rewind wants':
        side.rewindWants();
        break;
      case 'put':
        this.#puts.push(effect);
        if (!this.#isPutting) this.#own(this.#putAll());
        break;
      case 'end': {
        const { peer, reason, detail, by } = effect;
        this.#channels.get(peer)?.close();
        this.#channels.delete(peer);
        this.#parts.onEnded?.(peer, reason, detail, by);
      }
    }
  }

  /** Values in batches: what comes while one is being stored is the next. */
  async #putAll(): Promise<void> {
    this.#isPutting = true;
    try {
      // What arrived in one go is stored in one go.
      await Promise.resolve();
      while (this.#puts.length > 0 && !this.#isClosed) {
        const batch = this.#puts;
        this.#puts = [];
        const outcomes = await this.#parts.side.putSealed(batch.map(({ sealed }) => sealed));
        for (const [at, { peer, sealed }] of batch.entries()) {
          const outcome = outcomes[at];
          if (outcome === undefined) throw new RangeError('expected an outcome for each value');
          this.#tell({ type: 'put', peer, sealed, outcome });
        }
      }
    } finally {
      this.#isPutting = false;
    }
  }

  #await<T>(answer: Promise<T>, toEvent: (value: T) => ExchangeEvent): void {
    this.#own(answer.then((value) => this.#tell(toEvent(value))));
  }

  #own(work: Promise<void>): void {
    const owned = work
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#pending.delete(owned);
        this.#tellIfQuiet();
      });
    this.#pending.add(owned);
  }

  #tellIfQuiet(): void {
    if (!this.#isClosed && this.isQuiet) this.#parts.onQuiet?.();
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return;
    this.#stop('unable');
    this.#parts.onFailed(error);
  }

  #stop(reason: 'done' | 'unable'): void {
    this.#tell({ type: 'stop', reason });
    this.#isClosed = true;
    this.#cancelTick?.();
    this.#cancelTick = undefined;
  }

  #keepTicking(): void {
    if (this.#isClosed || this.#cancelTick !== undefined || !this.#exchange.isBusy) return;
    this.#cancelTick = this.#parts.clock.timer(TICK_MS, () => {
      this.#cancelTick = undefined;
      this.#tell({ type: 'tick' });
    });
  }
}
