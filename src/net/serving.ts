/**
 * The answering half of a session: what a peer asked of us, in what order it is read and sent, and what it
 * still waits for. Reads no more ahead than it can send.
 */

import { INITIAL_CREDIT_BYTES, MAX_NAMES, MAX_OPEN_ASKS, MAX_OPEN_WANTS } from '../limits.ts';
import type { ExchangeOutput, PeerName } from './exchange-event.ts';
import type { DataLane, EntryRange, Presence, ValueName } from './folder-side.ts';
import { creditCost, type Ask, type DataMessage, type WantMessage } from './message.ts';
import { keyOf, type ValueKey } from './value-key.ts';
import { Violation } from './violation.ts';

/** Data handed to the connection that has not left yet: enough to keep it busy, little to lose. */
const HIGH_WATER_BYTES = 256 * 1024;
/** Entries of one message. */
const BATCH_BYTES = 256 * 1024;
/** Values read at one time. */
const READ_AHEAD = 8;
const IDLE_MS = 1000;

interface Wanted {
  readonly name: ValueName;
  readonly lane: DataLane;
}

interface LookedFor extends Wanted {
  /** It was stored while it was being looked for. */
  hasCome: boolean;
}

const order: readonly DataLane[] = ['entries', 'small', 'bulk'];

