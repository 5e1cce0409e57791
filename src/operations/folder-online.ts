/**
 * One folder of a node that is online: its exchange for as long as it can be had, begun anew after a failure,
 * and who its members are.
 */

import { Mutex } from '../async.ts';
import { fromHex } from '../bytes.ts';
import type { ListedFolder } from '../home/folder-set.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { Membership } from '../log/membership.ts';
import type { Channel, ChannelEvents } from '../net/channels.ts';
import { dialDelayMs } from '../net/dial-delay.ts';
import type { EndReason } from '../net/message.ts';
import type { PeerKey } from '../net/peer-keeper.ts';
import { failureText } from './failure-text.ts';
import type { Exchange, ExchangeOptions } from './exchange.ts';
import { nodesOf, type KnownNode } from './folder-nodes.ts';
import { NewsApplier } from './news-applier.ts';
import type { FolderOnlineState } from './online-types.ts';
import type { Session } from './session.ts';

/** An exchange that went on for so long was a good one: waits begin anew after it. */
const GOOD_MS = 60_000;

export interface FolderOnlineParts {
  readonly session: Session;
  readonly listed: ListedFolder;
  readonly openExchange: (options: ExchangeOptions) => Promise<Exchange>;
  /** See `OnlineOptions`; without it news are applied here. */
  readonly onNews: ((folder: string) => void) | undefined;
  /** Who it is shared with, or whether, is another than before. Never called while something is told to this. */
  readonly changed: () => void;
  readonly troubled: (message: string, error: unknown) => void;
  /** A peer broke a rule in this folder, or says that this node did. */
  readonly misbehaved: (peer: PeerKey, what: string, by: 'us' | 'peer') => void;
}

export class FolderOnline {
  readonly id: string;
  readonly idBytes: Uint8Array;
  readonly #parts: FolderOnlineParts;
  readonly #applier: NewsApplier;
  readonly #ending = new AbortController();
  /** Beginning and ending, one after another. */
  readonly #life = new Mutex();
  /** Sessions by their names. */
  readonly #sessions = new Map<string, PeerKey>();
  #sessionCount = 0;
  #state: FolderOnlineState = 'opening';
  #trouble: string | undefined;
  #exchange: Exchange | undefined;
  #folder: OpenFolder | undefined;
  /** What {@link known} was made of. */
  #membership: Membership | undefined;
  #logs = -1;
  #known: ReadonlyMap<PeerKey, readonly KnownNode[]> = new Map();
  /** Of exchanges that are over. */
  #activity = 0;
  #failures = 0;
  #beganMs = 0;
  #stopTimer: () => void = () => undefined;

