/** With `VAULT_TEST_THROUGH=daemon`, each home that a test uses has a daemon, and commands go through it. */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { mainOfVault } from './main-of-vault.ts';
import { eventually } from './wait.ts';

/** What makes homes, has them, or does without. */
const withoutDaemon = new Set([
  'init',
  'daemon',
  'start',
  'stop',
  'up',
  'events',
  'doctor',
  'help',
]);

const daemons = new Map<string, ChildProcess>();

after(() => Promise.all([...daemons.keys()].map(endDaemonOf)));

/** Ends the daemon of a home, if a test was given one: to open the home itself, or before it is removed. */
export async function endDaemonOf(home: string): Promise<void> {
  const child = daemons.get(home);
  daemons.delete(home);
  if (child === undefined || child.exitCode !== null) return;
  const ended = once(child, 'close');
  child.kill();
  await ended;
}

/**
 * Sees to it that the home has a daemon, if tests are to go through one, the command does, and there is a
 * home. It is given nothing that opens the home: that is for commands to do.
 */
export async function daemonIfAsked(home: string, args: readonly string[]): Promise<void> {
  if (process.env['VAULT_TEST_THROUGH'] !== 'daemon') return;
  const command = args.find((word) => !word.startsWith('-'));
  if (command === undefined || withoutDaemon.has(command)) return;
  if (!existsSync(join(home, 'home.a')) || existsSync(join(home, 'daemon'))) return;
  const words = [
    mainOfVault(),
    'daemon',
    '--home',
    home,
    '--json',
    '--no-input',
    '--listen',
    'off',
    '--no-watch',
  ];
  const child = spawn(process.execPath, words, {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  daemons.set(home, child);
  let said = '';
  child.stdout.on('data', (data: Buffer) => (said += data.toString()));
  await eventually('the daemon', () => said.includes('\n') || child.exitCode !== null);
  if (!said.startsWith('{"type":"ready"')) throw new Error(`the daemon did not start: ${said}`);
}
