/** Vector clocks: for each log how many of its entries have been seen. Pure; absent means none. */

import type { Dot, LogId, VectorClock } from './types.ts';

export const emptyClock: VectorClock = new Map();

/** Whether the entry that holds `dot` has been seen. */
export function covers(clock: VectorClock, dot: Pick<Dot, 'log' | 'seq'>): boolean {
  return dot.seq < (clock.get(dot.log) ?? 0);
}

/** The least clock that covers everything that `a` or `b` covers. */
export function mergeClocks(a: VectorClock, b: VectorClock): VectorClock {
  const merged = new Map<LogId, number>(a);
  for (const [log, count] of b) {
    if (count > (merged.get(log) ?? 0)) merged.set(log, count);
  }
  return merged;
}

/** Whether `a` covers everything that `b` covers. */
export function includesClock(a: VectorClock, b: VectorClock): boolean {
  for (const [log, count] of b) if (count > (a.get(log) ?? 0)) return false;
  return true;
}

/** How `a` stands to `b`: `before` where `b` covers all of `a` and more. */
export function compareClocks(
  a: VectorClock,
  b: VectorClock,
): 'equal' | 'before' | 'after' | 'concurrent' {
  const aHasB = includesClock(a, b);
  const bHasA = includesClock(b, a);
  if (aHasB && bHasA) return 'equal';
  return aHasB ? 'after' : bHasA ? 'before' : 'concurrent';
}

/** What `to` covers beyond `from`, with the counts of `to`: merged into `from` it gives both. */
export function clockDelta(from: VectorClock, to: VectorClock): VectorClock {
  const delta = new Map<LogId, number>();
  for (const [log, count] of to) if (count > (from.get(log) ?? 0)) delta.set(log, count);
  return delta;
}
