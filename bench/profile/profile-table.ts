/** Stages × threads as a table, beside an earlier profile if there is one. */

import { markdownTable } from '../harness/markdown-table.ts';
import { stages, type Stage } from './stages.ts';

/** What one profiled run is kept as, to be compared with later ones. */
export interface ProfileSummary {
  readonly what: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  /** Thread → stage → seconds. */
  readonly threads: Readonly<Record<string, Readonly<Partial<Record<Stage, number>>>>>;
}

/** Seconds for each stage and thread; with `before`, sums and differences instead of threads alone. */
export function profileTable(now: ProfileSummary, before?: ProfileSummary): string {
  const threads = Object.keys(now.threads).toSorted();
  const rows = stages.flatMap((stage) => {
    const sum = sumOf(now, stage);
    const earlier = before === undefined ? 0 : sumOf(before, stage);
    if (sum === 0 && earlier === 0) return [];
    return [
      [
        stage,
        ...threads.map((thread) => (now.threads[thread]?.[stage] ?? 0).toFixed(2)),
        ...compared(sum, before && earlier),
      ],
    ];
  });
  const outside = outsideOf(now);
  const blank = threads.map(() => '');
  return markdownTable(
    [
      { title: 'stage' },
      ...[...threads, 'all', ...(before ? ['before', 'change'] : [])].map((title) => {
        return { title, align: 'right' as const };
      }),
    ],
    [
      ...rows,
      ['other threads', ...blank, ...compared(outside, before && outsideOf(before))],
      ['processor', ...blank, ...compared(now.cpuSeconds, before?.cpuSeconds)],
      ['elapsed', ...blank, ...compared(now.seconds, before?.seconds)],
    ],
  );
}

function compared(now: number, before: number | undefined): string[] {
  if (before === undefined) return [now.toFixed(2)];
  return [now.toFixed(2), before.toFixed(2), (now - before).toFixed(2)];
}

function sumOf({ threads }: ProfileSummary, stage: Stage): number {
  return Object.values(threads).reduce((sum, seconds) => sum + (seconds[stage] ?? 0), 0);
}

/** Processor time that no thread with JavaScript spent: LevelDB's, libuv's, V8's own threads. */
function outsideOf(summary: ProfileSummary): number {
  const inside = stages
    .filter((stage) => stage !== 'idle')
    .reduce((sum, stage) => sum + sumOf(summary, stage), 0);
  return Math.max(0, summary.cpuSeconds - inside);
}
