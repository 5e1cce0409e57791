/** Sizes as people type them. */

const units: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/**
 * Bytes of `4096`, `100k`, `10M`, `1.5GiB`, in either case: powers of 1024, but of 1000 where the unit
 * ends in `B` alone (`10MB`). Undefined for anything else and beyond 2^53 − 1.
 */
export function sizeFromText(text: string): number | undefined {
  const match = /^(\d{1,16}(?:\.\d{1,6})?)([kmgtp]?)(i?b)?$/i.exec(text);
  if (match === null) return undefined;
  const [, amount, unit = '', suffix = ''] = match;
  if (unit === '' && (suffix.length === 2 || amount?.includes('.') === true)) return undefined;
  const base = suffix.length === 1 ? 1000 : 1024;
  const bytes = Number(amount) * base ** (units[unit.toLowerCase()] ?? 0);
  return Number.isSafeInteger(Math.floor(bytes)) ? Math.floor(bytes) : undefined;
}
