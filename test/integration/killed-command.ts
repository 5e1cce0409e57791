/** The real command line in a process that is killed after a while, with no chance to clean up. */

import { spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface KilledCommand {
  /** Whether it ended by itself before it was killed. */
  readonly ended: boolean;
  /** Its exit code, where it ended by itself. */
  readonly exit: number | null;
  /** The last line of its output where that is a summary: then it has reported its success. */
  readonly summary: Readonly<Record<string, unknown>> | undefined;
  readonly stderr: string;
  /** From its start to its end, in milliseconds. */
  readonly ms: number;
}

/**
 * When to kill: after so many milliseconds, or so many after files of these names were touched so often
 * in these directories.
 */
export type KillMoment =
  | { readonly afterMs: number }
  | {
      readonly afterChanges: number;
      readonly of: RegExp;
      readonly in: readonly string[];
      readonly thenMs: number;
    };

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** Runs `vault … --json` on a home and sends SIGKILL at that moment; undefined: never. */
export function runAndKill(
  home: string,
  cwd: string,
  moment: KillMoment | undefined,
  ...args: readonly string[]
): Promise<KilledCommand> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(process.execPath, [main, ...args, '--json'], {
      cwd,
      env: { PATH: process.env['PATH'], VAULT_HOME: home },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    const cancel = moment === undefined ? () => undefined : at(moment, () => child.kill('SIGKILL'));
    child.stdout.on('data', (data: Buffer) => out.push(data));
    child.stderr.on('data', (data: Buffer) => err.push(data));
    child.on('error', reject);
    child.on('close', (exit, signal) => {
      cancel();
      resolve({
        ended: signal !== 'SIGKILL',
        exit,
        summary: summaryOf(Buffer.concat(out).toString('utf8')),
        stderr: Buffer.concat(err).toString('utf8'),
        ms: performance.now() - started,
      });
    });
  });
}

/** Calls `kill` at the moment, unless the returned function is called before. */
function at(moment: KillMoment, kill: () => void): () => void {
  if ('afterMs' in moment) {
    const timer = setTimeout(kill, moment.afterMs);
    return () => clearTimeout(timer);
  }
  let changes = 0;
  let timer: NodeJS.Timeout | undefined;
  const watchers = moment.in.map((directory) =>
    watch(directory, (_event, name) => {
      if (!moment.of.test(name ?? '') || ++changes !== moment.afterChanges) return;
      if (moment.thenMs === 0) kill();
      else timer = setTimeout(kill, moment.thenMs);
    }),
  );
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}

/** A line is reported once its newline is there. */
function summaryOf(out: string): Record<string, unknown> | undefined {
  const line = out
    .slice(0, Math.max(0, out.lastIndexOf('\n')))
    .split('\n')
    .at(-1);
  if (line === undefined || line === '') return undefined;
  const value = JSON.parse(line) as Record<string, unknown>;
  return value['type'] === 'summary' ? value : undefined;
}