  constructor(parts: FolderOnlineParts) {
    this.#parts = parts;
    this.id = parts.listed.id;
    this.idBytes = fromHex(parts.listed.id);
    this.#applier = new NewsApplier({
      clock: parts.session.environment.clock,
      isQuiet: () => this.#exchange?.isQuiet ?? true,
      apply: () => this.#apply(),
    });
  }

  get state(): FolderOnlineState {
    return this.#state;
  }
  get trouble(): string | undefined {
    return this.#trouble;
  }
  get exchange(): Exchange | undefined {
    return this.#exchange;
  }

  /** Nodes that are or were members, by their static keys. */
  get known(): ReadonlyMap<PeerKey, readonly KnownNode[]> {
    return this.#known;
  }

  /** Peers with a session. */
  get connected(): ReadonlySet<PeerKey> {
    return new Set(this.#sessions.values());
  }

  /** Grows with whatever happens in the exchange. */
  get activity(): number {
    return this.#activity + (this.#exchange?.activity ?? 0);
  }

  get isQuiet(): boolean {
    return this.#state !== 'opening' && (this.#exchange?.isQuiet ?? true) && this.#applier.isDone;
  }

  /** Begins the exchange, or tries to: what fails is told, and tried again later. */
  start(): Promise<void> {
    return this.#life.run(() => this.#start());
  }

  /** Ends the exchange until {@link start}: what came is durable then. */
  async pause(): Promise<void> {
    this.#set('paused');
    this.#stopTimer();
    await this.#life.run(async () => {
      const exchange = this.#exchange;
      this.#forget();
      await exchange?.close();
    });
  }

  /** Ends it for good. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#applier.close();
    await this.pause();
  }

  /** Speaks of the folder with a peer; answers what ends that. */
  connect(peer: PeerKey, open: (events: ChannelEvents) => Channel): () => void {
    const exchange = this.#exchange;
    if (exchange === undefined) return () => undefined;
    const name = `${peer} ${++this.#sessionCount}`;
    this.#sessions.set(name, peer);
    exchange.connect(name, open);
    return () => {
      this.#sessions.delete(name);
      exchange.disconnect(name);
    };
  }

  /** Another operation wrote into the folder. */
  async announce(): Promise<void> {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    this.#readMembers();
    if (await exchange.announce()) return;
    // An operation that failed released the folder: it is opened again.
    this.#forget();
    await this.start();
  }

  async #start(): Promise<void> {
    if (this.#ending.signal.aborted || this.#exchange !== undefined) return;
    const { session, listed, openExchange } = this.#parts;
    const { clock } = session.environment;
    this.#set('opening');
    try {
      const exchange = await openExchange({
        folder: listed.id,
        onNews: () => this.#news(),
        onEnded: (name, reason, _detail, by) => this.#ended(name, reason, by),
        onFailed: (error) => this.#failed(error),
      });
      this.#exchange = exchange;
      this.#folder = await session.folders.open(listed);
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#beganMs = clock.monotonicMs();
    this.#trouble = undefined;
    this.#logs = -1;
    this.#readMembers();
    this.#set('running');
    // What came before a crash, or while nobody applied it, may not be shown yet.
    this.#tellNews();
  }

  #news(): void {
    this.#readMembers();
    this.#tellNews();
  }

  #tellNews(): void {
    const { onNews, listed } = this.#parts;
    if (onNews !== undefined) onNews(listed.id);
    else if (this.#folder?.state.path !== undefined) this.#applier.note();
  }

  async #apply(): Promise<void> {
    const exchange = this.#exchange;
    if (exchange === undefined || this.#folder?.state.path === undefined) return;
    const { troubled } = this.#parts;
    try {
      await exchange.inStep(
        { yes: false },
        {
          signal: this.#ending.signal,
          emit: (event) => {
            if (event.type === 'warning') troubled(event.message, undefined);
          },
          confirm: () => Promise.resolve(undefined),
        },
      );
    } catch (error) {
      if (!this.#ending.signal.aborted) this.#failed(error);
    }
  }

  #ended(name: string, reason: EndReason, by: 'us' | 'peer'): void {
    const peer = this.#sessions.get(name);
    this.#sessions.delete(name);
    if (peer === undefined || reason === 'done' || reason === 'unable') return;
    this.#parts.misbehaved(peer, reason, by);
  }

  /** The exchange is over, and the folder released. */
  #failed(error: unknown): void {
    const { session, troubled } = this.#parts;
    const { clock, random } = session.environment;
    this.#forget();
    if (this.#ending.signal.aborted || this.#state === 'paused') return;
    if (clock.monotonicMs() - this.#beganMs >= GOOD_MS) this.#failures = 0;
    this.#failures++;
    this.#trouble = failureText(error);
    this.#set('failed');
    this.#stopTimer();
    this.#stopTimer = clock.timer(dialDelayMs(this.#failures, random), () => void this.start());
    troubled(this.#trouble, error);
  }

  #forget(): void {
    this.#activity += 1 + (this.#exchange?.activity ?? 0);
    this.#exchange = undefined;
  }

  #set(state: FolderOnlineState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#parts.changed();
  }

  /** Takes note of who the members are, where that is another than before. */
  #readMembers(): void {
    const folder = this.#folder;
    if (folder === undefined) return;
    const { membership } = folder.log.members;
    const logs = folder.log.heads.size;
    if (membership === this.#membership && logs === this.#logs) return;
    this.#membership = membership;
    this.#logs = logs;
    this.#known = nodesOf(folder);
    this.#parts.changed();
  }
}
