/** Trees and ignore files from a seed. Names and patterns are one character per byte. */

import type { RandomSource } from '../../src/random.ts';
import { randomInteger } from '../../src/system/seeded-random.ts';

export interface IgnoreCase {
  /** Directories below the case's own, parents first. */
  readonly directories: readonly string[];
  readonly files: readonly string[];
  /** Content of the ignore file of a directory; `''` is the case's own. */
  readonly ignoreFiles: ReadonlyMap<string, string>;
}

const words = (text: string): string[] => text.split(' ');
const names = [
  ...words(
    String.raw`a b ab aab abc A a.b b.a .a a. x-y - [a] ] [ * ** ? \ a\ \a #a !a a! ^ 5 _ :`,
  ),
  ...words(String.raw`[:alpha:] {a,b} (a) $`),
  'a b',
  'a ',
  ' a',
  'a\t',
  'a\r',
  'a\n',
  '\x01',
  '\x0b',
  '\xff',
  '\xc3\xa9',
  'a\xc3\xa9',
];
const pieces = [
  ...words(
    String.raw`a b ab A . - x # ! ^ 5 ] [ {a,b} $ (a) * * * ** ** *** ? ? / / / /**/ **/ /**`,
  ),
  ...words(
    String.raw`/* */ \a \* \? \[ \\ \ \/ \! \# [a] [!a] [^a] [a-b] [!a-z] []a] [!]a] [a-] [-a]`,
  ),
  ...words(
    String.raw`[b-a] [\]] [[:alpha:]] [![:alpha:]] [[:punct:]] [[:space:]] [[:cntrl:]] [[a]]`,
  ),
  ...words(
    String.raw`[[:upper:]a] [[:no:]] [[:a] [[:] [a/b] [!/] [+--] [\a-c] [a-\c] [\ [ [! [a [] [!]`,
  ),
  ...words(
    String.raw`[[:digit:]-z] [a-b-c] [:alpha:] [[:xdigit:][:blank:]] [[:print:]] [[:graph:]]`,
  ),
  ...words(String.raw`[[:alnum:]] [[:lower:]]`),
  ' ',
  '\\ ',
  '\t',
  '\xc3\xa9',
  '\xc3',
  '\xa9',
  '\xff',
  '[\xc3\xa9]',
  '[\x80-\xff]',
];

export function ignoreCase(random: RandomSource): IgnoreCase {
  const below = (limit: number): number => randomInteger(random, limit);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;

  // A case is about few names, so that patterns meet them.
  const few = Array.from({ length: 7 }, () => pick(names));
  const directories: string[] = [];
  const taken = new Set<string>();
  const place = (): string | undefined => {
    const path = [pick(['', ...directories]), pick(few)].filter(Boolean).join('/');
    if (taken.has(path)) return undefined;
    taken.add(path);
    return path;
  };
  for (let at = 0; at < 3; at++) {
    const path = place();
    if (path !== undefined) directories.push(path);
  }
  const files: string[] = [];
  for (let at = 0; at < 24; at++) {
    const path = place();
    if (path !== undefined) files.push(path);
  }

  const pattern = (): string => {
    const parts = Array.from({ length: 1 + below(1 + below(4)) }, () => {
      const kind = below(10);
      if (kind < 3) return pick(few);
      if (kind < 4) return pick([...directories, ...files, 'a']);
      return pick(pieces);
    });
    const path = parts.join(below(3) === 0 ? '/' : '');
    const start = below(4) === 0 ? '!' : below(4) === 0 ? '/' : below(12) === 0 ? '**/' : '';
    const end =
      below(4) === 0 ? '/' : below(12) === 0 ? pick(['  ', '\\ ', '\r', '\t', '\0x']) : '';
    return start + path + end;
  };
  const content = (): string => {
    const lines = Array.from({ length: 1 + below(4) }, () =>
      below(10) === 0 ? pick(['', '#', '# a', '\r', '/', '!', '//', ' ', '*', '\\']) : pattern(),
    );
    const bom = below(20) === 0 ? '\xef\xbb\xbf' : '';
    return bom + lines.join(below(8) === 0 ? '\r\n' : '\n') + pick(['\n', '\n', '']);
  };
  const ignoreFiles = new Map([['', content()]]);
  for (const directory of directories) if (below(4) === 0) ignoreFiles.set(directory, content());
  return { directories, files, ignoreFiles };
}
