/** `vault start` and `vault stop`: the daemon in the background. */

import { errorCodes, VaultError, type ErrorCode } from '../../errors.ts';
import { listenOption, noWatchOption } from '../shared-options.ts';
import type { ReachedDaemon } from '../context.ts';
import type { CommandDefinition, CommandResult } from '../definition.ts';
import type { Invocation } from '../invocation.ts';

export const startCommand: CommandDefinition = {
  name: 'start',
  group: 'Start',
  summary: 'start the daemon in the background',
  details: [
    'It returns once the daemon is ready, or says why there is none. What it does is written to logs/daemon.log in the home. Without a device key and without a passphrase the daemon waits locked, until any command supplies what opens the home.',
  ],
  positionals: [],
  options: [listenOption, noWatchOption],
  async run(invocation) {
    const started = await ensureDaemon(invocation);
    return { summary: { ...started } };
  },
};

export const stopCommand: CommandDefinition = {
  name: 'stop',
  group: 'Start',
  summary: 'end the daemon',
  details: [
    'It returns once the daemon has ended. What it was doing ends too, and can be repeated.',
  ],
  positionals: [],
  options: [],
  async run(invocation): Promise<CommandResult> {
    const { output, signal } = invocation;
    const daemon = await invocation.findDaemon();
    if (daemon !== undefined) {
      await daemon.stop(signal);
      daemon.close();
    }
    output.sum(daemon === undefined ? 'no daemon was running' : 'the daemon has ended');
    return { summary: { stopped: daemon !== undefined } };
  },
};

interface StartedDaemon {
  /** Whether it was this command that started it. */
  readonly started: boolean;
  /** Whether it waits for what opens the home. */
  readonly locked: boolean;
}

/**
 * Has a daemon run, where there is none one with the options given, with the home open where something opens it, and
 * tells people. Throws what kept it from starting.
 */
export async function ensureDaemon(invocation: Invocation): Promise<StartedDaemon> {
  const { output, globals, given } = invocation;
  const listen = given.text('listen');
  const found = await foundOrStarted(invocation, [
    ...(listen === undefined ? [] : ['--listen', listen]),
    ...(given.flag('no-watch') ? ['--no-watch'] : []),
  ]);
  const state = found.locked ? ', and waits locked' : '';
  const how = found.started ? 'started' : 'was running already';
  output.sum(`the daemon of ${output.name(globals.home)} ${how}${state}`);
  if (found.locked) output.hint('any command with the passphrase opens the home: vault status');
  return found;
}

async function foundOrStarted(
  invocation: Invocation,
  options: readonly string[],
): Promise<StartedDaemon> {
  const running = await invocation.findDaemon();
  if (running !== undefined) return { started: false, locked: await isLocked(invocation, running) };
  await launch(invocation, options);
  const daemon = await invocation.findDaemon();
  if (daemon === undefined) throw new VaultError('VAULT_FAILED', 'the daemon ended at once');
  try {
    return { started: true, locked: await isLocked(invocation, daemon) };
  } catch (error) {
    // It was started for this.
    await daemon.stop(new AbortController().signal);
    throw error;
  }
}

/** Whether it stays locked: what is given opens it, or what is typed; else it waits. */
async function isLocked(invocation: Invocation, daemon: ReachedDaemon): Promise<boolean> {
  const canOpen = invocation.globals.secretSource !== undefined || invocation.canAsk;
  try {
    if (daemon.isLocked && !canOpen) return true;
    await invocation.openThrough(daemon);
    return false;
  } finally {
    daemon.close();
  }
}

async function launch({ context, globals }: Invocation, options: readonly string[]): Promise<void> {
  const { home, waitLockMs } = globals;
  const environment = Object.fromEntries(
    Object.entries(context.env).filter(([name]) => !name.startsWith('VAULT_')),
  );
  const args = ['daemon', '--home', home, '--log', '--json', '--no-input', ...options];
  if (waitLockMs > 0) args.push('--wait-lock', `${Math.ceil(waitLockMs / 1000)}s`);
  const directory = context.machine.isDirectory(home) ? home : context.homeDirectory;
  const { line, errors } = await context.machine.launch(context.program, args, {
    directory,
    environment,
  });
  const said = spoken(line);
  if (said['type'] === 'ready') return;
  const { code, message, hint } = said;
  if (typeof message !== 'string') {
    throw new VaultError('VAULT_FAILED', `the daemon did not start: ${errors.trim()}`);
  }
  const failure = isErrorCode(code) ? code : 'VAULT_FAILED';
  throw new VaultError(failure, message, typeof hint === 'string' ? { hint } : {});
}

function spoken(line: string): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(line) ?? {}) as Readonly<Record<string, unknown>>;
  } catch {
    return {}; // it ended before it said anything
  }
}

function isErrorCode(code: unknown): code is ErrorCode {
  return errorCodes.some((one) => one === code);
}
