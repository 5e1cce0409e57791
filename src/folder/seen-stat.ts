/** What the working copy's state keeps of a stat, and how far it can be trusted. Pure. */

import type { FileStat } from '../system/file-system.ts';
import type { FileTraits } from './packed-stats.ts';
import { isExecutable, keptTime, type SeenEntry } from './working-copy-row.ts';

/** How long after a change another one could leave the same time stamp: fine and coarse file systems. */
const RACY_FINE_NS = 20_000_000n;
const RACY_COARSE_NS = 2_500_000_000n;

/** The fields of a row that come from a stat. */
export function seenStat(
  stat: FileTraits,
  racy: boolean,
): Pick<SeenEntry, 'size' | 'mtimeNs' | 'ctimeNs' | 'inode' | 'executable' | 'racy'> {
  const { size, mtimeNs, ctimeNs, inode, mode } = stat;
  return {
    size,
    mtimeNs: keptTime(mtimeNs),
    ctimeNs: keptTime(ctimeNs),
    inode,
    executable: isExecutable(mode),
    racy,
  };
}

/**
 * Whether another change could hide behind this stat: it was taken so soon after the last one that a
 * second would leave the same times. `takenMs`: the wall clock when it was taken, or earlier.
 */
export function isRacyStat(stat: FileTraits, takenMs: number): boolean {
  const coarse = stat.mtimeNs % 1_000_000_000n === 0n && stat.ctimeNs % 1_000_000_000n === 0n;
  const margin = coarse ? RACY_COARSE_NS : RACY_FINE_NS;
  const taken = BigInt(Math.round(takenMs * 1e6));
  return stat.mtimeNs + margin > taken || stat.ctimeNs + margin > taken;
}

/** Whether a stat shows what was recorded, of the same kind. */
export function isSameStat(before: SeenEntry, now: FileTraits): boolean {
  return (
    now.size === before.size &&
    keptTime(now.mtimeNs) === before.mtimeNs &&
    keptTime(now.ctimeNs) === before.ctimeNs &&
    now.inode === before.inode &&
    (now.kind !== 'file' || isExecutable(now.mode) === before.executable)
  );
}

/** Whether nothing was written to a file between two stats of it. */
export function stoodStill(before: FileStat, after: FileStat): boolean {
  return (
    before.size === after.size &&
    before.mtimeNs === after.mtimeNs &&
    before.ctimeNs === after.ctimeNs
  );
}

/** Whether two stats show one file, to which nothing was written in between. */
export function isSameFileState(before: FileStat, after: FileStat): boolean {
  return (
    before.device === after.device && before.inode === after.inode && stoodStill(before, after)
  );
}
