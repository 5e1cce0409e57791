/** JSON lines → what people read: the environment, the targets, and tables for each case. */

import { caseNames, type CaseName } from './case-names.ts';
import type { EnvironmentLine, InputLine, Line, NotRunLine, RunLine } from './lines.ts';
import { markdownTable } from './markdown-table.ts';
import { pairRatios, spread, type Spread } from './statistics.ts';
import { judge, samples, type Judged, type Target } from './targets.ts';

const REFERENCE = 'vault';

/** The whole report as Markdown. Lines of several files may be given one after the other. */
export function report(lines: readonly Line[]): string {
  const runs = lines.filter((line): line is RunLine => line.type === 'run');
  const facts = lines.flatMap((line) => {
    if (line.type === 'environment') return environment(line);
    return line.type === 'input' ? [input(line)] : [];
  });
  const parts = [
    [...new Set(facts)].map((fact) => `- ${fact}`).join('\n'),
    runs.length === 0 ? 'Nothing was measured.' : [targetTable(runs), timeTable(runs)],
    runs.length === 0 ? [] : resourceTable(runs),
    [openings(runs), notRun(lines.filter((line) => line.type === 'not-run'))]
      .filter((part) => part !== '')
      .join('\n'),
  ];
  return `${parts
    .flat()
    .filter((part) => part !== '')
    .join('\n\n')}\n`;
}

function environment(line: EnvironmentLine): string[] {
  const peers = Object.entries(line.peers).flatMap(([name, version]) =>
    version === null ? [] : [`${name} ${version}`],
  );
  const scaled =
    line.scale === 1 ? '' : `, generated inputs × ${line.scale}: not the cases as defined`;
  return [
    `${line.time.slice(0, 10)}, vault ${line.vault}, Node ${line.node}`,
    `beside ${peers.join(', ') || 'nothing'}`,
    `${line.processors} × ${line.processor}, ${(line.memoryBytes / 2 ** 30).toFixed(0)} GiB`,
    `${line.system}, kernel ${line.kernel}, ${line.fileSystem}`,
    `${line.pairs} rounds, load before ${line.loadBefore.toFixed(2)}${scaled}`,
  ];
}

function input({ name, files, bytes }: InputLine): string {
  return `${name}: ${count(files)} ${files === 1 ? 'file' : 'files'}, ${megabytes(bytes)} MB`;
}

function targetTable(runs: readonly RunLine[]): string {
  const judged = judge(runs);
  if (judged.length === 0) return '';
  return markdownTable(
    [
      { title: 'case' },
      { title: 'what' },
      { title: 'target', align: 'right' },
      { title: 'measured', align: 'right' },
      { title: 'min–max', align: 'right' },
      { title: '' },
    ],
    judged.map(({ case: name, target, figure, met }: Judged) => [
      name,
      target.what,
      `${target.atLeast === true ? '≥' : '≤'} ${amount(target, target.limit)}`,
      figure ? amount(target, figure.median) : '',
      figure ? `${bare(target, figure.min)}–${bare(target, figure.max)}` : '',
      met === undefined ? 'not measured' : met ? 'met' : 'missed',
    ]),
  );
}

function timeTable(runs: readonly RunLine[]): string {
  const peers = sidesOf(runs).filter((side) => side !== REFERENCE);
  return markdownTable(
    [
      { title: 'case' },
      { title: 'vault s', align: 'right' },
      ...peers.flatMap((peer) => [
        { title: `${peer} s`, align: 'right' as const },
        { title: `vault / ${peer}`, align: 'right' as const },
      ]),
    ],
    casesOf(runs).map((name) => {
      const ran = runs.filter((run) => run.case === name);
      const mine = samples(ran, REFERENCE, 'seconds');
      return [
        name,
        seconds(mine.map(({ value }) => value)),
        ...peers.flatMap((peer) => {
          const theirs = samples(ran, peer, 'seconds');
          return [seconds(theirs.map(({ value }) => value)), ratio(pairRatios(mine, theirs))];
        }),
      ];
    }),
  );
}

function resourceTable(runs: readonly RunLine[]): string {
  const rows = casesOf(runs).flatMap((name) =>
    sidesOf(runs).flatMap((side) => {
      const ran = runs.filter((run) => run.case === name && run.side === side);
      if (ran.length === 0) return [];
      const middle = (quantity: 'cpuSeconds' | 'storeBytes' | 'grownBytes' | 'deviceBytes') =>
        samples(ran, side, quantity).map(({ value }) => value);
      return [
        [
          name,
          side,
          seconds(middle('cpuSeconds')),
          megabytes(Math.max(...ran.map(({ peakBytes }) => peakBytes))),
          medianMegabytes(middle('storeBytes')),
          medianMegabytes(middle('grownBytes')),
          medianMegabytes(middle('deviceBytes')),
        ],
      ];
    }),
  );
  return markdownTable(
    [
      { title: 'case' },
      { title: 'side' },
      { title: 'processor s', align: 'right' },
      { title: 'peak MB', align: 'right' },
      { title: 'store MB', align: 'right' },
      { title: 'grown MB', align: 'right' },
      { title: 'to device MB', align: 'right' },
    ],
    rows,
  );
}

/** Where opening the store was measured apart. */
function openings(runs: readonly RunLine[]): string {
  const texts = casesOf(runs).flatMap((name) =>
    sidesOf(runs).flatMap((side) => {
      const ran = runs.filter((run) => run.case === name);
      const values = samples(ran, side, 'openSeconds').map(({ value }) => value);
      return values.length === 0
        ? []
        : [
            `- ${name}, ${side}: opened in ${seconds(values)} s, which is not part of the time above`,
          ];
    }),
  );
  return texts.join('\n');
}

function notRun(lines: readonly NotRunLine[]): string {
  const texts = new Set(
    lines.map(({ case: name, side, why }) => {
      return `- not run: ${name}${side === null ? '' : ` beside ${side}`}: ${why}`;
    }),
  );
  return [...texts].join('\n');
}

function casesOf(runs: readonly RunLine[]): CaseName[] {
  const present = new Set(runs.map((run) => run.case));
  return caseNames.filter((name) => present.has(name));
}

/** In the order met, vault first. */
function sidesOf(runs: readonly RunLine[]): string[] {
  const sides = new Set([REFERENCE, ...runs.map(({ side }) => side)]);
  return [...sides].filter((side) => runs.some((run) => run.side === side));
}

function amount(target: Target, value: number): string {
  return target.unit === 'ratio' ? value.toFixed(2) : `${value.toFixed(0)} ${target.unit}`;
}

function bare({ unit }: Target, value: number): string {
  return value.toFixed(unit === 'ratio' ? 2 : 0);
}

function ratio(figure: Spread | undefined): string {
  if (figure === undefined) return '';
  return `${figure.median.toFixed(2)} (${figure.min.toFixed(2)}–${figure.max.toFixed(2)})`;
}

function seconds(values: readonly number[]): string {
  return values.length === 0 ? '' : spread(values).median.toFixed(2);
}

function medianMegabytes(values: readonly number[]): string {
  return values.length === 0 ? '' : megabytes(spread(values).median);
}

function megabytes(bytes: number): string {
  const value = bytes / 1e6;
  return value.toFixed(Math.abs(value) < 10 ? 2 : 0);
}

function count(value: number): string {
  return value.toLocaleString('en');
}
