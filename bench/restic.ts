/**
 * vault beside restic on the same tree, disk and minute: first snapshot, nothing changed, restore.
 * Alternating pairs, warm cache, `sync` between, both sides with their key derivation.
 *
 *   node build/bench/restic.js TREE [PAIRS]
 *
 * Prints a line of JSON for each run and, at the end, ratios of medians with their spread. Needs
 * restic on the PATH. Writes below the temporary directory and removes what it wrote.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Measured {
  readonly seconds: number;
  /** Peak resident memory in MB. */
  readonly peakMb: number;
}

const cases = ['first snapshot', 'nothing changed', 'restore'] as const;
type Case = (typeof cases)[number];
type Side = 'vault' | 'restic';

const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const environment = { ...process.env, VAULT_PASSPHRASE: 'bench', RESTIC_PASSWORD: 'bench' };

function measure(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Measured {
  const started = process.hrtime.bigint();
  const run = spawnSync('/usr/bin/time', ['-f', '%M', program, ...args], {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  if (run.status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${run.stderr}`);
  return { seconds, peakMb: Number(run.stderr.trim().split('\n').at(-1)) / 1024 };
}

function runVault(place: string, tree: string): Record<Case, Measured> {
  const env = { ...environment, VAULT_HOME: join(place, 'home') };
  const vault = (...args: string[]): Measured =>
    measure(process.execPath, [main, '-q', ...args], env);
  vault('init');
  vault('folder', 'add', tree, '--name', 'tree');
  const out = join(place, 'out');
  execFileSync('sync');
  const first = vault('snapshot', 'tree');
  execFileSync('sync');
  const again = vault('snapshot', 'tree');
  execFileSync('sync');
  return {
    'first snapshot': first,
    'nothing changed': again,
    restore: vault('restore', '-f', 'tree', '--to', out),
  };
}

function runRestic(place: string, tree: string): Record<Case, Measured> {
  const restic = (...args: string[]): Measured =>
    measure('restic', ['-q', '-r', join(place, 'repository'), ...args], environment);
  restic('init');
  const out = join(place, 'out');
  execFileSync('sync');
  const first = restic('backup', tree);
  execFileSync('sync');
  const again = restic('backup', tree);
  execFileSync('sync');
  return {
    'first snapshot': first,
    'nothing changed': again,
    restore: restic('restore', 'latest', '--target', out),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

function table(results: ReadonlyMap<Side, Record<Case, Measured>[]>): string {
  const lines = [
    '| case | vault s | restic s | ratio of medians | spread of ratios | vault peak MB |',
  ];
  lines.push('| --- | --: | --: | --: | --- | --: |');
  for (const name of cases) {
    const vault = (results.get('vault') ?? []).map((run) => run[name]);
    const restic = (results.get('restic') ?? []).map((run) => run[name]);
    const ratios = vault.map(({ seconds }, pair) => seconds / (restic[pair] as Measured).seconds);
    const [mine, theirs] = [vault, restic].map((runs) =>
      median(runs.map(({ seconds }) => seconds)),
    );
    const columns = [
      name,
      (mine as number).toFixed(2),
      (theirs as number).toFixed(2),
      ((mine as number) / (theirs as number)).toFixed(2),
      `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`,
      Math.max(...vault.map(({ peakMb }) => peakMb)).toFixed(0),
    ];
    lines.push(`| ${columns.join(' | ')} |`);
  }
  return lines.join('\n');
}

const [treeArgument, pairsArgument] = process.argv.slice(2);
if (treeArgument === undefined || !existsSync(treeArgument)) {
  process.stderr.write('usage: node build/bench/restic.js TREE [PAIRS]\n');
  process.exit(2);
}
const tree = resolve(treeArgument);
const pairs = Number(pairsArgument ?? 5);
const say = (line: Record<string, unknown>): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};
say({
  type: 'environment',
  node: process.version,
  restic: execFileSync('restic', ['version'], { encoding: 'utf8' }).trim(),
  processors: availableParallelism(),
  model: cpus()[0]?.model,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  tree: tree.split('/').at(-1),
  pairs,
});
execFileSync('tar', ['cf', '/dev/null', '-C', tree, '.']);
const results = new Map<Side, Record<Case, Measured>[]>([
  ['vault', []],
  ['restic', []],
]);
for (let pair = 0; pair < pairs; pair++) {
  const order: readonly Side[] = pair % 2 === 0 ? ['vault', 'restic'] : ['restic', 'vault'];
  for (const side of order) {
    const place = mkdtempSync(join(tmpdir(), 'vault-bench-'));
    try {
      const run = side === 'vault' ? runVault(place, tree) : runRestic(place, tree);
      results.get(side)?.push(run);
      for (const name of cases) say({ type: 'run', pair, side, case: name, ...run[name] });
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  }
}
process.stdout.write(`${table(results)}\n`);
