/** Versions by their ids. An id is a hash of a version's name, so that nothing but a look at names finds it. */

import { recordType } from './record-types.ts';
import type { FolderLog } from './folder-log.ts';
import { shortHash } from './log-id.ts';
import { toldLost } from './newest-first.ts';
import type { Parent } from './types.ts';
import { versionId } from './version-name.ts';

/** From so many digits on the first version that fits is taken for the only one: 48 bits. */
const SURE_DIGITS = 12;

/**
 * The names of versions whose id begins with `prefix` (hex digits), the newest of each log first; not
 * more than `limit`. Reads the log from its end, entry by entry, until it is sure. `onLost` is told of
 * entries that cannot be read. Throws what `signal` was aborted with.
 */
export async function versionsOfId(
  log: FolderLog,
  prefix: string,
  { limit, onLost, signal }: VersionSearch,
): Promise<Parent[]> {
  const found: Parent[] = [];
  const wanted = prefix.length >= SURE_DIGITS ? 1 : limit;
  for (const [id, { seq: last }] of log.heads) {
    for (let seq = last; seq >= 0 && found.length < wanted; seq--) {
      signal?.throwIfAborted();
      const entry = await log.entryAlone(id, seq).catch(toldLost(onLost));
      if (entry === undefined) continue;
      const hash8 = shortHash(entry.hash);
      for (let index = entry.records.length - 1; index >= 0; index--) {
        if (entry.records[index]?.type !== recordType.version) continue;
        const name = { log: id, seq, index, hash8 };
        if (versionId(name).startsWith(prefix)) found.push(name);
      }
    }
  }
  return found.slice(0, wanted);
}

export interface VersionSearch {
  readonly limit: number;
  readonly onLost: Parameters<typeof toldLost>[0];
  readonly signal?: AbortSignal;
}
