/** Patterns of `--include` and `--exclude`: `*`, `?`, `[…]` within a name, `**` across names. */

import { VaultError } from '../errors.ts';

/**
 * Whether a path (names with `/` between) matches. A pattern without `/` matches a name at any depth,
 * one with `/` the whole path from the folder's root; either also matches everything below a directory
 * it names. Throws `VAULT_USAGE` for a pattern that is empty or holds a range that runs backwards.
 */
export function globMatcher(pattern: string): (path: string) => boolean {
  return matcher(pattern, '(?:/|$)', 'su');
}

/** As {@link globMatcher}, but what lies below a directory that the pattern names does not match. */
export function nameMatcher(pattern: string, ignoreCase: boolean): (path: string) => boolean {
  return matcher(pattern, '$', ignoreCase ? 'isu' : 'su');
}

function matcher(pattern: string, end: string, flags: string): (path: string) => boolean {
  const anchored = pattern.replace(/^\/+|\/+$/g, '');
  if (anchored === '') throw unusable(pattern);
  const source = anchored
    .split('/')
    .map(nameSource)
    .join('/')
    .replaceAll('\0/', '(?:.*/)?')
    .replaceAll('\0', '.*');
  const prefix = anchored.includes('/') || pattern.startsWith('/') ? '^' : '(?:^|/)';
  let expression: RegExp;
  try {
    expression = new RegExp(`${prefix}${source}${end}`, flags);
  } catch (cause) {
    throw unusable(pattern, cause);
  }
  return (path) => expression.test(path);
}

function nameSource(name: string): string {
  if (name === '**') return '\0';
  const parts = name.match(/\[[!^]?[^][^\]]*\]|[^]/gu) ?? [];
  return parts.map(partSource).join('');
}

/** One character or one set of characters, which never holds the `/`. */
function partSource(part: string): string {
  if (part === '*') return '[^/]*';
  if (part === '?') return '[^/]';
  if (part.length > 2 && part.startsWith('[')) {
    const isNegated = /^\[[!^]/.test(part);
    const inside = part.slice(isNegated ? 2 : 1, -1).replace(/[\\\][^]/g, '\\$&');
    return `(?!/)[${isNegated ? '^' : ''}${inside}]`;
  }
  return part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function unusable(pattern: string, cause?: unknown): VaultError {
  return new VaultError('VAULT_USAGE', `${JSON.stringify(pattern)} is no pattern`, {
    hint: 'a pattern is a name or path with *, ?, [a-z] or **',
    ...(cause === undefined ? {} : { cause }),
  });
}
