/** Versions by their ids. An id is a hash of a version's name, so that nothing but a look at names finds it. */

import { isVaultError, type VaultError } from '../errors.ts';
import type { FolderLog } from './folder-log.ts';
import { toldLost } from './newest-first.ts';
import type { Parent } from './types.ts';
import { namesIn } from './version-ids.ts';
import { versionId } from './version-name.ts';

/** From so many digits on the first version that fits is taken for the only one: 48 bits. */
const SURE_DIGITS = 12;
/** How many of the newest entries are looked through before rows are made of all. */
const NEWEST_ENTRIES = 256;

export interface VersionSearch {
  /** At most so many are found. */
  readonly limit: number;
  /** Told of each entry that cannot be read. */
  readonly onLost: (error: VaultError) => void;
  readonly signal?: AbortSignal;
}

/**
 * The names of versions whose id begins with `prefix` (hex digits); one only, where that many digits are
 * sure to mean one. Reads the newest entries, then what the index of ids says, which is brought up to
 * date for that; and all entries where neither knows of any. Throws what `signal` was aborted with.
 */
export async function versionsOfId(
  log: FolderLog,
  prefix: string,
  search: VersionSearch,
): Promise<Parent[]> {
  const limit = prefix.length >= SURE_DIGITS ? 1 : search.limit;
  const options = { ...search, limit };
  const found = await inEntries(log, prefix, options, NEWEST_ENTRIES);
  const isAll = [...log.heads.values()].every(({ seq }) => seq < NEWEST_ENTRIES);
  if (isAll || found.length >= limit) return found;
  const indexed = await inIndex(log, prefix, options);
  // A row that was lost is no proof that there is no such version.
  return indexed.length > 0 ? indexed : inEntries(log, prefix, options, Infinity);
}

/** Looks through the newest entries of each log, so many. */
async function inEntries(
  log: FolderLog,
  prefix: string,
  { limit, onLost, signal }: VersionSearch,
  count: number,
): Promise<Parent[]> {
  const found: Parent[] = [];
  for (const [line, { seq: last }] of log.heads) {
    const first = Math.max(log.lines.from(line), last + 1 - count);
    for (let seq = last; seq >= first && found.length < limit; seq--) {
      signal?.throwIfAborted();
      const entry = await log.entryAlone(line, seq).catch(toldLost(onLost));
      if (entry === undefined) continue;
      found.push(...namesIn(entry).filter((name) => versionId(name).startsWith(prefix)));
    }
  }
  return found.slice(0, limit);
}

async function inIndex(
  log: FolderLog,
  prefix: string,
  { limit, onLost, signal }: VersionSearch,
): Promise<Parent[]> {
  const found: Parent[] = [];
  try {
    for (const [line, { seq }] of log.heads) {
      const entries = { first: log.lines.from(line), end: seq + 1 };
      await log.versionIds.cover(line, entries, signal);
    }
  } catch (error) {
    // Where there is no room for rows, the entries are looked through.
    if (!isVaultError(error, 'VAULT_NO_SPACE')) throw error;
    return found;
  }
  for await (const { log: id, seq, index } of log.versionIds.fitting(prefix)) {
    const entry = await log.entryAlone(id, seq).catch(toldLost(onLost));
    const name = entry && namesIn(entry).find((one) => one.index === index);
    if (name !== undefined && versionId(name).startsWith(prefix)) found.push(name);
    if (found.length === limit) break;
  }
  return found;
}
