/** Where a time cuts a log: in one log times only grow, so a few entries tell. */

import type { FolderLog } from './folder-log.ts';
import type { Dot, HybridTime, LogId } from './types.ts';

/** Which dots of `log` are of versions made at `time` or before. Throws as `FolderLog.link` does. */
export async function cutAtTime(
  log: FolderLog,
  id: LogId,
  time: HybridTime,
): Promise<(dot: Dot) => boolean> {
  // Below `low` all entries begin at the time or before, from `high` on all begin after it.
  let low = 0;
  let high = (log.heads.get(id)?.seq ?? -1) + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((await beginningOf(log, id, middle)) <= time) low = middle + 1;
    else high = middle;
  }
  const last = low - 1;
  const { links } = last < 0 ? { links: [] } : await log.entry(id, last);
  const end = links.findLast((link) => link.time <= time)?.dot.index ?? -1;
  return ({ seq, index }) => seq < last || (seq === last && index <= end);
}

/** The time of an entry's first record; 0 where no record has one. */
async function beginningOf(log: FolderLog, id: LogId, seq: number): Promise<HybridTime> {
  const [first] = (await log.entry(id, seq)).links;
  if (first !== undefined) return first.time;
  for (const { record } of await log.recordsOf(id, seq)) {
    if ('time' in record) return record.time;
  }
  return 0;
}
