/**
 * What looking back costs in a folder with a long history: makes one with N versions through the log
 * itself, then measures the commands, each in a process of its own.
 *
 *   node build/bench/history.js [VERSIONS, default 1000000] [--keep DIR]
 *
 * Nine in ten versions are of files of 20 to a directory, three of each, in entries as a first scan
 * writes them; the rest are of one file, `hot/file`, each in an entry of its own, as a file that is
 * edited all day has them. Contents are empty: it is the history that is measured. The middle and the
 * end are snapshots. With `--keep` the home is made in DIR, or used where it is there, and kept. JSON
 * lines, `milliseconds` and processor time (`cpu`) beyond what `vault folder list` takes, which starts and
 * opens the home too.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FolderSet } from '../src/home/folder-set.ts';
import { Home } from '../src/home/home.ts';
import { systemEnvironment } from '../src/home/system-environment.ts';
import type { FolderLog } from '../src/log/folder-log.ts';
import type { UnnamedVersion } from '../src/log/log-writer.ts';
import type { Body, Parent } from '../src/log/types.ts';

const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const FILES = 20;
const ROUNDS = 3;
/** Versions between two commits. */
const PER_COMMIT = 10_000;
const RUNS = 5;

const directoryBody = undefined;
const emptyFile: Body = {
  manifest: { size: 0, depth: 0, root: undefined },
  mtimeNs: 0n,
  executable: false,
  symlink: undefined,
  unstable: false,
};

function fileVersion(path: string, mark: number, parents: readonly Parent[]): UnnamedVersion {
  const digest = new Uint8Array(16);
  new DataView(digest.buffer).setUint32(0, mark);
  return { link: { path, kind: 'file', parents, digest }, body: emptyFile };
}

function directoryVersion(path: string): UnnamedVersion {
  const link = { path, kind: 'directory', parents: [], digest: new Uint8Array(0) } as const;
  return { link, body: directoryBody };
}

class Writer {
  readonly #log: FolderLog;
  #waiting = 0;

  constructor(log: FolderLog) {
    this.#log = log;
  }

  async stage(versions: readonly UnnamedVersion[]): Promise<Parent[]> {
    const names = await this.#log.stage(versions);
    this.#waiting += versions.length;
    if (this.#waiting >= PER_COMMIT) await this.commit();
    return names;
  }

  async commit(): Promise<void> {
    this.#waiting = 0;
    await this.#log.commit({});
  }

  async snapshot(tag: string): Promise<void> {
    await this.commit();
    await this.#log.commit({
      records: (clock, time) => [
        {
          type: 'snapshot',
          id: Buffer.alloc(16, tag),
          time,
          clock,
          message: '',
          tags: [tag],
          pinned: false,
        },
      ],
    });
  }
}

async function write(home: string, versions: number): Promise<void> {
  const environment = systemEnvironment();
  const { signal } = new AbortController();
  const opened = await Home.open(environment, home, () => Promise.resolve(undefined), {
    waitMs: 0,
    signal,
  });
  const folders = new FolderSet(environment, opened);
  const folder = await folders.open(folders.find('history', '/'));
  const writer = new Writer(folder.log);
  const directories = Math.floor((versions * 0.9) / (FILES * ROUNDS + 1));
  const edits = versions - directories * (FILES * ROUNDS + 1);
  let hot: readonly Parent[] = [];
  let edited = 0;
  const edit = async (until: number): Promise<void> => {
    while (edited < until) hot = await writer.stage([fileVersion('hot/file', edited++, hot)]);
  };
  await writer.stage([directoryVersion('hot')]);
  const names: Parent[][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (let at = 0; at < directories; at += 50) {
      const group = Array.from({ length: Math.min(50, directories - at) }, (_, i) => at + i);
      const made = round === 0 ? group.map((d) => directoryVersion(`d${d}`)) : [];
      const files = group.flatMap((d) =>
        Array.from({ length: FILES }, (_, f) => {
          const parent = names[d]?.[f];
          return fileVersion(`d${d}/file ${f}`, round, parent === undefined ? [] : [parent]);
        }),
      );
      const staged = (await writer.stage([...made, ...files])).slice(made.length);
      for (const [index, d] of group.entries()) {
        names[d] = staged.slice(index * FILES, (index + 1) * FILES);
      }
    }
    await edit(Math.floor((edits * (round + 1)) / ROUNDS) - (round + 1 === ROUNDS ? 1 : 0));
    if (round + 1 < ROUNDS) await writer.snapshot(`round${round + 1}`);
  }
  await writer.snapshot('end');
  await folders.close();
  await opened.close();
  await environment.pool.close();
}

