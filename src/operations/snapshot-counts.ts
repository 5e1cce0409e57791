/** What changed between a clock and now, path by path, from the links written since. */

import { isLoss } from '../errors.ts';
import type { FolderLog } from '../log/folder-log.ts';
import type { Dot, LogId, NamedLink, VectorClock, VersionKind } from '../log/types.ts';
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
    for (const link of await linksOf(log, own, seq)) {
      const hasContent = link.kind === 'file' || link.kind === 'symlink';
      const known = paths.get(link.path);
      if (known !== undefined) {
        known.after = hasContent;
        continue;
      }
      let before = false;
      for (const parent of link.parents) {
        if (!covers(clock, parent)) continue;
        const kind = await kindOf(log, parent);
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

/** What is lost is not counted: verify tells of it. */
async function linksOf(log: FolderLog, id: LogId, seq: number): Promise<readonly NamedLink[]> {
  try {
    return (await log.entry(id, seq)).links;
  } catch (error) {
    if (!isLoss(error)) throw error;
    return [];
  }
}

async function kindOf(log: FolderLog, dot: Dot): Promise<VersionKind | undefined> {
  try {
    return (await log.link(dot)).kind;
  } catch (error) {
    if (!isLoss(error)) throw error;
    return undefined;
  }
}
