/** Which lines differ between two texts, as hunks of a unified diff. The only importer of `diff` (Myers 1986). */

import { structuredPatch } from 'diff';

/** Lines removed and added beyond which the search for the shortest difference is given up. */
const MOST_EDITS = 2_000;

/** As `diff -u` has them. */
const CONTEXT = 3;

/**
 * Hunks that turn `before` into `after`, each line ended; empty where they are equal. Texts are compared
 * line by line and only `\n` ends a line; any character is kept as it is. Where too much differs, one
 * hunk takes out all and puts in all: still right, and found in time that grows with the length only.
 */
export function lineHunks(before: string, after: string): string {
  if (before === after) return '';
  const options = { context: CONTEXT, maxEditLength: MOST_EDITS };
  const found = structuredPatch('', '', before, after, undefined, undefined, options);
  if (found === undefined) return wholeHunk(linesOf(before), linesOf(after));
  return found.hunks
    .map(({ oldStart, oldLines, newStart, newLines, lines }) =>
      hunkText([oldStart, oldLines], [newStart, newLines], lines),
    )
    .join('');
}

function wholeHunk(before: readonly string[], after: readonly string[]): string {
  const lines = [...before.map((line) => `-${line}`), ...after.map((line) => `+${line}`)];
  const ended = lines.flatMap((line) =>
    line.endsWith('\n') ? [line.slice(0, -1)] : [line, '\\ No newline at end of file'],
  );
  return hunkText([1, before.length], [1, after.length], ended);
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.split(/(?<=\n)/);
}

/** A range without lines begins, by the format, at the line before it. */
function hunkText(
  [oldStart, oldLines]: readonly [number, number],
  [newStart, newLines]: readonly [number, number],
  lines: readonly string[],
): string {
  const range = (start: number, count: number): string =>
    `${count === 0 ? start - 1 : start},${count}`;
  return `@@ -${range(oldStart, oldLines)} +${range(newStart, newLines)} @@\n${lines.join('\n')}\n`;
}
