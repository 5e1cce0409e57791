/**
 * When a node has to write under a new log id: an append to a log that another copy of this home also
 * appends to would fork it.
 */

import type { LogId } from './types.ts';

export interface HomeFacts {
  /** The log this node writes. */
  readonly log: LogId;
  /** Entries of it that the database holds. */
  readonly count: number;
  /** Entries of it according to the counter kept outside the database; undefined where it is lost. */
  readonly countOutside: number | undefined;
  /** Whether the sentinel file has another inode or device than was recorded. */
  readonly sentinelChanged: boolean;
  /** Whether entries of it came from elsewhere, signed by this node; `unknown` where the head that would tell is lost. */
  readonly hasAdopted: boolean | 'unknown';
  /** Whether entries or heads prove a fork of it. */
  readonly isForked: boolean;
}

export type IncarnationReason =
  'forked' | 'newer at a peer' | 'counter ahead' | 'home copied' | 'end lost';

/** Why the next entry must go to a new log, or undefined where it need not. */
export function newIncarnationReason(facts: HomeFacts): IncarnationReason | undefined {
  if (facts.isForked) return 'forked';
  if (facts.hasAdopted === true) return 'newer at a peer';
  if (facts.countOutside !== undefined && facts.countOutside > facts.count) return 'counter ahead';
  if (facts.sentinelChanged) return 'home copied';
  return facts.hasAdopted === 'unknown' ? 'end lost' : undefined;
}
