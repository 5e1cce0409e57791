import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { daemonIfAsked } from './daemon-of-home.ts';
import { mainOfVault } from './main-of-vault.ts';

export interface Ran {
  readonly exit: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** Standard output as JSON lines; throws where a line is none. */
  lines(): Record<string, unknown>[];
  /** The last JSON line. */
  last(): Record<string, unknown>;
}

export interface RunOptions {
  readonly home: string;
  readonly cwd?: string;
  readonly passphrase?: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Runs as this user; only the superuser can. */
  readonly user?: number;
}

/**
 * Runs the real command line, compiled beside the tests, in a process of its own; through a daemon where
 * `VAULT_TEST_THROUGH` is `daemon`.
 */
export async function runVault(options: RunOptions, ...args: readonly string[]): Promise<Ran> {
  if (options.user === undefined) await daemonIfAsked(options.home, args);
  const child = startVault(options, ...args);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (data: Buffer) => stdout.push(data));
  child.stderr.on('data', (data: Buffer) => stderr.push(data));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const [exit, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(
    (resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, killedBy) => resolve([code, killedBy]));
    },
  );
  const out = Buffer.concat(stdout);
  const lines = (): Record<string, unknown>[] =>
    out
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return {
    exit,
    signal,
    stdout: out,
    stderr: Buffer.concat(stderr).toString('utf8'),
    lines,
    last: () => lines().at(-1) ?? {},
  };
}

/** Starts the real command line; whoever starts it ends it. */
export function startVault(
  options: RunOptions,
  ...args: readonly string[]
): ChildProcessWithoutNullStreams {
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    VAULT_HOME: options.home,
    ...options.env,
  };
  const passphrase = 'passphrase' in options ? options.passphrase : 'correct horse';
  if (passphrase !== undefined) env['VAULT_PASSPHRASE'] = passphrase;
  return spawn(process.execPath, [mainOfVault(), ...args], {
    cwd: options.cwd ?? options.home.replace(/\/[^/]*$/, ''),
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.user === undefined ? {} : { uid: options.user, gid: options.user }),
  });
}
