/**
 * Which entries are asked for, and of whom: for each log one range at a time from one peer, toward a
 * head that somebody stated. Another peer is asked where one does not answer or lacks it.
 */

import { mapKey } from '../bytes.ts';
import { MAX_LOOSE_HEADS, MAX_RIDE_BYTES, SIGNED_EVERY } from '../limits.ts';
import type { Head, LogId } from '../log/types.ts';
import type { ExchangeOutput, PeerName } from './exchange-event.ts';
import type { AdoptOutcome, EntryRange } from './folder-side.ts';
import type { LocalHeads } from './local-heads.ts';
import { totalLength } from './message.ts';
import type { Session } from './session.ts';
import { Violation } from './violation.ts';

/** Ranges under way at one time: each may take 64 MiB at the very most, and nearly all take little. */
const MAX_PULLS = 4;
/** So many entries are a change that was just made: what they speak of may ride along. */
const LIVE_ENTRIES = 16;
/** A sound range that came before what says whose log it is, is kept up to this size. */
const MAX_EARLY_BYTES = 1024 * 1024;

interface Target {
  readonly head: Head;
  /** Where the next range begins, and how far that was moved back to find a common entry. */
  next: number;
  back: number;
  /** It is on another branch than what is known here. */
  isBranch: boolean;
  /** Who stated it, and of those who could not deliver. */
  readonly sources: Set<PeerName>;
  readonly failed: Set<PeerName>;
  /** Waits until other logs have grown, with the range if it is small. */
  isEarly: boolean;
  held: { readonly peer: PeerName; readonly range: EntryRange } | undefined;
}

interface Pull {
  readonly target: Target;
  readonly peer: PeerName;
  /** Undefined once the range is here and being adopted. */
  ask: number | undefined;
}

export class LogPulls {
  readonly #local: LocalHeads;
  readonly #sessions: ReadonlyMap<PeerName, Session>;
  readonly #targets = new Map<LogId, Map<string, Target>>();
  readonly #pulls = new Map<LogId, Pull>();
  /** Heads that the folder is asked about, with who stated them. */
  readonly #asked = new Map<string, Set<PeerName>>();

  constructor(local: LocalHeads, sessions: ReadonlyMap<PeerName, Session>) {
    this.#local = local;
    this.#sessions = sessions;
  }

  get isBusy(): boolean {
    return this.#pulls.size > 0;
  }

