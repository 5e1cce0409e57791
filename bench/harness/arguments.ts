/** The command line of the benchmark. */

import { parseArgs } from 'node:util';
import { caseNames, isCaseName, type CaseName } from './case-names.ts';

/** A tree as given: a directory, a tar archive, or a Debian package with a tar archive in it. */
export interface BenchArguments {
  readonly cases: readonly CaseName[];
  readonly pairs: number;
  readonly tree: string | undefined;
  readonly nextTree: string | undefined;
  /** Undefined takes all that are installed. */
  readonly peers: readonly PeerName[] | undefined;
  readonly scratch: string | undefined;
  /** Sizes of what is generated, as a share of the full ones. */
  readonly scale: number;
  readonly out: string | undefined;
  readonly writeReadme: boolean;
  /** Files of JSON lines to report on, instead of measuring. */
  readonly report: readonly string[];
  readonly action: 'run' | 'report' | 'list' | 'help';
}

export const peerNames = ['restic', 'borg', 'git'] as const;
export type PeerName = (typeof peerNames)[number];

/** What the user typed makes no sense. */
export class ArgumentError extends Error {}

export const usage = `npm run bench -- [options]

  --case NAME       only this case; may be repeated, or several separated by commas
  --list            name the cases and what each does
  --pairs N         alternating rounds (default 5)
  --tree PATH       the tree to store: a directory, a .tar.* or a .deb that holds one
                    (default: /usr/src/linux-source-*.tar.xz)
  --next-tree PATH  the next release of that tree, for the case next-release
  --peer NAME       only beside this peer; may be repeated (default: all that are installed)
  --scratch DIR     where to work (default: the system's directory for temporary files)
  --scale F         generated inputs F times as large, for a quick try (default 1)
  --out FILE        where to put the JSON lines (default: a new file among the temporary ones)
  --report FILE     measure nothing, print the tables of earlier JSON lines; may be repeated
  --write-readme    put the tables into bench/README.md
  --help            this text
`;

/** Reads the arguments after the program's name. Throws {@link ArgumentError}. */
export function parseArguments(args: readonly string[]): BenchArguments {
  const { values } = parse(args);
  const peers = several(values.peer);
  for (const peer of peers) {
    if (!isPeerName(peer)) {
      throw new ArgumentError(`unknown peer ${peer}: expected ${peerNames.join(', ')}`);
    }
  }
  const report = values.report ?? [];
  return {
    cases: casesOf(several(values.case)),
    pairs: wholeNumber('--pairs', values.pairs ?? '5'),
    tree: values.tree,
    nextTree: values['next-tree'],
    peers: peers.length === 0 ? undefined : peers.filter(isPeerName),
    scratch: values.scratch,
    scale: scaleOf(values.scale ?? '1'),
    out: values.out,
    writeReadme: values['write-readme'] ?? false,
    report,
    action: values.help ? 'help' : values.list ? 'list' : report.length > 0 ? 'report' : 'run',
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: false,
      options: {
        case: { type: 'string', multiple: true },
        list: { type: 'boolean' },
        pairs: { type: 'string' },
        tree: { type: 'string' },
        'next-tree': { type: 'string' },
        peer: { type: 'string', multiple: true },
        scratch: { type: 'string' },
        scale: { type: 'string' },
        out: { type: 'string' },
        report: { type: 'string', multiple: true },
        'write-readme': { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new ArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function several(values: readonly string[] = []): string[] {
  return values.flatMap((value) => value.split(',')).filter((value) => value !== '');
}

function isPeerName(name: string): name is PeerName {
  return (peerNames as readonly string[]).includes(name);
}

/** In the order in which they run, whatever order they were named in. */
function casesOf(names: readonly string[]): CaseName[] {
  for (const name of names) {
    if (!isCaseName(name)) throw new ArgumentError(`unknown case ${name}: --list names them`);
  }
  return caseNames.filter((name) => names.length === 0 || names.includes(name));
}

function wholeNumber(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new ArgumentError(`${option} expects a whole number of at least 1, got ${text}`);
  }
  return number;
}

function scaleOf(text: string): number {
  const scale = Number(text);
  if (!(scale > 0 && scale <= 100)) {
    throw new ArgumentError(`--scale expects a number above 0 and up to 100, got ${text}`);
  }
  return scale;
}
