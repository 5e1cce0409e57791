/** One line of `--json` output. */

import { pathToBytes } from '../path-bytes.ts';

/**
 * The JSON text of `value`. A text that holds bytes which are not UTF-8 is written with U+FFFD in
 * their place, and beside a field `name` stands `nameBase64` with the true bytes; beside a list of
 * texts, a list of them all.
 */
export function jsonLine(value: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(writable(value));
}

function writable(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(writable);
  if (typeof value !== 'object' || value === null) return value;
  const out: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) {
    out[key] = writable(field);
    if (typeof field === 'string' && !field.isWellFormed()) {
      out[`${key}Base64`] = base64Of(field);
    } else if (Array.isArray(field) && field.some(isIllFormed)) {
      out[`${key}Base64`] = field.map((one) => (typeof one === 'string' ? base64Of(one) : null));
    }
  }
  return out;
}

function isIllFormed(value: unknown): boolean {
  return typeof value === 'string' && !value.isWellFormed();
}

function base64Of(text: string): string | null {
  try {
    return Buffer.from(pathToBytes(text)).toString('base64');
  } catch {
    return null; // surrogates that no path byte stands for
  }
}
