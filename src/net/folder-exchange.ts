/**
 * The exchange of one folder with any number of peers: logs announced and pulled, values wanted and
 * served, until all have the same. Pure: what happens comes in as events with their time, what is to be
 * done goes out as messages and effects. The rules are in docs/protocol.md.
 */

import { MAX_CREDIT_BYTES, MAX_PROCESS_CREDIT_BYTES } from '../limits.ts';
import { leadsFurther, keyOfSealed } from './asking.ts';
import { CreditPool } from './credit-pool.ts';
import { ExchangeOutput, type ExchangeEvent, type PeerName } from './exchange-event.ts';
import type { Adopted, EntryRange, HeldHead, PutOutcome } from './folder-side.ts';
import { LocalHeads } from './local-heads.ts';
import { LogPulls, rangeBytes } from './log-pulls.ts';
import type { EndReason, Entries, Message } from './message.ts';
import { Session } from './session.ts';
import { keyOf, type ValueKey } from './value-key.ts';
import { Violation } from './violation.ts';
import { ACTIVE_WANTS, STANDING_WANTS, WantList } from './want-list.ts';
import { WantSharing } from './want-sharing.ts';

/** A peer that was asked for something and sends nothing for so long is stalled. */
const STALL_MS = 3000;
/** While nobody has what is wanted, further wants are looked at this often. */
const PROBE_MS = 1000;
/** How often `tick` is to come while {@link FolderExchange.isBusy}, in milliseconds. */
export const TICK_MS = 250;

export interface ExchangeOptions {
  /** Bounds data on its way from all peers of the process; default {@link MAX_PROCESS_CREDIT_BYTES} for this folder. */
  readonly credit?: CreditPool;
}

export class FolderExchange {
  readonly #credit: CreditPool;
  readonly #local = new LocalHeads();
  readonly #sessions = new Map<PeerName, Session>();
  readonly #pulls = new LogPulls(this.#local, this.#sessions);
  readonly #wants = new WantList(this.#sessions);
  readonly #sharing = new WantSharing(this.#sessions, this.#wants);
  #isListing = false;
  /** The folder may list more wants than it did; some that are news. */
  #hasMore = false;
  #hasNews = false;
  #listedAt = -Infinity;

  constructor(options: ExchangeOptions = {}) {
    this.#credit = options.credit ?? new CreditPool(MAX_PROCESS_CREDIT_BYTES);
  }

