/** What changed between a clock and now, path by path, from the links written since. */

import type { FolderLog } from '../log/folder-log.ts';
import type { VectorClock } from '../log/types.ts';
import { covers } from '../log/vector-clock.ts';

/** Files and symlinks added, changed and removed since `clock`, in this node's log. */
export async function countSince(
  log: FolderLog,
  clock: VectorClock,
): Promise<{ added: number; changed: number; removed: number }> {
  const own = log.own;
  /** By path: whether something with content was there at the clock, and is there now. */
  const paths = new Map<string, { before: boolean; after: boolean }>();
  for (let seq = clock.get(own) ?? 0; seq < (log.clock.get(own) ?? 0); seq++) {
    for (const link of (await log.entry(own, seq)).links) {
      const hasContent = link.kind === 'file' || link.kind === 'symlink';
      const known = paths.get(link.path);
      if (known !== undefined) {
        known.after = hasContent;
        continue;
      }
      let before = false;
      for (const parent of link.parents) {
        if (!covers(clock, parent)) continue;
        const { kind } = await log.link(parent);
        before ||= kind === 'file' || kind === 'symlink';
      }
      paths.set(link.path, { before, after: hasContent });
    }
  }
  const counts = { added: 0, changed: 0, removed: 0 };
  for (const { before, after } of paths.values()) {
    if (after) counts[before ? 'changed' : 'added']++;
    else if (before) counts.removed++;
  }
  return counts;
}
