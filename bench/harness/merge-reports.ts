import type { Line } from './lines.ts';

/**
 * Lines of several runs of the benchmark as one: a case that was measured again counts as it was the
 * last time. Environments and inputs of runs of which nothing is left go too.
 */
export function mergeReports(reports: readonly (readonly Line[])[]): Line[] {
  const merged: Line[] = [];
  const taken = new Set<string>();
  for (const lines of reports.toReversed()) {
    const isWanted = (line: Line): boolean => !('case' in line) || !taken.has(line.case);
    const wanted = lines.filter(isWanted);
    if (!wanted.some((line) => 'case' in line)) continue;
    merged.unshift(...wanted);
    for (const line of wanted) if ('case' in line) taken.add(line.case);
  }
  return merged;
}
