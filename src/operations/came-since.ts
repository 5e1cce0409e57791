/** Where a folder may show something else than it did: by what others wrote since. */

import { unlessLost } from '../errors.ts';
import { directoryOf } from '../folder-path.ts';
import type { FolderLog } from '../log/folder-log.ts';
import type { VectorClock } from '../log/types.ts';

/** Beyond so many versions all is compared: one walk costs less than finding each. */
const MOST_VERSIONS = 4_096;

/**
 * The directories of paths that others' versions since `clock` name, and of those that they were moved from.
 * Undefined where there are too many, or something else that decides what is shown may have changed.
 */
export async function directoriesSince(
  log: FolderLog,
  clock: VectorClock,
): Promise<ReadonlySet<string> | undefined> {
  const directories = new Set<string>();
  let versions = 0;
  // Branches of a forked log are read as each its own.
  for (const [line, head] of log.heads) if (line !== head.log) return undefined;
  for (const [id, end] of log.clock) {
    if (id === log.own) continue;
    for (let seq = clock.get(id) ?? 0; seq < end; seq++) {
      const entry = await log.entry(id, seq).catch(unlessLost);
      if (entry === undefined) return undefined;
      versions += entry.links.length;
      if (versions > MOST_VERSIONS) return undefined;
      for (const { path, parents } of entry.links) {
        directories.add(directoryOf(path));
        for (const parent of parents) {
          const before = await log.link(parent).catch(unlessLost);
          if (before === undefined) return undefined;
          directories.add(directoryOf(before.path));
        }
      }
    }
  }
  return directories;
}
