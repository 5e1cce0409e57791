/** Lines of a `.vaultignore` → patterns, read and matched as git does those of a `.gitignore`. */

import { wildcardMatcher } from './wildcards.ts';

/** One pattern. Text is one character per byte throughout. */
export interface IgnorePattern {
  /** As it was written, and in which line of its file, from 1. */
  readonly text: string;
  readonly line: number;
  /** Begins with `!`: what it matches is taken in after all. */
  readonly isNegated: boolean;
  /** Ends in `/`. */
  readonly onlyDirectories: boolean;
  /** Whether it holds for the path from the directory of its file; the rest for the name alone. */
  readonly isAnchored: boolean;
  matches(text: string): boolean;
}

/**
 * The patterns of a file, in order: a byte order mark at the start, comments and empty lines go, as do
 * spaces at the end of a line that no `\` protects and one carriage return.
 */
export function parseIgnoreFile(content: string): IgnorePattern[] {
  const text = content.startsWith(BYTE_ORDER_MARK)
    ? content.slice(BYTE_ORDER_MARK.length)
    : content;
  const patterns: IgnorePattern[] = [];
  for (const [at, line] of text.split('\n').entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const [kept = ''] = (line.endsWith('\r') ? line.slice(0, -1) : line).split('\0', 1);
    const pattern = parseIgnorePattern(withoutTrailingSpaces(kept), at + 1);
    if (pattern !== undefined) patterns.push(pattern);
  }
  return patterns;
}

/** One pattern as it stands; undefined where it can match nothing. */
export function parseIgnorePattern(text: string, line: number): IgnorePattern | undefined {
  const isNegated = text.startsWith('!');
  let pattern = isNegated ? text.slice(1) : text;
  const onlyDirectories = pattern.endsWith('/');
  if (onlyDirectories) pattern = pattern.slice(0, -1);
  const isAnchored = pattern.includes('/');
  if (isAnchored && pattern.startsWith('/')) pattern = pattern.slice(1);
  const matches = isAnchored ? pathMatcher(pattern) : nameMatcher(pattern);
  if (matches === undefined) return undefined;
  return { text, line, isNegated, onlyDirectories, isAnchored, matches };
}

/** The pattern that decides about a path: the last one that matches, if any does. */
export function decidingPattern(
  patterns: readonly IgnorePattern[],
  path: string,
  name: string,
  isDirectory: boolean,
): IgnorePattern | undefined {
  return patterns.findLast(
    (pattern) =>
      (isDirectory || !pattern.onlyDirectories) &&
      pattern.matches(pattern.isAnchored ? path : name),
  );
}

/** The byte order mark of UTF-8, one character per byte. */
const BYTE_ORDER_MARK = '\xef\xbb\xbf';

type TextMatcher = (text: string) => boolean;

function nameMatcher(pattern: string): TextMatcher | undefined {
  if (!/^\*[^*?[\\]*$/.test(pattern)) return pathMatcher(pattern);
  const end = pattern.slice(1);
  return (name) => name.endsWith(end);
}

function pathMatcher(pattern: string): TextMatcher | undefined {
  const special = pattern.search(/[*?[\\]/);
  if (special < 0) return pattern === '' ? undefined : (text) => text === pattern;
  // As in git, what comes before the first wildcard is compared apart: `a**/b` has its `**` at the
  // start of what is left, where it goes across names.
  const start = pattern.slice(0, special);
  const rest = wildcardMatcher(pattern.slice(special));
  if (rest === undefined) return undefined;
  return (text) => text.startsWith(start) && rest(text.slice(special));
}

function withoutTrailingSpaces(line: string): string {
  let end = line.length;
  while (end > 0 && line[end - 1] === ' ') end--;
  if (end === line.length) return line;
  let slashes = 0;
  while (line[end - 1 - slashes] === '\\') slashes++;
  return line.slice(0, slashes % 2 === 1 ? end + 1 : end);
}
