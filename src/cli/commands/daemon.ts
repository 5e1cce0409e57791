/** `vault daemon`: the home stays open, and commands go through it. */

import { deferred } from '../../async.ts';
import { isVaultError, VaultError } from '../../errors.ts';
import { listenOption, noWatchOption } from '../shared-options.ts';
import type { ServingDaemon } from '../context.ts';
import type { CommandDefinition, CommandResult } from '../definition.ts';
import { variable } from '../environment.ts';
import type { Invocation } from '../invocation.ts';

/** How long a clean end may take, in milliseconds. */
const STOP_MS = 60_000;

export const daemonCommand: CommandDefinition = {
  name: 'daemon',
  group: 'Start',
  summary: 'keep the home open in the foreground; commands go through it',
  details: [
    'Commands find it by themselves and need no passphrase while it runs. It takes a passphrase or recovery code from the usual sources, else the device key; without either it waits locked, and any command that supplies what opens the home unlocks it.',
    'When it is ready it prints a line, and tells the service manager where NOTIFY_SOCKET is set. An interrupt or termination ends it cleanly, a second one at once. To have it in the background: vault start.',
  ],
  positionals: [],
  options: [
    listenOption,
    noWatchOption,
    {
      name: 'log',
      type: 'flag',
      doc: 'write what happens to files in the home, not to standard error',
    },
  ],
  reloads: true,
  run: runDaemon,
};

async function runDaemon(invocation: Invocation): Promise<CommandResult> {
  const { context, globals, output, signal } = invocation;
  const { home, waitLockMs } = globals;
  const running = await invocation.findDaemon();
  if (running !== undefined) {
    running.close();
    throw new VaultError('VAULT_EXISTS', 'a daemon has this home open already', {
      hint: 'end it with: vault stop',
    });
  }
  const secret =
    globals.secretSource === undefined
      ? undefined
      : await invocation.givenSecret(await invocation.load());
  const started = context.clock.monotonicMs();
  const daemon = await context.startDaemon({
    home,
    waitLockMs,
    signal,
    secret,
    runtimeDirectory: variable(context.env, 'XDG_RUNTIME_DIR'),
    watch: !invocation.given.flag('no-watch'),
    listen: invocation.given.text('listen'),
    log: invocation.given.flag('log') ? undefined : (line) => output.say(line),
  });
  const state = daemon.isLocked ? ', and waits locked' : '';
  output.print(`the daemon of ${output.name(home)} is ready${state}`);
  const address = daemon.address ?? null;
  if (address !== null) output.say(`takes connections of other nodes at ${address}`);
  output.printJson({
    type: 'ready',
    home,
    locked: daemon.isLocked,
    address,
    pid: context.processId,
  });
  output.flush();
  invocation.onReload = () => {
    daemon.reload().catch((error: unknown) => {
      if (!isVaultError(error)) throw error;
      output.warning(`cannot reload: ${error.message}`);
    });
  };
  await notify(invocation, 'READY=1');
  await Promise.race([daemon.stopAsked, aborted(signal)]);
  await notify(invocation, 'STOPPING=1');
  await endWithin(invocation, daemon);
  const seconds = (context.clock.monotonicMs() - started) / 1000;
  return { summary: { home, seconds } };
}

/** Tells the service manager, by its own program. */
async function notify({ context, output }: Invocation, state: string): Promise<void> {
  if (variable(context.env, 'NOTIFY_SOCKET') === undefined) return;
  try {
    const words = ['systemd-notify', `--pid=${context.processId}`, state];
    const { code } = await context.machine.capture(words, 1024, new AbortController().signal);
    if (code !== 0) output.say('systemd-notify failed: the service manager was not told');
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    output.say(`the service manager was not told: ${error.message}`);
  }
}

async function endWithin({ context }: Invocation, daemon: ServingDaemon): Promise<void> {
  const late = deferred<never>();
  const cancel = context.clock.timer(STOP_MS, () =>
    late.reject(
      new VaultError('VAULT_FAILED', `the daemon did not end within ${STOP_MS / 1000} s`, {
        hint: 'everything durable stays so',
      }),
    ),
  );
  try {
    await Promise.race([daemon.close(), late.promise]);
  } catch (error) {
    // What was under way was told to whoever had asked for it.
    if (!isVaultError(error, 'VAULT_INTERRUPTED')) throw error;
  } finally {
    cancel();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  const done = deferred<void>();
  if (signal.aborted) done.resolve();
  signal.addEventListener('abort', () => done.resolve(), { once: true });
  return done.promise;
}
