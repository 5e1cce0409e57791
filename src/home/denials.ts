/** This node's own deny list, as one folder's log sees it. */

import type { DenyList } from '../log/standing.ts';
import type { MemberRecord, NodeId } from '../log/types.ts';
import type { Denial } from './peer-file.ts';

/** Who is locked out of a folder (its id in hex), with the last entries that count. */
export function denyListOf(denials: readonly Denial[], folder: string): DenyList {
  const list = new Map<NodeId, MemberRecord['cutoffs']>();
  for (const { node, folder: only, cutoffs } of denials) {
    if (only !== undefined && only !== folder) continue;
    // Of two the one that came first holds: what was written between them was denied already.
    const before = list.get(node);
    const named = new Set(before?.map(({ log }) => log));
    list.set(
      node,
      before === undefined ? cutoffs : [...before, ...cutoffs.filter(({ log }) => !named.has(log))],
    );
  }
  return list;
}