  /** Whether time matters at present: then `tick` is to come every {@link TICK_MS}. */
  get isBusy(): boolean {
    if (this.#pulls.isBusy || (this.#hasMore && this.#sessions.size > 0)) return true;
    for (const { asking, serving } of this.#sessions.values()) {
      if (!asking.isIdle || serving.isResting) return true;
    }
    return false;
  }

  /** Peers with an open channel. */
  get peers(): ReadonlyMap<PeerName, { readonly isOpen: boolean; readonly isStalled: boolean }> {
    return this.#sessions;
  }

  /** Wants that are under way, and those that nobody has at present, as far as they were looked at. */
  get wanted(): { readonly active: number; readonly standing: number } {
    return { active: this.#wants.active, standing: this.#wants.standing };
  }

  /** What follows from an event that happened at `now`, in milliseconds of a clock that never goes back. */
  step(event: ExchangeEvent, now: number): ExchangeOutput {
    const out = new ExchangeOutput();
    try {
      this.#take(event, now, out);
    } catch (error) {
      if (!(error instanceof Violation) || !('peer' in event)) throw error;
      if (this.#sessions.has(event.peer)) this.#end(event.peer, error.reason, error.message, out);
    }
    this.#pulls.fill(now, out);
    this.#sharing.fill(now, out);
    this.#list(now, out);
    return out;
  }

  #take(event: ExchangeEvent, now: number, out: ExchangeOutput): void {
    switch (event.type) {
      case 'opened':
        this.#open(event.peer, out);
        break;
      case 'closed':
        this.#forget(event.peer);
        break;
      case 'broken':
        if (this.#sessions.has(event.peer)) throw new Violation(event.reason, 'unreadable');
        break;
      case 'advanced':
        this.#advance(event.heads, out);
        break;
      case 'stored':
        this.#stored(event.names.map(keyOf), out);
        break;
      case 'wants changed':
        out.effects.push({ type: 'rewind wants' });
        this.#hasMore = true;
        this.#hasNews = true;
        break;
      case 'tick':
        this.#tick(now, out);
        break;
      case 'stop':
        for (const peer of this.#sessions.keys()) {
          this.#end(peer, event.reason, 'ended by this node', out);
        }
        break;
      case 'listed':
        this.#isListing = false;
        if (event.wants.length > 0) this.#hasMore = true;
        for (const { key, peers } of this.#wants.add(event.wants)) {
          for (const peer of peers) this.#sessions.get(peer)?.asking.cancel([], [key], out);
        }
        break;
      case 'heads known':
        this.#pulls.headsKnown(event.heads, event.known);
        break;
      case 'adopted':
        this.#adopted(event.peer, event.range, event.adopted, now, out);
        break;
      case 'put':
        this.#put(event.peer, event.sealed, event.outcome, now, out);
        break;
      default: {
        const session = this.#sessions.get(event.peer);
        if (session === undefined) break;
        const { serving } = session;
        if (event.type === 'received') this.#receive(session, event.message, now, out);
        else if (event.type === 'drained') serving.drained(event.bytes, out);
        else if (event.type === 'range read') serving.rangeRead(event.ask, event.range, out);
        else if (event.type === 'looked up') serving.lookedUp(event.names, event.presences, out);
        else serving.valuesRead(event.names, event.values, out);
      }
    }
  }

  #receive(session: Session, message: Message, now: number, out: ExchangeOutput): void {
    const { peer, serving, asking } = session;
    if (!session.isOpen && message.type !== 'hello' && message.type !== 'end') {
      throw new Violation('out of order', 'something before hello');
    }
    switch (message.type) {
      case 'hello':
        if (session.isOpen) throw new Violation('out of order', 'a second hello');
        session.isOpen = true;
        this.#state(session, message.heads, out);
        if (this.#wants.takeForgotten(true)) this.#rewind(out);
        break;
      case 'announce':
        this.#state(session, message.heads, out);
        break;
      case 'ask':
        serving.ask(message, out);
        break;
      case 'want':
        serving.want(message, out);
        break;
      case 'cancel':
        serving.cancel(message.asks, message.keys);
        break;
      case 'credit':
        serving.credited(message.total, out);
        break;
      case 'credit-back':
        if (!asking.credit.takeBack(message.total)) {
          throw new Violation('credit', 'gives back more than it has');
        }
        asking.grant(now, out);
        break;
      case 'no-range': {
        const range = asking.noRange(message.ask);
        if (range !== undefined) this.#pulls.lacks(peer, range.log);
        break;
      }
      case 'no-data':
        this.#refuse(session, message.missing, 'missing');
        this.#refuse(session, message.expired, 'expired');
        break;
      case 'have':
        session.isDry = false;
        for (const key of message.keys) this.#wants.have(key, peer);
        break;
      case 'entries':
        this.#takeEntries(session, message, now, out);
        break;
      case 'value':
        this.#takeValue(session, message.sealed, now, out);
        break;
      case 'end':
        out.effects.push({
          type: 'end',
          peer,
          reason: message.reason,
          detail: 'ended by the peer',
          by: 'peer',
        });
        this.#forget(peer);
    }
  }

  #open(peer: PeerName, out: ExchangeOutput): void {
    if (this.#sessions.has(peer)) throw new RangeError('expected a peer without a session');
    const session = new Session(peer, new CreditPool(MAX_CREDIT_BYTES, this.#credit));
    this.#sessions.set(peer, session);
    session.open(this.#local, out);
    // What could not be had so far may be listed now.
    this.#hasMore = true;
  }

  #state(session: Session, heads: readonly HeldHead[], out: ExchangeOutput): void {
    for (const head of heads) session.heads.state(head);
    this.#pulls.state(
      session.peer,
      heads.map(({ head }) => head),
      out,
    );
    this.#wants.revive(session);
  }

  #advance(heads: readonly HeldHead[], out: ExchangeOutput): void {
    const logs = this.#local.advance(heads);
    this.#announce(heads, out);
    this.#pulls.advanced(logs, out);
    this.#hasMore = true;
    this.#hasNews = true;
  }

  #announce(heads: readonly HeldHead[], out: ExchangeOutput): void {
    for (const session of this.#sessions.values()) session.announce(heads, this.#local, out);
  }

  #refuse(session: Session, keys: readonly ValueKey[], why: 'missing' | 'expired'): void {
    for (const key of keys) {
      const wasAsked = session.asking.refused(key);
      const state = this.#wants.get(key);
      if (wasAsked && state !== undefined) this.#wants.release(state, session.peer, why);
    }
  }

  #takeEntries(session: Session, message: Entries, now: number, out: ExchangeOutput): void {
    session.isStalled = false;
    const range = session.asking.entries(message, now);
    if (range === undefined) session.asking.grant(now, out);
    else this.#pulls.arrived(session.peer, range, out);
  }

  #takeValue(session: Session, sealed: Uint8Array, now: number, out: ExchangeOutput): void {
    const { peer, asking } = session;
    session.isStalled = false;
    const { key } = asking.value(sealed, now);
    const state = this.#wants.get(key);
    if (state === undefined || state.isStoring) {
      state?.asked.delete(peer);
      asking.settle(sealed.length, now, out);
      return;
    }
    state.isStoring = true;
    state.asked.delete(peer);
    for (const other of state.asked.keys()) {
      this.#sessions.get(other)?.asking.cancel([], [key], out);
    }
    state.asked.clear();
    out.effects.push({ type: 'put', peer, sealed });
  }

