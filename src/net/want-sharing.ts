/**
 * Who is asked for what: each open want of one peer, as much of each peer as it is quick; at the end what
 * waits at slow peers goes to quick ones, and the very last wants are asked of two.
 */

import type { ExchangeOutput, PeerName } from './exchange-event.ts';
import type { Want } from './folder-side.ts';
import type { Session } from './session.ts';
import type { WantList, WantState } from './want-list.ts';

/** Values asked of one peer at one time. */
const MAX_ASKED = 1024;
/** Wants given to one peer before the next has its turn. */
const TURN = 8;
/** The last wants that are asked of a second peer. */
const HEDGED = 16;
const HEDGE_MS = 500;
/** What a peer is thought to deliver within this is left to it. */
const NEAR_MS = 300;
const MAX_MOVES = 4;

export class WantSharing {
  readonly #sessions: ReadonlyMap<PeerName, Session>;
  readonly #wants: WantList;

  constructor(sessions: ReadonlyMap<PeerName, Session>, wants: WantList) {
    this.#sessions = sessions;
    this.#wants = wants;
  }

  /** Asks peers that have room for open wants. */
  fill(now: number, out: ExchangeOutput): void {
    const picked = new Map<Session, Want[]>();
    let needy = [...this.#sessions.values()].filter((session) => isNeedy(session));
    while (needy.length > 0 && this.#wants.open > 0) {
      needy = needy.filter((session) => {
        const wants = picked.get(session) ?? [];
        picked.set(session, wants);
        return this.#turn(session, wants, now);
      });
    }
    for (const [session, wants] of picked) session.asking.askValues(wants, now, out);
    if (this.#wants.open === 0) this.#relieve(now, out);
  }

  /** Asks a second peer for the last wants where the first is slow with them. */
  hedge(now: number, out: ExchangeOutput): void {
    if (this.#wants.open > 0) return;
    const last = this.#wants.asked(HEDGED + 1);
    if (last.length > HEDGED) return;
    for (const state of last) {
      const [first, since] = [...state.asked][0] ?? ['', now];
      const session = this.#sessions.get(first);
      if (state.asked.size > 1 || session === undefined) continue;
      const { roundTripMs } = session.asking.credit;
      const patience = Math.max(HEDGE_MS, Number.isFinite(roundTripMs) ? 4 * roundTripMs : 0);
      const { progressAt } = session.asking;
      const isSlow = session.asking.remainingMs(now) > patience || now - progressAt > patience;
      if (now - since < patience || !isSlow) continue;
      const other = this.#idle(state, session);
      if (other === undefined) continue;
      state.asked.set(other.peer, now);
      other.asking.askValues([state.want], now, out);
    }
  }

  /** Takes what a peer was asked for from it, where somebody else may have it. */
  takeFrom(session: Session, out: ExchangeOutput): void {
    const moved = [...session.asking.wants.keys()].filter((key) => {
      const state = this.#wants.get(key);
      return state !== undefined && this.#others(state, session).some((one) => !one.isStalled);
    });
    session.asking.cancel([], moved, out);
    for (const key of moved) {
      const state = this.#wants.get(key);
      if (state !== undefined) this.#wants.release(state, session.peer);
    }
  }

  #turn(session: Session, wants: Want[], now: number): boolean {
    let bytes = session.asking.wantBytes + wants.reduce((sum, want) => sum + want.bytes, 0);
    for (let count = 0; count < TURN; count++) {
      const isFull = session.asking.wants.size + wants.length >= MAX_ASKED;
      if (isFull || bytes >= session.asking.credit.window) return false;
      const state = this.#wants.take(session, now);
      if (state === undefined) return false;
      wants.push(state.want);
      bytes += state.want.bytes;
    }
    return true;
  }

  /** Gives peers that have run dry half of what waits longest elsewhere. */
  #relieve(now: number, out: ExchangeOutput): void {
    for (const idle of this.#sessions.values()) {
      if (!idle.isOpen || idle.isStalled || idle.asking.wants.size > 0) continue;
      const slow = this.#slowest(idle, now);
      if (slow === undefined) continue;
      const moved: WantState[] = [];
      let bytes = 0;
      // The last that it was asked for are the last that it would send.
      for (const key of [...slow.asking.wants.keys()].toReversed()) {
        const state = this.#wants.get(key);
        if (state === undefined || !this.#isMovable(state, idle)) continue;
        bytes += state.want.bytes;
        if (bytes > Math.min(slow.asking.wantBytes / 2, idle.asking.credit.window)) break;
        moved.push(state);
      }
      if (moved.length === 0) continue;
      slow.asking.cancel(
        [],
        moved.map(({ key }) => key),
        out,
      );
      for (const state of moved) {
        state.asked.delete(slow.peer);
        state.asked.set(idle.peer, now);
        state.moves++;
      }
      idle.asking.askValues(
        moved.toReversed().map(({ want }) => want),
        now,
        out,
      );
    }
  }

  #isMovable(state: WantState, to: Session): boolean {
    return state.asked.size === 1 && state.moves < MAX_MOVES && this.#wants.canServe(to, state);
  }

  #slowest(idle: Session, now: number): Session | undefined {
    let slowest: Session | undefined;
    let longest = NEAR_MS;
    for (const session of this.#sessions.values()) {
      const { credit, wants } = session.asking;
      if (session === idle || wants.size < 2) continue;
      const near = Number.isFinite(credit.roundTripMs) ? 4 * credit.roundTripMs : 0;
      const remaining = session.asking.remainingMs(now);
      // Before its first answer nothing is known of it but that it takes time.
      if (!Number.isFinite(remaining) || remaining < longest + near) continue;
      longest = remaining;
      slowest = session;
    }
    return slowest;
  }

  #idle(state: WantState, than: Session): Session | undefined {
    const others = this.#others(state, than).filter(({ isStalled }) => !isStalled);
    const [least] = others.toSorted((a, b) => a.asking.wantBytes - b.asking.wantBytes);
    return least;
  }

  #others(state: WantState, than: Session): Session[] {
    return [...this.#sessions.values()].filter(
      (session) => session !== than && this.#wants.canServe(session, state),
    );
  }
}

function isNeedy(session: Session): boolean {
  const { isOpen, isStalled, isDry, asking } = session;
  const isLow = asking.wantBytes <= (asking.credit.window * 3) / 4 && asking.wants.size < 768;
  return isOpen && !isStalled && !isDry && isLow;
}