interface Measured {
  readonly ms: number;
  /** Of all processors. */
  readonly cpuMs: number;
  readonly peakMb: number;
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

function vault(home: string, args: readonly string[]): Measured {
  const started = process.hrtime.bigint();
  const program = [process.execPath, main, '--home', home, '--json', ...args];
  const ran = spawnSync('/usr/bin/time', ['-f', '%U %S %M', ...program], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  const ms = Number(process.hrtime.bigint() - started) / 1e6;
  if (ran.status !== 0) throw new Error(`vault ${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
  const lines = ran.stdout.trim().split('\n');
  const [user = 0, system = 0, peak = 0] = (ran.stderr.trim().split('\n').at(-1) ?? '')
    .split(' ')
    .map(Number);
  return {
    ms,
    cpuMs: (user + system) * 1000,
    peakMb: Math.round(peak / 1024),
    lines: lines.slice(0, 100).map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

function tell(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function run(versions: number, place: string): Promise<void> {
  const home = join(place, 'home');
  if (!existsSync(home)) {
    mkdirSync(join(place, 'history'), { recursive: true });
    vault(home, ['init', '--device-key']);
    vault(home, ['folder', 'add', join(place, 'history'), '--stored-only']);
    const started = process.hrtime.bigint();
    await write(home, versions);
    tell({ type: 'made', versions, seconds: Number(process.hrtime.bigint() - started) / 1e9 });
  }
  const starts = Array.from({ length: RUNS }, () => vault(home, ['folder', 'list']));
  const start = median(starts.map(({ ms }) => ms));
  const startCpu = median(starts.map(({ cpuMs }) => cpuMs));
  tell({ type: 'start', milliseconds: Math.round(start), cpu: Math.round(startCpu) });
  const at = ['-f', 'history'] as const;
  const [oldest] = vault(home, ['log', ...at, 'd1/file 1']).lines.slice(-2);
  const out = join(place, 'out');
  const cases: readonly (readonly [string, readonly string[], number])[] = [
    ['log of a file', ['log', ...at, 'd1/file 1'], RUNS],
    [
      'log of a file with a tenth of all versions, 20',
      ['log', ...at, 'hot/file', '--limit', '20'],
      RUNS,
    ],
    ['log of a directory', ['log', ...at, 'd1'], RUNS],
    ['log of the folder, 20', ['log', ...at, '--limit', '20'], RUNS],
    ['show the oldest version', ['show', ...at, String(oldest?.['version'])], 1],
    ['ls of a directory, early', ['ls', ...at, 'd1', '--at', 'round1'], RUNS],
    ['ls of the hot directory, early', ['ls', ...at, 'hot', '--at', 'round1'], 1],
    ['ls of the hot directory, now', ['ls', ...at, 'hot'], 1],
    ['restore a directory, early', ['restore', ...at, 'd1', '--to', out, '--at', 'round1'], RUNS],
    ['restore the hot file, early', ['restore', ...at, 'hot', '--to', out, '--at', 'round1'], 1],
    ['stats', ['stats', 'history'], 1],
  ];
  for (const [name, args, runs] of cases) {
    const times: number[] = [];
    const cpuTimes: number[] = [];
    let peakMb = 0;
    for (let again = 0; again < runs; again++) {
      rmSync(out, { recursive: true, force: true });
      const measured = vault(home, args);
      times.push(measured.ms - start);
      cpuTimes.push(measured.cpuMs - startCpu);
      peakMb = Math.max(peakMb, measured.peakMb);
    }
    const [milliseconds, cpu] = [times, cpuTimes].map((all) => Math.round(median(all)));
    tell({ type: 'case', case: name, milliseconds, cpu, peakMb });
  }
}

const [first, second, third] = process.argv.slice(2);
const versions = Number(first ?? 1_000_000);
if (!Number.isSafeInteger(versions) || versions < 1000) {
  throw new RangeError(`expected a number of versions from 1000, got ${String(first)}`);
}
const kept = second === '--keep' ? third : undefined;
const place = kept ?? mkdtempSync(join(tmpdir(), 'vault-history-'));
try {
  await run(versions, place);
} finally {
  if (kept === undefined) rmSync(place, { recursive: true, force: true });
}
