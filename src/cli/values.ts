/** Values as people type them. Each parser throws `VAULT_USAGE` naming `subject` and the offending text. */

import { sizeFromText } from '../size-text.ts';
import { quoted, usageError } from './usage-error.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
const unitMs: Readonly<Record<string, number>> = {
  s: SECOND,
  m: 60 * SECOND,
  h: HOUR,
  d: DAY,
  w: 7 * DAY,
  y: 365 * DAY,
};

/**
 * Milliseconds of a waiting or running time: `45s`, `30m`, `12h`, `7d`, `4w`, `2y`, and several in a
 * row such as `1h30m`; `0` alone is none. Here `m` is minutes. (Where retention asks how far back in
 * time to keep, `m` is months: nobody keeps history for minutes, and nobody waits for months.)
 */
export function parseDuration(text: string, subject: string): number {
  if (text === '0') return 0;
  if (!/^(\d{1,12}[smhdwy])+$/.test(text)) {
    throw usageError(
      `${subject}: expected a duration, got ${quoted(text)}`,
      'durations look like 45s, 30m, 12h, 7d or 1h30m',
    );
  }
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)([smhdwy])/g)) {
    sum += Number(amount) * (unitMs[unit ?? ''] ?? 0);
  }
  if (!Number.isSafeInteger(sum)) {
    throw usageError(`${subject}: the duration ${quoted(text)} is too long`);
  }
  return sum;
}

/** A whole number in 0 … 2^53 − 1, in decimal digits. */
export function parseCount(text: string, subject: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw usageError(`${subject}: expected a whole number, got ${quoted(text)}`);
  }
  return value;
}

/** Bytes of `4096`, `500k`, `10M`, `1.5GiB`. */
export function parseSize(text: string, subject: string): number {
  const bytes = sizeFromText(text);
  if (bytes === undefined) {
    throw usageError(
      `${subject}: expected a size, got ${quoted(text)}`,
      'sizes look like 4096, 500k, 10M or 1.5GiB',
    );
  }
  return bytes;
}

const truths: Readonly<Record<string, boolean>> = {
  '1': true,
  true: true,
  yes: true,
  on: true,
  '0': false,
  false: false,
  no: false,
  off: false,
};

/** `1 true yes on` or `0 false no off`, in either case. */
export function parseBoolean(text: string, subject: string): boolean {
  const key = text.toLowerCase();
  const value = Object.hasOwn(truths, key) ? truths[key] : undefined;
  if (value === undefined) {
    throw usageError(`${subject}: expected yes or no, got ${quoted(text)}`);
  }
  return value;
}

/** One of `choices`, exactly. */
export function parseChoice(text: string, choices: readonly string[], subject: string): string {
  if (!choices.includes(text)) {
    throw usageError(`${subject}: expected ${choices.join(', ')}, got ${quoted(text)}`);
  }
  return text;
}
