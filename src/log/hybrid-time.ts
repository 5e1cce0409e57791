/**
 * The hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014), folded into one number
 * of microseconds. Pure: the wall clock is handed in and the result is the caller's to keep.
 */

import { MAX_CLOCK_LEAD_US } from '../limits.ts';
import type { HybridTime } from './types.ts';

/** What a wall clock can give at most: 2^53 − 2^40, so that 2^40 times are left even for a broken one. */
const MAX_WALL_US = Number.MAX_SAFE_INTEGER + 1 - 2 ** 40;

function wallUs(wallMs: number): number {
  return Math.min(MAX_WALL_US, Math.max(0, Math.floor(wallMs * 1000)));
}

/**
 * The time of a new record: the wall clock (milliseconds since 1970), but greater than `last`, the
 * greatest time written or observed so far. Throws `RangeError` where no greater time is left.
 */
export function nextTime(last: HybridTime, wallMs: number): HybridTime {
  const time = Math.max(wallUs(wallMs), last + 1);
  if (!Number.isSafeInteger(time)) throw new RangeError(`expected a time below 2^53, got ${time}`);
  return time;
}

/**
 * The greatest time seen, after `remote` was seen too. One that is more than an hour ahead of the
 * wall clock is not adopted, so that one wrong clock does not drag others with it.
 */
export function observeTime(last: HybridTime, remote: HybridTime, wallMs: number): HybridTime {
  return remote > wallUs(wallMs) + MAX_CLOCK_LEAD_US ? last : Math.max(last, remote);
}
