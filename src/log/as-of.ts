/** Which links existed at a clock or a time: what to fold to see the folder as it was. */

import { clockCovers, noForkNames, type ForkNames } from './forks.ts';
import type { HybridTime, NamedLink, VectorClock } from './types.ts';
import { nameOf } from './version-name.ts';

/** Links that `clock` covers. */
export function asOfClock(
  clock: VectorClock,
  forks: ForkNames = noForkNames,
): (link: NamedLink) => boolean {
  return (link) => clockCovers(clock, nameOf(link), forks);
}

/**
 * Links that existed at `time` as far as this node can tell: the earlier of their author's time and
 * the time this node first saw them, so that a wrong clock elsewhere hides nothing. Later syncs can
 * add to what a time means; a clock never changes its meaning.
 */
export function asOfTime(
  time: HybridTime,
  firstSeen: (link: NamedLink) => HybridTime,
): (link: NamedLink) => boolean {
  return (link) => Math.min(link.time, firstSeen(link)) <= time;
}