  #put(
    peer: PeerName,
    sealed: Uint8Array,
    outcome: PutOutcome,
    now: number,
    out: ExchangeOutput,
  ): void {
    const session = this.#sessions.get(peer);
    session?.asking.settle(sealed.length, now, out);
    const key = keyOfSealed(sealed);
    const state = this.#wants.get(key);
    if (state !== undefined) state.isStoring = false;
    if (outcome === 'stored') {
      this.#stored([key], out);
      if (leadsFurther(sealed)) this.#hasMore = true;
    } else if (outcome === 'unwanted') this.#wants.done(key);
    else {
      if (state !== undefined) this.#wants.release(state, peer, 'spent');
      if (outcome === 'incomplete') {
        this.#hasMore = true;
        for (const { serving } of this.#sessions.values()) serving.stored([key], out);
      } else session?.asking.countCorrupt();
    }
  }

  /** Values are here: nobody needs to be asked for them, and whoever waits for them is told. */
  #stored(keys: readonly ValueKey[], out: ExchangeOutput): void {
    for (const key of keys) {
      const { asked, standsAt } = this.#wants.done(key);
      for (const peer of [...asked, ...standsAt]) {
        this.#sessions.get(peer)?.asking.cancel([], [key], out);
      }
    }
    for (const { serving } of this.#sessions.values()) serving.stored(keys, out);
  }

  #adopted(
    peer: PeerName,
    range: EntryRange,
    { outcome, heads, stored }: Adopted,
    now: number,
    out: ExchangeOutput,
  ): void {
    this.#sessions.get(peer)?.asking.settle(rangeBytes(range), now, out);
    if (outcome === 'adopted') {
      this.#local.advance(heads);
      this.#announce(heads, out);
      this.#stored(stored.map(keyOf), out);
      this.#hasMore = true;
      this.#hasNews = true;
    }
    this.#pulls.adopted(range, outcome, out);
  }

  #tick(now: number, out: ExchangeOutput): void {
    for (const session of this.#sessions.values()) {
      const { asking, serving } = session;
      serving.tick(now, out);
      asking.grant(now, out);
      // Without credit it is we who are slow.
      const isWaiting = !asking.isIdle && asking.credit.open > 0;
      if (!isWaiting || now - asking.progressAt < STALL_MS) continue;
      session.isStalled = true;
      this.#pulls.stalled(session.peer, out);
      this.#sharing.takeFrom(session, out);
    }
    this.#sharing.hedge(now, out);
  }

  /** Asks the folder for more wants where there is room, slowly where nobody has what is wanted. */
  #list(now: number, out: ExchangeOutput): void {
    if (this.#wants.takeForgotten(false)) this.#rewind(out);
    if (this.#isListing || !this.#hasMore || this.#wants.active > ACTIVE_WANTS / 2) return;
    if (![...this.#sessions.values()].some(({ isOpen }) => isOpen)) return;
    const isFull = this.#wants.standing >= STANDING_WANTS;
    if (isFull && !this.#hasNews && now - this.#listedAt < PROBE_MS) return;
    this.#isListing = true;
    // What comes to be wanted while the folder answers is listed next time.
    this.#hasMore = false;
    this.#hasNews = false;
    this.#listedAt = now;
    out.effects.push({ type: 'list wants', limit: ACTIVE_WANTS / 2 });
  }

  #rewind(out: ExchangeOutput): void {
    out.effects.push({ type: 'rewind wants' });
    this.#hasMore = true;
  }

  #end(peer: PeerName, reason: EndReason, detail: string, out: ExchangeOutput): void {
    out.messages.push({ peer, lane: 'control', message: { type: 'end', reason } });
    out.effects.push({ type: 'end', peer, reason, detail, by: 'us' });
    this.#forget(peer);
  }

  #forget(peer: PeerName): void {
    const session = this.#sessions.get(peer);
    if (session === undefined) return;
    this.#sessions.delete(peer);
    session.asking.credit.close();
    this.#pulls.gone(peer);
    this.#wants.gone(peer);
  }
}
