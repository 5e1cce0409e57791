/** How long to wait before a peer is dialed again. */

import type { RandomSource } from '../random.ts';

const STEPS_MS = [1000, 5000, 15_000, 60_000, 180_000, 600_000];
/** Part of a step by which a wait may be shorter, so that nodes do not keep in step. */
const JITTER = 0.25;

/** Milliseconds after the failure of this number, 1 for the first: 1 s at first, 10 min at most. */
export function dialDelayMs(failures: number, random: RandomSource): number {
  const step = STEPS_MS[Math.min(Math.max(failures, 1), STEPS_MS.length) - 1] ?? 0;
  const [high = 0, low = 0] = random.bytes(2);
  return Math.round(step * (1 - (JITTER * (high * 256 + low)) / 65_536));
}
