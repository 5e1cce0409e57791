/** WHEN: a snapshot, a tag or a time, as a user writes it, turned into which links count. */

import type { Clock } from '../clock.ts';
import { toHex } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import { covers } from '../log/vector-clock.ts';
import { asOfClock, asOfTime } from '../log/as-of.ts';
import type { FolderLog } from '../log/folder-log.ts';
import { recordType } from '../log/record-types.ts';
import type { Moment } from '../log/tree-view.ts';
import { looksLikeTime, timeOf, timeText } from './time-text.ts';
import type { Dot, HybridTime, SnapshotRecord } from '../log/types.ts';

/**
 * The moment that `text` means: `now`, a snapshot id or its unique prefix, a tag (the newest snapshot
 * that has it), an RFC 3339 time, a date (the end of that day here), `2h ago`, `yesterday`. Undefined
 * means now. Throws `VAULT_NOT_FOUND` for something shaped like a snapshot or tag that is none,
 * `VAULT_USAGE` for something shaped like a time that is none, and
 * `VAULT_CHUNK_MISSING` or `VAULT_CHUNK_CORRUPT` where it may be one that can no longer be read.
 */
export async function momentOf(
  log: FolderLog,
  text: string | undefined,
  clock: Clock,
): Promise<Moment> {
  if (text === undefined || text === 'now') {
    return { includes: () => true, mayInclude: () => true };
  }
  const fitting: SnapshotRecord[] = [];
  let tagged: SnapshotRecord | undefined;
  let lost: VaultError | undefined;
  /** A newer one that cannot be read may have the tag too. */
  let lostSinceTagged = false;
  const onLost = (error: VaultError): void => {
    lost ??= error;
    lostSinceTagged = true;
  };
  for await (const { record } of snapshotRecords(log, onLost)) {
    if (/^[0-9a-f]{4,32}$/.test(text) && toHex(record.id).startsWith(text)) fitting.push(record);
    if (!record.tags.includes(text)) continue;
    tagged = record;
    lostSinceTagged = false;
  }
  if (fitting.length > 1) {
    throw new VaultError('VAULT_USAGE', `several snapshots have an id that begins with ${text}`);
  }
  if (fitting[0] === undefined && tagged !== undefined && lostSinceTagged && lost !== undefined) {
    throw lost;
  }
  const snapshot = fitting[0] ?? tagged;
  if (snapshot !== undefined) {
    return {
      includes: asOfClock(snapshot.clock),
      mayInclude: (dot) => covers(snapshot.clock, dot),
    };
  }
  const ms = timeOf(text, clock.wallMs());
  if (ms === undefined && looksLikeTime(text)) {
    throw new VaultError('VAULT_USAGE', `${JSON.stringify(text)} is no time`, {
      hint: 'times look like 2026-01-31, 2026-01-31T12:00:00Z, 2h ago, yesterday',
    });
  }
  if (ms === undefined) lost ??= lostEntry(log);
  if (ms === undefined && lost !== undefined) throw lost;
  if (ms === undefined) {
    throw new VaultError('VAULT_NOT_FOUND', `${JSON.stringify(text)} is no snapshot, tag or time`, {
      hint: 'list snapshots with: vault snapshots',
    });
  }
  return { includes: asOfTime(ms * 1000 + 999, (link) => link.time), mayInclude: () => true };
}

/** A snapshot that is not found may have been in an entry that is lost. */
function lostEntry(log: FolderLog): VaultError | undefined {
  if (log.lostEntries.length === 0) return undefined;
  return new VaultError('VAULT_CHUNK_MISSING', 'part of the log is lost, snapshots perhaps too', {
    hint: 'list the snapshots that are left with: vault snapshots',
  });
}

/** All snapshots, oldest first; `onLost` is told of those that cannot be read. */
export async function* snapshotRecords(
  log: FolderLog,
  onLost: (error: VaultError) => void,
): AsyncGenerator<{ dot: Dot; record: SnapshotRecord }> {
  const lost = ({ code, message }: VaultError, time: HybridTime | undefined): void => {
    const hint =
      time === undefined ? {} : { hint: `the moment can be given: --at ${timeText(time)}` };
    const which = time === undefined ? 'a snapshot' : `the snapshot of ${timeText(time)}`;
    onLost(new VaultError(code, `${which} cannot be read: ${message}`, hint));
  };
  for await (const { dot, record } of log.records(recordType.snapshot, lost)) {
    if (record.type === 'snapshot') yield { dot, record };
  }
}
