/**
 * The asking half of a session: what was asked of one peer and has not come, and whether what comes was
 * asked for. Throws {@link Violation} where the peer breaks the rules.
 */

import { equalBytes } from '../bytes.ts';
import { parseHeader, valueTypes } from '../crypto/sealed-value.ts';
import { isVaultError } from '../errors.ts';
import { MAX_CORRUPT_VALUES, MAX_NAMES, MAX_UNASKED_BYTES, SIGNED_EVERY } from '../limits.ts';
import type { CreditPool } from './credit-pool.ts';
import type { ExchangeOutput, PeerName } from './exchange-event.ts';
import type { DataLane, EntryRange, RangeAsk, Want } from './folder-side.ts';
import { creditCost, type Entries, type Message } from './message.ts';
import { ReceiveCredit } from './receive-credit.ts';
import { contentKey, keyOf, pageKey, type ValueKey } from './value-key.ts';
import { Violation } from './violation.ts';

/** What was cancelled and may still come is remembered for so many asks. */
const MAX_CANCELLED = 8192;

interface OpenRange {
  readonly ask: RangeAsk;
  readonly entries: Uint8Array[];
  bytes: number;
}

export class Asking {
  readonly credit: ReceiveCredit;
  readonly #peer: PeerName;
  #nextAsk = 0;
  readonly #ranges = new Map<number, OpenRange>();
  /** In the order they were asked for. */
  readonly #wants = new Map<ValueKey, Want>();
  #wantBytes = 0;
  readonly #cancelled = new Set<ValueKey | number>();
  #unasked = 0;
  #corrupt = 0;
  #progressAt = 0;
  #busySince = 0;
  #busyBytes = 0;

  constructor(peer: PeerName, pool: CreditPool) {
    this.#peer = peer;
    this.credit = new ReceiveCredit(pool);
  }

  /** Keys and wants, the longest asked for first. */
  get wants(): ReadonlyMap<ValueKey, Want> {
    return this.#wants;
  }

  /** Bytes that the outstanding wants may take. */
  get wantBytes(): number {
    return this.#wantBytes;
  }

  get openRanges(): number {
    return this.#ranges.size;
  }

  get isIdle(): boolean {
    return this.#ranges.size === 0 && this.#wants.size === 0;
  }

  /** When something that was asked for came last, or was asked for while nothing else was. */
  get progressAt(): number {
    return this.#progressAt;
  }

