/** WHEN: a snapshot, a tag, a version or a time, as a user writes it, turned into which links count. */

import type { Clock } from '../clock.ts';
import { VaultError } from '../errors.ts';
import { asOfClock, asOfTime } from '../log/as-of.ts';
import type { FolderLog } from '../log/folder-log.ts';
import type { Moment } from '../log/tree-view.ts';
import type { HybridTime } from '../log/types.ts';
import { covers } from '../log/vector-clock.ts';
import { namedState } from './named-state.ts';
import { looksLikeTime, timeOf, type DayEdge } from './time-text.ts';

/**
 * The moment that `text` means: `now`, a snapshot id or its unique prefix, a tag (the newest snapshot
 * that has it), a version id or its unique prefix (the folder right after it), an RFC 3339 time, a date
 * (the end of that day here), `2h ago`, `yesterday`. Undefined means now. Throws `VAULT_NOT_FOUND` for
 * something shaped like an id or tag that is none, `VAULT_USAGE` for something shaped like a time that
 * is none or where several ids fit, and `VAULT_CHUNK_MISSING` or `VAULT_CHUNK_CORRUPT` where it may be
 * one that can no longer be read.
 */
export async function momentOf(
  log: FolderLog,
  text: string | undefined,
  clock: Clock,
): Promise<Moment> {
  if (text === undefined || text === 'now') return always;
  return momentNamed(log, text, clock, 'end');
}

/**
 * The moment from which on things are new: as {@link momentOf}, but a date means the start of that day.
 * Undefined means before anything was.
 */
export async function sinceOf(
  log: FolderLog,
  text: string | undefined,
  clock: Clock,
): Promise<Moment> {
  if (text === undefined) return { includes: () => false, mayInclude: () => false };
  if (text === 'now') return always;
  return momentNamed(log, text, clock, 'start');
}

const always: Moment = { includes: () => true, mayInclude: () => true };

async function momentNamed(
  log: FolderLog,
  text: string,
  clock: Clock,
  edge: DayEdge,
): Promise<Moment> {
  if (text === '') throw new VaultError('VAULT_USAGE', '"" is no snapshot, tag, version or time');
  const named = await namedState(log, text);
  if (named.kind === 'snapshot') {
    const { record } = named;
    return { includes: asOfClock(record.clock), mayInclude: (dot) => covers(record.clock, dot) };
  }
  if (named.kind === 'version') return upTo(named.link.time);
  const ms = timeOf(text, clock.wallMs(), edge);
  // The start of a day is the last moment of the day before.
  if (ms !== undefined) return upTo(ms * 1000 + (edge === 'start' ? -1 : 999));
  if (looksLikeTime(text)) {
    throw new VaultError('VAULT_USAGE', `${JSON.stringify(text)} is no time`, {
      hint: 'times look like 2026-01-31, 2026-01-31T12:00:00Z, 2h ago, yesterday',
    });
  }
  if (named.lost !== undefined) throw named.lost;
  throw new VaultError(
    'VAULT_NOT_FOUND',
    `${JSON.stringify(text)} is no snapshot, tag, version or time`,
    { hint: 'list snapshots with: vault snapshots; versions with: vault log' },
  );
}

/** What existed at a hybrid time. */
function upTo(time: HybridTime): Moment {
  return { includes: asOfTime(time, (link) => link.time), mayInclude: () => true, time };
}
