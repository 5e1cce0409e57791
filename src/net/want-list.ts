/**
 * The values this node wants, and who may have them: open ones are to be asked for, asked ones are on
 * their way, storing ones are here, standing ones wait until somebody has them. Bounded: what does not
 * fit is forgotten and listed again later.
 */

import type { PeerName } from './exchange-event.ts';
import type { DataLane, Want } from './folder-side.ts';
import type { Session } from './session.ts';
import { keyOf, type ValueKey } from './value-key.ts';

/** Open, asked and storing wants that are worth holding at one time. */
export const ACTIVE_WANTS = 2048;
/** Wants that nobody has; their sum with what is asked of one peer stays below what a peer lets stand. */
export const STANDING_WANTS = 2048;

type Refusal = 'missing' | 'expired' | 'spent';

export interface WantState {
  readonly key: ValueKey;
  readonly want: Want;
  /** When each peer was asked. */
  readonly asked: Map<PeerName, number>;
  readonly refused: Map<PeerName, Refusal>;
  isStoring: boolean;
  /** How often it was taken from a slow peer to be asked of another. */
  moves: number;
}

const order: readonly DataLane[] = ['entries', 'small', 'bulk'];

export class WantList {
  readonly #sessions: ReadonlyMap<PeerName, Session>;
  readonly #all = new Map<ValueKey, WantState>();
  readonly #open: Readonly<Record<DataLane, Map<ValueKey, WantState>>> = {
    entries: new Map(),
    small: new Map(),
    bulk: new Map(),
  };
  readonly #standing = new Map<ValueKey, WantState>();
  /** Wants were forgotten for want of room, or because everybody had dropped them. */
  #hasDisplaced = false;
  #hasExpired = false;

  constructor(sessions: ReadonlyMap<PeerName, Session>) {
    this.#sessions = sessions;
  }

  /** Wants that are open, asked or being stored. */
  get active(): number {
    return this.#all.size - this.#standing.size;
  }

  get open(): number {
    return order.reduce((sum, lane) => sum + this.#open[lane].size, 0);
  }

  get standing(): number {
    return this.#standing.size;
  }

  get(key: ValueKey): WantState | undefined {
    return this.#all.get(key);
  }

  /** Adds what is not known yet. Those that had to make room, each with the peers that it stands at. */
  add(wants: readonly Want[]): { readonly key: ValueKey; readonly peers: readonly PeerName[] }[] {
    for (const want of wants) {
      const key = keyOf(want.name);
      if (this.#all.has(key)) continue;
      const state: WantState = {
        key,
        want,
        asked: new Map(),
        refused: new Map(),
        isStoring: false,
        moves: 0,
      };
      this.#all.set(key, state);
      this.#place(state);
    }
    const forgotten: { key: ValueKey; peers: PeerName[] }[] = [];
    for (const [key, state] of this.#standing) {
      if (this.#standing.size <= STANDING_WANTS) break;
      const stands = [...state.refused].filter(([, refusal]) => refusal === 'missing');
      forgotten.push({ key, peers: stands.map(([peer]) => peer) });
      this.#remove(state);
      this.#hasDisplaced = true;
    }
    return forgotten;
  }

  /** The most urgent open want that this peer is to be asked for, if any; it is asked from now on. */
  take(session: Session, now: number): WantState | undefined {
    if (session.isDry) return undefined;
    for (const lane of order) {
      for (const [key, state] of this.#open[lane]) {
        if (!this.canServe(session, state) || this.#isLeftToHolder(session, state)) continue;
        this.#open[lane].delete(key);
        state.asked.set(session.peer, now);
        return state;
      }
    }
    session.isDry = true;
    return undefined;
  }

  /** Whether it makes sense to ask this peer: it has the entry, and has not said no. */
  canServe(session: Session, state: WantState): boolean {
    const { want, refused } = state;
    return (
      session.isOpen &&
      session.heads.entriesThrough(want.log) > want.seq &&
      !refused.has(session.peer)
    );
  }

  /** The peer will not send it: because it lacks it, or what it sent is no use, or it is not asked any more. */
  release(state: WantState, peer: PeerName, refusal?: Refusal): void {
    state.asked.delete(peer);
    if (refusal !== undefined) state.refused.set(peer, refusal);
    if (state.asked.size === 0 && !state.isStoring) this.#place(state);
  }

  /** It is here, or not wanted any more. The peers that are still asked, and those it stands at. */
  done(key: ValueKey): {
    readonly asked: readonly PeerName[];
    readonly standsAt: readonly PeerName[];
  } {
    const state = this.#all.get(key);
    if (state === undefined) return { asked: [], standsAt: [] };
    this.#remove(state);
    return {
      asked: [...state.asked.keys()],
      standsAt: [...state.refused].flatMap(([peer, why]) => (why === 'missing' ? [peer] : [])),
    };
  }

  /** The peer can serve this now. */
  have(key: ValueKey, peer: PeerName): void {
    const state = this.#all.get(key);
    if (state === undefined || state.refused.get(peer) !== 'missing') return;
    state.refused.delete(peer);
    if (state.asked.size === 0 && !state.isStoring) this.#place(state);
  }

  /** The peer has more entries than before: it may have what nobody else does. */
  revive(session: Session): void {
    session.isDry = false;
    for (const state of this.#standing.values()) {
      if (this.canServe(session, state)) this.#place(state);
    }
  }

  /** The session ended. */
  gone(peer: PeerName): void {
    for (const state of this.#all.values()) {
      const wasAsked = state.asked.delete(peer);
      const hadRefused = state.refused.delete(peer);
      if ((wasAsked || hadRefused) && state.asked.size === 0 && !state.isStoring)
        this.#place(state);
    }
    for (const session of this.#sessions.values()) session.isDry = false;
  }

  /**
   * Whether what was forgotten is to be listed again: there is room once more, or `isNewSource` somebody
   * came who may still have what all others dropped. Says so once.
   */
  takeForgotten(isNewSource: boolean): boolean {
    const hasRoom = this.#hasDisplaced && this.#standing.size <= STANDING_WANTS / 2;
    if (!hasRoom && !(isNewSource && this.#hasExpired)) return false;
    this.#hasDisplaced = false;
    this.#hasExpired = false;
    return true;
  }

  /** What is asked of peers, the longest first, up to `limit`. */
  asked(limit: number): WantState[] {
    const found: WantState[] = [];
    for (const state of this.#all.values()) {
      if (found.length === limit) break;
      if (state.asked.size > 0) found.push(state);
    }
    return found;
  }

  #place(state: WantState): void {
    const { key, want, refused } = state;
    this.#standing.delete(key);
    this.#open[want.lane].delete(key);
    const able = [...this.#sessions.values()].filter((session) => this.canServe(session, state));
    if (able.length > 0) {
      this.#open[want.lane].set(key, state);
      for (const session of able) session.isDry = false;
      return;
    }
    const isExpired = refused.size > 0 && [...refused.values()].every((why) => why !== 'missing');
    // Whoever dropped it does not get it again: only a new source can help, and then it is listed anew.
    if (isExpired) {
      this.#remove(state);
      this.#hasExpired = true;
    } else this.#standing.set(key, state);
  }

  #isLeftToHolder(session: Session, state: WantState): boolean {
    const holds = (one: Session): boolean =>
      one.heads.contentsThrough(state.want.log) > state.want.seq;
    if (holds(session)) return false;
    for (const other of this.#sessions.values()) {
      if (holds(other) && !other.isStalled && this.canServe(other, state)) return true;
    }
    return false;
  }

  #remove({ key, want }: WantState): void {
    this.#all.delete(key);
    this.#open[want.lane].delete(key);
    this.#standing.delete(key);
  }
}
