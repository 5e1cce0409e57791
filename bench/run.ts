/**
 * vault beside the programs it is compared with, on the same input, disk and minute: `npm run bench`.
 * See bench/README.md.
 *
 * JSON lines go to a file, one for each run as it ends; progress to standard error; the tables, at
 * the end, to standard output. Exits with 1 where a run failed, 2 for wrong usage, 130 or 143 where
 * it was ended. A peer that is not installed is no failure.
 */

import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  ArgumentError,
  parseArguments,
  peerNames,
  usage,
  type BenchArguments,
} from './harness/arguments.ts';
import { caseNames, cases, type CaseName } from './harness/case-names.ts';
import { environmentLine } from './harness/environment.ts';
import { parseLines, type Line } from './harness/lines.ts';
import { GNU_TIME } from './harness/measure.ts';
import { mergeReports } from './harness/merge-reports.ts';
import { withResults } from './harness/readme.ts';
import { report } from './harness/report.ts';
import { largeFileScenario } from './scenarios/large-file.ts';
import { manyTablesScenario } from './scenarios/many-tables.ts';
import { mixedScenario } from './scenarios/mixed.ts';
import { releasesScenario } from './scenarios/releases.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { treeScenario } from './scenarios/tree.ts';
import { borgSide } from './sides/borg.ts';
import { gitSide } from './sides/git.ts';
import { resticSide } from './sides/restic.ts';
import type { Side } from './sides/side.ts';
import { vault } from './sides/vault.ts';

const README = fileURLToPath(new URL('../../bench/README.md', import.meta.url));
const peers: Readonly<Record<(typeof peerNames)[number], Side>> = {
  restic: resticSide,
  borg: borgSide,
  git: gitSide,
};
const scenarios: readonly Scenario[] = [
  treeScenario,
  largeFileScenario,
  releasesScenario,
  mixedScenario,
  manyTablesScenario,
];

const tell = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** Runs the wanted cases; every line is in the file `out` as soon as it is there. */
async function run(wanted: BenchArguments, out: string, signal: AbortSignal): Promise<Line[]> {
  if (!existsSync(GNU_TIME)) {
    throw new Error(`measuring needs GNU time at ${GNU_TIME} (Debian: apt-get install time)`);
  }
  const lines: Line[] = [];
  const say = (line: Line): void => {
    lines.push(line);
    appendFileSync(out, `${JSON.stringify(line)}\n`);
    if (line.type === 'run') {
      const { pair, seconds } = line;
      tell(`${line.case} ${pair + 1}/${wanted.pairs} ${line.side} ${seconds.toFixed(2)} s`);
    } else if (line.type === 'not-run') {
      tell(`${line.case}${line.side === null ? '' : ` beside ${line.side}`} not run: ${line.why}`);
    }
  };
  const scratch = mkdtempSync(join(resolve(wanted.scratch ?? tmpdir()), 'vault-bench-'));
  try {
    const beside = (wanted.peers ?? peerNames).map((name) => peers[name]);
    say(environmentLine(scratch, vault, beside, wanted));
    const installed = beside.filter((side) => side.version() !== undefined);
    for (const { name } of beside.filter((side) => !installed.includes(side))) {
      for (const one of wanted.cases) {
        if (one === 'many-tables') continue; // has no peers
        say({ type: 'not-run', case: one, side: name, why: `${name} is not installed` });
      }
    }
    for (const scenario of scenarios) {
      const its = new Set<CaseName>(wanted.cases.filter((name) => scenario.cases.includes(name)));
      if (its.size === 0) continue;
      const directory = join(scratch, 'scenario');
      mkdirSync(directory);
      await scenario.run(its, {
        ...wanted,
        scratch: directory,
        sides: [vault, ...installed],
        signal,
        say,
      });
      rmSync(directory, { recursive: true, force: true });
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return lines;
}

function publish(lines: readonly Line[], { writeReadme }: BenchArguments): void {
  const text = report(lines);
  process.stdout.write(text);
  if (!writeReadme) return;
  writeFileSync(README, withResults(readFileSync(README, 'utf8'), text));
  tell('the results are in bench/README.md');
}

/** Exit code. */
async function main(args: readonly string[]): Promise<number> {
  const wanted = parseArguments(args);
  if (wanted.action === 'help') process.stdout.write(usage);
  else if (wanted.action === 'list') {
    for (const name of caseNames) process.stdout.write(`${name.padEnd(16)} ${cases[name]}\n`);
  } else if (wanted.action === 'report') {
    const reports = wanted.report.map((path) => parseLines(readFileSync(path, 'utf8')));
    publish(mergeReports(reports), wanted);
  } else {
    const stop = new AbortController();
    let ended: NodeJS.Signals | undefined;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        ended ??= signal;
        stop.abort(new Error(`ended by ${signal}`));
      });
    }
    const stamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
    const out = resolve(wanted.out ?? join(tmpdir(), `vault-bench-${stamp}.jsonl`));
    writeFileSync(out, '');
    try {
      publish(await run(wanted, out, stop.signal), wanted);
    } catch (error) {
      if (ended === undefined) throw error;
      tell(`ended by ${ended}`);
      return 128 + constants.signals[ended];
    } finally {
      tell(`JSON lines: ${out}`);
    }
  }
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  tell(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = error instanceof ArgumentError ? 2 : 1;
}
