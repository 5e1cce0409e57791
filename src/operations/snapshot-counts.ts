/** What changed between a clock and now, path by path, from the links written since. */

import { unlessLost } from '../errors.ts';
import type { FolderLog } from '../log/folder-log.ts';
import { hasContent } from '../log/link.ts';
import type { Dot, LogId, NamedLink, VectorClock } from '../log/types.ts';
import { covers } from '../log/vector-clock.ts';

/** Files and symlinks added, changed and removed since `clock`, in this node's log. */
export async function countSince(
  log: FolderLog,
  clock: VectorClock,
): Promise<{ added: number; changed: number; removed: number }> {
  const own = log.own;
  const first = clock.get(own) ?? 0;
  const end = log.clock.get(own) ?? 0;
  // Only what was superseded since is kept in mind: nearly every path has one version in that time.
  const superseded = new Set<string>();
  for (let seq = first; seq < end; seq++) {
    for (const { parents } of await linksOf(log, own, seq)) {
      for (const parent of parents) if (!covers(clock, parent)) superseded.add(nameOf(parent));
    }
  }
  const counts = { added: 0, changed: 0, removed: 0 };
  for (let seq = first; seq < end; seq++) {
    for (const link of await linksOf(log, own, seq)) {
      if (superseded.has(nameOf(link.dot))) continue;
      const before = await hadContent(log, clock, link);
      if (hasContent(link.kind)) counts[before ? 'changed' : 'added']++;
      else if (before) counts.removed++;
    }
  }
  return counts;
}

/** Whether what `link` took the place of had content at the clock, through versions written since. */
async function hadContent(log: FolderLog, clock: VectorClock, link: NamedLink): Promise<boolean> {
  const open = [...link.parents];
  for (let parent = open.pop(); parent !== undefined; parent = open.pop()) {
    const known = await log.link(parent).catch(unlessLost);
    if (known === undefined) continue;
    if (!covers(clock, parent)) open.push(...known.parents);
    else if (hasContent(known.kind)) return true;
  }
  return false;
}

function nameOf({ log, seq, index }: Dot): string {
  return `${log}:${seq}:${index}`;
}

/** What is lost is not counted: verify tells of it. */
async function linksOf(log: FolderLog, id: LogId, seq: number): Promise<readonly NamedLink[]> {
  return (await log.entry(id, seq).catch(unlessLost))?.links ?? [];
}