export class Serving {
  readonly #peer: PeerName;
  #allowed = 0;
  #sent = 0;
  #back = 0;
  #buffered = 0;
  #idleSince: number | undefined;
  readonly #asks = new Map<number, Ask>();
  #reading: number | undefined;
  readonly #looking = new Map<ValueKey, LookedFor>();
  readonly #queued: Readonly<Record<DataLane, Map<ValueKey, ValueName>>> = {
    entries: new Map(),
    small: new Map(),
    bulk: new Map(),
  };
  readonly #fetching = new Map<ValueKey, Wanted>();
  readonly #ready: Readonly<Record<DataLane, { message: DataMessage; key: ValueKey }[]>> = {
    entries: [],
    small: [],
    bulk: [],
  };
  readonly #standing = new Map<ValueKey, Wanted>();

  constructor(peer: PeerName) {
    this.#peer = peer;
  }

  /** Values the peer waits for: queued, being looked for or read, or standing. */
  get openWants(): number {
    let queued = 0;
    for (const lane of order) queued += this.#queued[lane].size;
    return queued + this.#looking.size + this.#fetching.size + this.#standing.size;
  }

  /** Bytes of credit that are left. */
  get credit(): number {
    return this.#allowed - this.#back - this.#sent;
  }

  /** Whether time has to pass until something is to be done: credit to be given back. */
  get isResting(): boolean {
    return this.#isIdle() && this.credit > INITIAL_CREDIT_BYTES;
  }

  ask(ask: Ask, out: ExchangeOutput): void {
    if (this.#asks.has(ask.ask)) throw new Violation('out of order', 'an ask of a used number');
    if (this.#asks.size >= MAX_OPEN_ASKS) throw new Violation('limit', 'too many asks');
    this.#asks.set(ask.ask, ask);
    this.pump(out);
  }

  want({ lane, names }: WantMessage, out: ExchangeOutput): void {
    if (this.openWants + names.length > MAX_OPEN_WANTS) {
      throw new Violation('limit', 'too many wants');
    }
    const fresh: ValueName[] = [];
    for (const name of names) {
      const key = keyOf(name);
      this.#standing.delete(key);
      if (this.#looking.has(key) || this.#fetching.has(key)) continue;
      if (order.some((one) => this.#queued[one].has(key))) continue;
      this.#looking.set(key, { name, lane, hasCome: false });
      fresh.push(name);
    }
    if (fresh.length > 0) out.effects.push({ type: 'look up', peer: this.#peer, names: fresh });
  }

  cancel(asks: readonly number[], keys: readonly ValueKey[]): void {
    for (const ask of asks) {
      this.#asks.delete(ask);
      const kept = this.#ready.entries.filter(
        ({ message }) => message.type !== 'entries' || message.ask !== ask,
      );
      this.#ready.entries.splice(0, Infinity, ...kept);
    }
    if (keys.length === 0) return;
    const gone = new Set(keys);
    for (const key of keys) {
      this.#looking.delete(key);
      this.#fetching.delete(key);
      this.#standing.delete(key);
      for (const lane of order) this.#queued[lane].delete(key);
    }
    for (const lane of order) {
      const kept = this.#ready[lane].filter(({ key }) => !gone.has(key));
      this.#ready[lane].splice(0, Infinity, ...kept);
    }
  }

  credited(total: number, out: ExchangeOutput): void {
    if (total < this.#allowed) throw new Violation('credit', 'credit that shrinks');
    this.#allowed = total;
    this.pump(out);
  }

  drained(bytes: number, out: ExchangeOutput): void {
    this.#buffered = Math.max(0, this.#buffered - bytes);
    this.pump(out);
  }

  rangeRead(number: number, range: EntryRange | undefined, out: ExchangeOutput): void {
    this.#reading = undefined;
    const ask = this.#asks.get(number);
    if (ask !== undefined) {
      if (range === undefined) {
        this.#asks.delete(number);
        out.messages.push({
          peer: this.#peer,
          lane: 'control',
          message: { type: 'no-range', ask: number },
        });
      } else this.#ready.entries.push(...rangeMessages(number, range));
    }
    this.pump(out);
  }

  lookedUp(names: readonly ValueName[], presences: readonly Presence[], out: ExchangeOutput): void {
    const missing: ValueKey[] = [];
    const expired: ValueKey[] = [];
    for (const [at, name] of names.entries()) {
      const key = keyOf(name);
      const wanted = this.#looking.get(key);
      if (wanted === undefined) continue;
      this.#looking.delete(key);
      if (presences[at] === 'here' || wanted.hasCome) this.#queued[wanted.lane].set(key, name);
      else if (presences[at] === 'expired') expired.push(key);
      else {
        missing.push(key);
        this.#standing.set(key, wanted);
      }
    }
    this.#lack(missing, expired, out);
    this.pump(out);
  }

  valuesRead(
    names: readonly ValueName[],
    values: readonly (Uint8Array | undefined)[],
    out: ExchangeOutput,
  ): void {
    const missing: ValueKey[] = [];
    for (const [at, name] of names.entries()) {
      const key = keyOf(name);
      const wanted = this.#fetching.get(key);
      const sealed = values[at];
      if (wanted === undefined) continue;
      this.#fetching.delete(key);
      if (sealed === undefined) {
        missing.push(key);
        this.#standing.set(key, wanted);
      } else this.#ready[wanted.lane].push({ message: { type: 'value', sealed }, key });
    }
    this.#lack(missing, [], out);
    this.pump(out);
  }

  /** These can be served from now on: the peer is told of those that it waits for. */
  stored(keys: readonly ValueKey[], out: ExchangeOutput): void {
    const have: ValueKey[] = [];
    for (const key of keys) {
      const looked = this.#looking.get(key);
      if (looked !== undefined) looked.hasCome = true;
      if (this.#standing.delete(key)) have.push(key);
    }
    for (let at = 0; at < have.length; at += MAX_NAMES) {
      const message = { type: 'have', keys: have.slice(at, at + MAX_NAMES) } as const;
      out.messages.push({ peer: this.#peer, lane: 'control', message });
    }
  }

  /** Gives back what credit a quiet session would only keep from others. */
  tick(now: number, out: ExchangeOutput): void {
    if (!this.isResting) {
      this.#idleSince = undefined;
      return;
    }
    this.#idleSince ??= now;
    if (now - this.#idleSince < IDLE_MS) return;
    this.#back += this.credit - INITIAL_CREDIT_BYTES;
    const message = { type: 'credit-back', total: this.#back } as const;
    out.messages.push({ peer: this.#peer, lane: 'control', message });
  }

  /** Sends what is ready while credit and the connection allow it, and reads what comes next. */
  pump(out: ExchangeOutput): void {
    while (this.credit > 0 && this.#buffered < HIGH_WATER_BYTES) {
      const lane = order.find((one) => this.#ready[one].length > 0);
      const next = lane === undefined ? undefined : this.#ready[lane].shift();
      if (lane === undefined || next === undefined) break;
      const cost = creditCost(next.message);
      this.#sent += cost;
      this.#buffered += cost;
      if (next.message.type === 'entries' && next.message.end !== undefined) {
        this.#asks.delete(next.message.ask);
      }
      out.messages.push({ peer: this.#peer, lane, message: next.message });
    }
    if (this.credit > 0) this.#read(out);
  }

  #read(out: ExchangeOutput): void {
    if (this.#reading === undefined && this.#ready.entries.length === 0) {
      const [ask] = this.#asks.values();
      if (ask !== undefined) {
        this.#reading = ask.ask;
        const { log, from, toward, rideBytes } = ask;
        const range = { log, from, toward, rideBytes };
        out.effects.push({ type: 'read range', peer: this.#peer, ask: ask.ask, range });
      }
    }
    if (this.#fetching.size > 0) return;
    const ready = order.flatMap((lane) => this.#ready[lane].filter(({ key }) => key !== ''));
    if (ready.length > READ_AHEAD / 2) return;
    const names: ValueName[] = [];
    for (const lane of order) {
      for (const [key, name] of this.#queued[lane]) {
        if (names.length === READ_AHEAD) break;
        this.#queued[lane].delete(key);
        this.#fetching.set(key, { name, lane });
        names.push(name);
      }
    }
    if (names.length > 0) out.effects.push({ type: 'read values', peer: this.#peer, names });
  }

  #lack(missing: readonly ValueKey[], expired: readonly ValueKey[], out: ExchangeOutput): void {
    if (missing.length + expired.length === 0) return;
    const message = { type: 'no-data', missing, expired } as const;
    out.messages.push({ peer: this.#peer, lane: 'control', message });
  }

  #isIdle(): boolean {
    return (
      this.#asks.size + this.#looking.size + this.#fetching.size === 0 &&
      order.every((lane) => this.#queued[lane].size + this.#ready[lane].length === 0)
    );
  }
}

/** The messages of a range, each a few hundred entries at most. */
function rangeMessages(
  ask: number,
  { entries, head, rides }: EntryRange,
): { message: DataMessage; key: ValueKey }[] {
  const batches: Uint8Array[][] = [[]];
  let bytes = 0;
  for (const entry of entries) {
    if (bytes > 0 && bytes + entry.length > BATCH_BYTES) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)?.push(entry);
    bytes += entry.length;
  }
  return batches.map((batch, at) => {
    const end = at === batches.length - 1 ? { head, rides } : undefined;
    return { message: { type: 'entries', ask, entries: batch, end }, key: '' };
  });
}
