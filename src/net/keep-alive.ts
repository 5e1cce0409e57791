/** When a quiet connection says that it is alive, and when it is taken for dead. */

import { KEEP_ALIVE_MS, MAX_SILENCE_MS } from '../limits.ts';

export interface Pulse {
  /** Nothing came for so long that nothing will. */
  readonly isDead: boolean;
  /** Something is to be sent now. */
  readonly isDue: boolean;
  /** When to look again, in milliseconds from now. */
  readonly nextMs: number;
}

/** All times in milliseconds of one monotonic clock. */
export function pulse(sentAtMs: number, heardAtMs: number, nowMs: number): Pulse {
  const isDue = nowMs - sentAtMs >= KEEP_ALIVE_MS;
  const sendIn = isDue ? KEEP_ALIVE_MS : sentAtMs + KEEP_ALIVE_MS - nowMs;
  const deadIn = heardAtMs + MAX_SILENCE_MS - nowMs;
  return { isDead: deadIn <= 0, isDue, nextMs: Math.max(0, Math.min(sendIn, deadIn)) };
}
