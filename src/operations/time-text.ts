/** Times as users write and read them. */

const units: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

const TIME =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?))?$/i;

/**
 * Milliseconds since 1970 of an RFC 3339 time, a date (the end of that day here), `2h ago` or
 * `yesterday`; undefined for any other text. Without a zone a time is meant as it is here.
 */
export function timeOf(text: string, nowMs: number): number | undefined {
  const ago = /^(\d{1,6})\s*([smhdw])\s+ago$/.exec(text);
  if (ago !== null) return nowMs - Number(ago[1]) * (units[ago[2] ?? ''] ?? 0);
  if (text === 'yesterday') {
    const day = new Date(nowMs);
    day.setDate(day.getDate() - 1);
    return endOfDay(day);
  }
  const [, date = '', time] = TIME.exec(text) ?? [];
  if (!isDate(date)) return undefined;
  if (time === undefined) return endOfDay(new Date(`${date}T00:00:00`));
  const ms = new Date(`${date}T${time.toUpperCase()}`).getTime();
  return Number.isNaN(ms) ? undefined : ms;
}

/** Whether a text that is no snapshot and no tag can only be meant as a time. */
export function looksLikeTime(text: string): boolean {
  return /^\d{4}-\d{2}\b|^\d{1,2}:\d{2}|\sago$/.test(text);
}

/** Microseconds since 1970, a hybrid time for example, as RFC 3339 in UTC. */
export function timeText(us: number): string {
  return new Date(Math.floor(us / 1000)).toISOString();
}

/** Whether the calendar has that day: `Date` takes February 30 for March 2. */
function isDate(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

function endOfDay(day: Date): number {
  return new Date(day).setHours(23, 59, 59, 999);
}