  /** Takes heads that a peer stated: news become targets, older ones are looked for among what is known. */
  state(peer: PeerName, heads: readonly Head[], out: ExchangeOutput): void {
    const older: Head[] = [];
    for (const head of heads) {
      if (this.#local.has(head)) continue;
      const known = this.#targets.get(head.log)?.get(mapKey(head.hash));
      if (known !== undefined) {
        known.sources.add(peer);
        known.failed.delete(peer);
      } else if (head.seq >= this.#local.end(head.log)) {
        this.#aim(peer, head, this.#local.end(head.log), false);
      } else if (!this.#isAsked(peer, head)) older.push(head);
    }
    if (older.length > 0) out.effects.push({ type: 'know heads', peer, heads: older });
  }

  /** The folder says which heads are on known branches: the others are forks and are asked for. */
  headsKnown(heads: readonly Head[], known: readonly (boolean | undefined)[]): void {
    for (const [at, head] of heads.entries()) {
      const key = headKey(head);
      const peers = this.#asked.get(key) ?? new Set();
      this.#asked.delete(key);
      if (known[at] !== false) continue;
      const first = Math.max(0, head.seq + 1 - SIGNED_EVERY);
      for (const peer of peers) this.#aim(peer, head, first, true);
    }
  }

  /** Takes a whole range: it is to be adopted. */
  arrived(peer: PeerName, range: EntryRange, out: ExchangeOutput): void {
    const pull = this.#pulls.get(range.log);
    if (pull?.peer !== peer || pull.ask === undefined) {
      this.#sessions.get(peer)?.asking.credit.settle(rangeBytes(range));
      return;
    }
    pull.ask = undefined;
    out.effects.push({ type: 'adopt', peer, range });
  }

  /** The peer has not what it stated, or no longer. */
  lacks(peer: PeerName, log: LogId): void {
    const pull = this.#pulls.get(log);
    if (pull?.peer !== peer) return;
    this.#pulls.delete(log);
    pull.target.failed.add(peer);
    this.#dropHopeless(log, pull.target);
  }

  /**
   * What became of a range that was to be adopted; {@link LocalHeads} has been told. Throws
   * {@link Violation} where its sender made it up.
   */
  adopted(range: EntryRange, outcome: AdoptOutcome, out: ExchangeOutput): void {
    const { log, from, head } = range;
    const pull = this.#pulls.get(log);
    if (pull === undefined || pull.ask !== undefined) return;
    const { target, peer } = pull;
    this.#pulls.delete(log);
    switch (outcome) {
      case 'adopted':
        target.next = head.seq + 1;
        target.back = 0;
        this.#settleTargets(log, out);
        this.#offerEarly(out);
        break;
      case 'detached':
        if (from === 0) this.#refuse(log, target, peer, 'follows nothing');
        target.isBranch = true;
        target.back = Math.max(SIGNED_EVERY, target.back * 2);
        target.next = Math.max(0, from - target.back);
        break;
      case 'early':
        target.isEarly = true;
        if (rangeBytes(range) <= MAX_EARLY_BYTES) target.held = { peer, range };
        break;
      case 'refused':
        this.#refuse(log, target, peer, 'does not verify');
    }
  }

  /** Other logs grew: what came too early may be sound now. */
  advanced(logs: Iterable<LogId>, out: ExchangeOutput): void {
    for (const log of logs) this.#settleTargets(log, out);
    this.#offerEarly(out);
  }

  /** The session ended. */
  gone(peer: PeerName): void {
    for (const [log, pull] of this.#pulls) {
      // What is being adopted needs its sender no more.
      if (pull.peer === peer && pull.ask !== undefined) this.#pulls.delete(log);
    }
    for (const peers of this.#asked.values()) peers.delete(peer);
    for (const [log, targets] of this.#targets) {
      for (const target of targets.values()) {
        target.sources.delete(peer);
        target.failed.delete(peer);
        this.#dropHopeless(log, target);
      }
    }
  }

  /** Nothing came from this peer for long: others are asked where they can be, if for less. */
  stalled(peer: PeerName, out: ExchangeOutput): void {
    for (const [log, pull] of this.#pulls) {
      if (pull.peer !== peer || pull.ask === undefined) continue;
      const targets = [...(this.#targets.get(log)?.values() ?? [])];
      if (!targets.some((target) => !target.isEarly && this.#ableSource(target))) continue;
      this.#sessions.get(peer)?.asking.cancel([pull.ask], [], out);
      this.#pulls.delete(log);
    }
  }

  /** Asks for what can be asked for. */
  fill(now: number, out: ExchangeOutput): void {
    for (const [log, targets] of this.#targets) {
      if (this.#pulls.size >= MAX_PULLS) return;
      if (this.#pulls.has(log)) continue;
      const open = [...targets.values()]
        .filter((target) => !target.isEarly)
        .toSorted((x, y) => y.head.seq - x.head.seq);
      // Where all are stalled, one of them may still come round.
      const able = open.find((target) => this.#ableSource(target)) ?? open[0];
      const session = able && (this.#ableSource(able) ?? this.#anySource(able));
      if (able !== undefined && session !== undefined) this.#ask(able, session, now, out);
    }
  }

  #ask(target: Target, session: Session, now: number, out: ExchangeOutput): void {
    const { log, seq, hash } = target.head;
    const isLive = !target.isBranch && seq - target.next < LIVE_ENTRIES;
    const ask = session.asking.askRange(
      { log, from: target.next, toward: { seq, hash }, rideBytes: isLive ? MAX_RIDE_BYTES : 0 },
      now,
      out,
    );
    this.#pulls.set(log, { target, peer: session.peer, ask });
  }

  #ableSource(target: Target): Session | undefined {
    const [best] = [...target.sources]
      .filter((peer) => this.#canAsk(target, peer))
      .flatMap((peer) => this.#sessions.get(peer) ?? [])
      .toSorted((a, b) => a.asking.openRanges - b.asking.openRanges);
    return best;
  }

  #anySource(target: Target): Session | undefined {
    const [any] = [...target.sources].filter((peer) => !target.failed.has(peer));
    return any === undefined ? undefined : this.#sessions.get(any);
  }

  #canAsk(target: Target, peer: PeerName): boolean {
    const session = this.#sessions.get(peer);
    return session !== undefined && !session.isStalled && !target.failed.has(peer);
  }

  #aim(peer: PeerName, head: Head, next: number, isBranch: boolean): void {
    if (!this.#sessions.has(peer)) return;
    const targets = this.#targets.get(head.log) ?? new Map<string, Target>();
    this.#targets.set(head.log, targets);
    const key = mapKey(head.hash);
    const sources = targets.get(key)?.sources ?? new Set<PeerName>();
    sources.add(peer);
    if (targets.has(key)) return;
    targets.set(key, {
      head,
      next,
      back: 0,
      isBranch,
      sources,
      failed: new Set(),
      isEarly: false,
      held: undefined,
    });
    if (targets.size <= MAX_LOOSE_HEADS) return;
    const pulled = this.#pulls.get(head.log)?.target;
    const [least] = [...targets.values()]
      .filter((target) => target !== pulled)
      .toSorted((a, b) => a.head.seq - b.head.seq);
    if (least !== undefined) targets.delete(mapKey(least.head.hash));
  }

  #isAsked(peer: PeerName, head: Head): boolean {
    const key = headKey(head);
    const peers = this.#asked.get(key);
    if (peers === undefined) this.#asked.set(key, new Set([peer]));
    else peers.add(peer);
    return peers !== undefined;
  }

  /** Targets of a log that grew: those reached are done, those passed are asked about. */
  #settleTargets(log: LogId, out: ExchangeOutput): void {
    const targets = this.#targets.get(log);
    if (targets === undefined) return;
    const pulled = this.#pulls.get(log)?.target;
    for (const [key, target] of targets) {
      if (target === pulled) continue;
      const { head, sources } = target;
      if (this.#local.has(head)) targets.delete(key);
      else if (target.isBranch) {
        if (target.next > head.seq) targets.delete(key);
      } else if (head.seq >= this.#local.end(log)) target.next = this.#local.end(log);
      else {
        targets.delete(key);
        for (const peer of sources) this.state(peer, [head], out);
      }
    }
    if (targets.size === 0) this.#targets.delete(log);
  }

  #offerEarly(out: ExchangeOutput): void {
    for (const [log, targets] of this.#targets) {
      if (this.#pulls.has(log)) continue;
      for (const target of targets.values()) {
        target.isEarly = false;
        const { held } = target;
        target.held = undefined;
        if (held === undefined || this.#pulls.has(log)) continue;
        this.#pulls.set(log, { target, peer: held.peer, ask: undefined });
        out.effects.push({ type: 'adopt', ...held });
      }
    }
  }

  #refuse(log: LogId, target: Target, peer: PeerName, why: string): never {
    target.failed.add(peer);
    this.#dropHopeless(log, target);
    throw new Violation('refused range', why);
  }

  #dropHopeless(log: LogId, target: Target): void {
    if (target.held !== undefined || this.#pulls.get(log)?.target === target) return;
    if ([...target.sources].some((peer) => !target.failed.has(peer))) return;
    const targets = this.#targets.get(log);
    targets?.delete(mapKey(target.head.hash));
    if (targets?.size === 0) this.#targets.delete(log);
  }
}

/** What a range cost of its sender's credit. */
export function rangeBytes({ entries, rides }: EntryRange): number {
  return totalLength(entries) + totalLength(rides);
}

function headKey({ log, hash }: Head): string {
  return `${log}/${mapKey(hash)}`;
}
