/**
 * Peers that broke the protocol, and how long they are kept waiting for it: longer each time, so that one that
 * comes back at once to do it again costs little.
 */

import type { PeerKey } from '../net/peer-keeper.ts';
import { dialDelayMs } from '../net/dial-delay.ts';
import type { RandomSource } from '../random.ts';

/** A peer that kept to the rules for so long begins anew. */
const FORGIVEN_MS = 3_600_000;

interface Record {
  readonly count: number;
  readonly untilMs: number;
  readonly what: string;
}

/** All times in milliseconds of one monotonic clock. Pure but for what it remembers, and random bytes. */
export class Misconduct {
  readonly #random: RandomSource;
  /** By the peer, and the folder if it was in one. */
  readonly #records = new Map<string, Record>();

  constructor(random: RandomSource) {
    this.#random = random;
  }

  /** A peer broke a rule: in this folder, or of the connection as a whole. */
  note(peer: PeerKey, folder: string | undefined, what: string, nowMs: number): void {
    const key = keyOf(peer, folder);
    const before = this.#records.get(key);
    const isOld = before === undefined || nowMs - before.untilMs > FORGIVEN_MS;
    const count = isOld ? 1 : before.count + 1;
    this.#records.set(key, { count, untilMs: nowMs + dialDelayMs(count, this.#random), what });
  }

  /** Whether the peer waits: in this folder, or, with none, altogether. */
  isWaiting(peer: PeerKey, folder: string | undefined, nowMs: number): boolean {
    return (this.#records.get(keyOf(peer, folder))?.untilMs ?? -Infinity) > nowMs;
  }

  /** When the next wait is over. */
  nextMs(nowMs: number): number | undefined {
    const due = [...this.#records.values()].map(({ untilMs }) => untilMs);
    const coming = due.filter((at) => at > nowMs);
    return coming.length === 0 ? undefined : Math.min(...coming);
  }

  /** What a peer did wrong last, within the last hour. */
  of(peer: PeerKey, nowMs: number): string | undefined {
    let last: Record | undefined;
    for (const [key, record] of this.#records) {
      if (!key.startsWith(peer) || nowMs - record.untilMs > FORGIVEN_MS) continue;
      if (last === undefined || record.untilMs > last.untilMs) last = record;
    }
    return last?.what;
  }
}

function keyOf(peer: PeerKey, folder: string | undefined): string {
  return `${peer} ${folder ?? ''}`;
}