  /** Milliseconds that the outstanding wants will take at the rate seen so far; infinite before the first. */
  remainingMs(now: number): number {
    const elapsed = Math.max(1, now - this.#busySince);
    return this.#wantBytes === 0 ? 0 : (this.#wantBytes * elapsed) / this.#busyBytes;
  }

  /** Asks for entries. The number of the ask. */
  askRange(ask: RangeAsk, now: number, out: ExchangeOutput): number {
    this.#begin(now);
    const number = this.#nextAsk++;
    this.#ranges.set(number, { ask, entries: [], bytes: 0 });
    this.#send({ type: 'ask', ask: number, ...ask }, out);
    this.grant(now, out);
    return number;
  }

  /** Asks for values, in order. */
  askValues(wants: readonly Want[], now: number, out: ExchangeOutput): void {
    if (wants.length === 0) return;
    this.#begin(now);
    for (const lane of ['entries', 'small', 'bulk'] satisfies DataLane[]) {
      const names = wants.filter((want) => want.lane === lane).map(({ name }) => name);
      for (let at = 0; at < names.length; at += MAX_NAMES) {
        this.#send({ type: 'want', lane, names: names.slice(at, at + MAX_NAMES) }, out);
      }
    }
    for (const want of wants) {
      const key = keyOf(want.name);
      this.#cancelled.delete(key);
      this.#wants.set(key, want);
      this.#wantBytes += want.bytes;
    }
    this.grant(now, out);
  }

  /** Gives the peer more credit where it runs low and something is outstanding. */
  grant(now: number, out: ExchangeOutput): void {
    if (this.isIdle) return;
    const total = this.credit.grant(now);
    if (total !== undefined) this.#send({ type: 'credit', total }, out);
  }

  /** Takes back what was asked for; what is on its way may still come. */
  cancel(asks: readonly number[], keys: readonly ValueKey[], out: ExchangeOutput): void {
    const open = asks.filter((ask) => this.#dropRange(ask));
    const wanted = keys.filter((key) => this.#dropWant(key));
    for (const one of [...open, ...wanted]) this.#cancelled.add(one);
    for (const oldest of this.#cancelled) {
      if (this.#cancelled.size <= MAX_CANCELLED) break;
      this.#cancelled.delete(oldest);
    }
    const standing = keys.filter((key) => !this.#cancelled.has(key));
    const all = [...wanted, ...standing];
    for (let at = 0; at < Math.max(all.length, open.length); at += MAX_NAMES) {
      const part = all.slice(at, at + MAX_NAMES);
      this.#send({ type: 'cancel', asks: at === 0 ? open : [], keys: part }, out);
    }
    this.#rest();
  }

  /** The peer lacks this; it is no longer outstanding. False where it was not. */
  refused(key: ValueKey): boolean {
    const wasAsked = this.#dropWant(key);
    this.#rest();
    return wasAsked;
  }

  /** The peer lacks this range. Undefined where it was not asked for any more. */
  noRange(ask: number): RangeAsk | undefined {
    const range = this.#ranges.get(ask)?.ask;
    if (range === undefined) {
      if (!this.#cancelled.has(ask)) throw new Violation('unasked', 'an answer to no ask');
      return undefined;
    }
    this.#dropRange(ask);
    this.#rest();
    return range;
  }

  /** Takes entries; the range with them, where it is whole now. Its credit is settled with {@link settle}. */
  entries(message: Entries, now: number): EntryRange | undefined {
    const { ask, entries, end } = message;
    const bytes = creditCost(message);
    this.#receive(bytes, now);
    const range = this.#ranges.get(ask);
    if (range === undefined) {
      this.credit.settle(bytes);
      if (!this.#cancelled.has(ask)) this.#countUnasked(bytes);
      return undefined;
    }
    range.entries.push(...entries);
    range.bytes += bytes;
    if (range.entries.length > SIGNED_EVERY) throw new Violation('refused range', 'too long');
    if (end === undefined) return undefined;
    const { log, from, toward } = range.ask;
    const { head, rides } = end;
    const isWhole = head.log === log && head.seq === from + range.entries.length - 1;
    const isShort = head.seq < toward.seq;
    if (!isWhole || (!isShort && !equalBytes(head.hash, toward.hash)) || head.seq > toward.seq) {
      throw new Violation('refused range', 'does not lead to where it was asked to');
    }
    this.#ranges.delete(ask);
    this.#rest();
    return { log, from, entries: range.entries, head, rides };
  }

  /** Takes a value; its name, and whether it was asked for. Its credit is settled with {@link settle}. */
  value(sealed: Uint8Array, now: number): { readonly key: ValueKey; readonly isAsked: boolean } {
    this.#receive(sealed.length, now);
    const key = keyOfSealed(sealed);
    const isAsked = this.#dropWant(key);
    if (!isAsked && !this.#cancelled.delete(key)) this.#countUnasked(sealed.length);
    this.#rest();
    return { key, isAsked };
  }

  /** Data of so many bytes was stored or thrown away: the peer may send as much again. */
  settle(bytes: number, now: number, out: ExchangeOutput): void {
    this.credit.settle(bytes);
    this.grant(now, out);
  }

  /** A value that came from this peer does not open. */
  countCorrupt(): void {
    this.#corrupt++;
    if (this.#corrupt > MAX_CORRUPT_VALUES) throw new Violation('corrupt values', 'too many');
  }

  #receive(bytes: number, now: number): void {
    if (!this.credit.receive(bytes, now)) throw new Violation('credit', 'data without credit');
    this.#progressAt = now;
    this.#busyBytes += bytes;
  }

  #begin(now: number): void {
    if (!this.isIdle) return;
    this.#progressAt = now;
    this.#busySince = now;
    this.#busyBytes = 0;
  }

  #rest(): void {
    if (this.isIdle) this.credit.rest();
  }

  #dropRange(ask: number): boolean {
    const range = this.#ranges.get(ask);
    if (range === undefined) return false;
    this.credit.settle(range.bytes);
    return this.#ranges.delete(ask);
  }

  #dropWant(key: ValueKey): boolean {
    this.#wantBytes -= this.#wants.get(key)?.bytes ?? 0;
    return this.#wants.delete(key);
  }

  #countUnasked(bytes: number): void {
    this.#unasked += bytes;
    if (this.#unasked > MAX_UNASKED_BYTES) throw new Violation('unasked', 'data not asked for');
  }

  #send(message: Message, out: ExchangeOutput): void {
    out.messages.push({ peer: this.#peer, lane: 'control', message });
  }
}

/** The key of a sealed value from its header alone. */
export function keyOfSealed(sealed: Uint8Array): ValueKey {
  try {
    const { type, id, totalLength } = parseHeader(sealed);
    if (totalLength === sealed.length) {
      if (type === valueTypes.chunk || type === valueTypes.node) return contentKey(id);
      if (type === valueTypes.page) return pageKey(id);
    }
  } catch (error) {
    if (!isVaultError(error)) throw error;
  }
  throw new Violation('malformed', 'a value that is none');
}

/** Whether what this value holds may name further values: a node or a page. */
export function leadsFurther(sealed: Uint8Array): boolean {
  return parseHeader(sealed).type !== valueTypes.chunk;
}
