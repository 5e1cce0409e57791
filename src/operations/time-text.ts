/** Times as users write and read them. */

const units: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

const AGO = /^(\d{1,6})\s*(?:([smhdw])|(second|minute|hour|day|week|month|year)s?)\s+ago$/;

const TIME =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?))?$/i;

/** Which moment of a day a date means: its end, for what a folder was then; its start, for what came since. */
export type DayEdge = 'start' | 'end';

/**
 * Milliseconds since 1970 of an RFC 3339 time, a date (the given edge of that day here), `2h ago`,
 * `3 days ago`, `today` or `yesterday`; undefined for any other text. Without a zone a time is meant as it is here.
 */
export function timeOf(text: string, nowMs: number, edge: DayEdge = 'end'): number | undefined {
  const [, amount, letter, word = ''] = AGO.exec(text) ?? [];
  if (amount !== undefined) return before(nowMs, Number(amount), letter ?? word);
  if (text === 'today') return edgeOf(new Date(nowMs), edge);
  if (text === 'yesterday') return edgeOf(new Date(before(nowMs, 1, 'day')), edge);
  const [, date = '', time] = TIME.exec(text) ?? [];
  if (!isDate(date)) return undefined;
  if (time === undefined) return edgeOf(new Date(`${date}T00:00:00`), edge);
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

/** `unit`: a letter of {@link units} or a word; days and longer ones keep the time of day, here. */
function before(nowMs: number, amount: number, unit: string): number {
  if (unit.length === 1 || /^(?:second|minute|hour|week)$/.test(unit)) {
    return nowMs - amount * (units[unit.charAt(0)] ?? 0);
  }
  const at = new Date(nowMs);
  if (unit === 'day') return at.setDate(at.getDate() - amount);
  const day = at.getDate();
  const months = unit === 'year' ? amount * 12 : amount;
  const there = at.setMonth(at.getMonth() - months);
  // A month without such a day ends before it.
  return at.getDate() === day ? there : at.setDate(0);
}

function edgeOf(day: Date, edge: DayEdge): number {
  const at = new Date(day);
  return edge === 'start' ? at.setHours(0, 0, 0, 0) : at.setHours(23, 59, 59, 999);
}
