/** WHEN: a snapshot, a tag or a time, as a user writes it, turned into which links count. */

import type { Clock } from '../clock.ts';
import { toHex } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import { asOfClock, asOfTime } from '../log/as-of.ts';
import type { FolderLog } from '../log/folder-log.ts';
import { recordType } from '../log/record-types.ts';
import type { Moment } from '../log/tree-view.ts';
import type { Dot, SnapshotRecord } from '../log/types.ts';

const units: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/**
 * The moment that `text` means: `now`, a snapshot id or its unique prefix, a tag (the newest snapshot
 * that has it), an RFC 3339 time, a date (the end of that day here), `2h ago`, `yesterday`. Undefined
 * means now. Throws `VAULT_NOT_FOUND` for something shaped like a snapshot or tag that is none.
 */
export async function momentOf(
  log: FolderLog,
  text: string | undefined,
  clock: Clock,
): Promise<Moment> {
  if (text === undefined || text === 'now') return () => true;
  const fitting: SnapshotRecord[] = [];
  let tagged: SnapshotRecord | undefined;
  for await (const { record } of snapshotRecords(log)) {
    if (/^[0-9a-f]{4,32}$/.test(text) && toHex(record.id).startsWith(text)) fitting.push(record);
    if (record.tags.includes(text)) tagged = record;
  }
  if (fitting.length > 1) {
    throw new VaultError('VAULT_USAGE', `several snapshots have an id that begins with ${text}`);
  }
  const snapshot = fitting[0] ?? tagged;
  if (snapshot !== undefined) return asOfClock(snapshot.clock);
  const ms = timeOf(text, clock.wallMs());
  if (ms === undefined) {
    throw new VaultError('VAULT_NOT_FOUND', `${JSON.stringify(text)} is no snapshot, tag or time`, {
      hint: 'list snapshots with: vault snapshots',
    });
  }
  return asOfTime(ms * 1000 + 999, (link) => link.time);
}

/** Milliseconds since 1970 of a time as a user writes it, or undefined. */
export function timeOf(text: string, nowMs: number): number | undefined {
  const ago = /^(\d{1,6})\s*([smhdw])\s+ago$/.exec(text);
  if (ago !== null) return nowMs - Number(ago[1]) * (units[ago[2] ?? ''] ?? 0);
  if (text === 'yesterday') {
    const day = new Date(nowMs);
    day.setDate(day.getDate() - 1);
    return endOfDay(day);
  }
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) {
    const day = new Date(`${text}T00:00:00`);
    const isReal = !Number.isNaN(day.getTime()) && day.getDate() === Number(text.slice(8));
    return isReal ? endOfDay(day) : undefined;
  }
  if (
    !/^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?$/i.test(text)
  ) {
    return undefined;
  }
  const ms = new Date(text.replace(' ', 'T')).getTime();
  return Number.isNaN(ms) ? undefined : ms;
}

function endOfDay(day: Date): number {
  return new Date(day).setHours(23, 59, 59, 999);
}

/** All snapshots, oldest first. */
export async function* snapshotRecords(
  log: FolderLog,
): AsyncGenerator<{ dot: Dot; record: SnapshotRecord }> {
  for await (const { dot, record } of log.records(recordType.snapshot)) {
    if (record.type === 'snapshot') yield { dot, record };
  }
}

/** A hybrid time or milliseconds as RFC 3339 in UTC. */
export function timeText(us: number): string {
  return new Date(Math.floor(us / 1000)).toISOString();
}
