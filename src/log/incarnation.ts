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
  /** Entries of it that peers state or hold, verified by our own signature. */
  readonly countAtPeers: number;
  /** Whether entries or heads prove a fork of it. */
  readonly isForked: boolean;
}

export type IncarnationReason = 'forked' | 'newer at a peer' | 'counter ahead' | 'home copied';

/** Why the next entry must go to a new log, or undefined where it need not. */
export function newIncarnationReason(facts: HomeFacts): IncarnationReason | undefined {
  if (facts.isForked) return 'forked';
  if (facts.countAtPeers > facts.count) return 'newer at a peer';
  if (facts.countOutside !== undefined && facts.countOutside > facts.count) return 'counter ahead';
  return facts.sentinelChanged ? 'home copied' : undefined;
}
