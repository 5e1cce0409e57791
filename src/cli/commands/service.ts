/** `vault service install` and `vault service uninstall`: the daemon whenever this user is here. */

import { systemCode } from '../../errors.ts';
import type { CommandDefinition, CommandResult } from '../definition.ts';
import type { Invocation } from '../invocation.ts';
import { serviceFile, type ServiceFile } from '../service-file.ts';

export const serviceInstallCommand: CommandDefinition = {
  name: 'service install',
  group: 'Start',
  summary: 'have the daemon start by itself when you log in',
  details: [
    'Writes a file for the service manager of this system: a unit of the user’s systemd, an agent for launchd on macOS, a task for the scheduler of Windows. With systemd it is enabled, and started unless a daemon runs already; elsewhere, or where there is no systemctl, it says what to run. The user’s systemd begins when you log in; to have it begin with the machine: loginctl enable-linger',
    'A device key inside the home opens it then. Where there is none the daemon waits locked, until any command supplies what opens the home: vault key add --device-key makes one. Run it again when vault or Node has moved. A home other than the usual one has a service of its own.',
  ],
  positionals: [],
  options: [],
  run: install,
};

export const serviceUninstallCommand: CommandDefinition = {
  name: 'service uninstall',
  group: 'Start',
  summary: 'take back what service install did',
  details: [
    'Removes the file. With systemd the service is stopped and disabled before, and with it the daemon that it runs; elsewhere it says what to run.',
  ],
  positionals: [],
  options: [],
  run: uninstall,
};

async function install(invocation: Invocation): Promise<CommandResult> {
  const { context, globals, output } = invocation;
  const { home } = globals;
  const deviceKey = (await invocation.load()).deviceKeyOf(home);
  const file = serviceFile(context, home);
  context.machine.writeFile(file.path, file.content);
  output.sum(`wrote ${output.name(file.path)}`);
  const running = await invocation.findDaemon();
  running?.close();
  const unit = `${file.name}.service`;
  const steps = [['daemon-reload'], ['enable', unit]];
  if (running === undefined) steps.push(['start', unit]);
  const taken = await systemctl(invocation, file, steps);
  if (taken !== 'done') output.hint(`now run: ${file.take}`);
  else if (running === undefined) output.sum(`the service ${file.name} is enabled and runs`);
  else {
    output.sum(`the service ${file.name} is enabled`);
    output.hint(`a daemon runs already: vault stop && systemctl --user start ${file.name}`);
  }
  output.sum(
    deviceKey === null
      ? 'no device key is in the home: when the daemon starts it waits locked, until a command supplies the passphrase'
      : `the device key opens the home when the daemon starts: ${output.name(deviceKey)}`,
  );
  const { manager, name, path } = file;
  const enabled = taken === 'done';
  return {
    summary: {
      manager,
      name,
      file: path,
      enabled,
      opensWith: deviceKey && 'device-key',
      deviceKey,
    },
    exits: [taken === 'failed' ? 3 : 0],
  };
}

async function uninstall(invocation: Invocation): Promise<CommandResult> {
  const { context, globals, output } = invocation;
  const file = serviceFile(context, globals.home);
  const { manager, name, path } = file;
  if (!context.machine.isFile(path)) {
    output.sum('no service was installed');
    return { summary: { manager, name, file: path, removed: false } };
  }
  const before = await systemctl(invocation, file, [['disable', '--now', `${name}.service`]]);
  context.machine.removeFile(path);
  const after = await systemctl(invocation, file, [['daemon-reload']]);
  output.sum(`removed ${output.name(path)}`);
  if (manager !== 'systemd') output.hint(`now run: ${file.letGo}`);
  const isFailed = before === 'failed' || after === 'failed';
  return {
    summary: { manager, name, file: path, removed: true },
    exits: [isFailed ? 3 : 0],
  };
}

/** Has systemd do it, step by step; `absent` where that is not the service manager, or cannot be called. */
async function systemctl(
  { context, output, signal }: Invocation,
  { manager }: ServiceFile,
  steps: readonly (readonly string[])[],
): Promise<'done' | 'absent' | 'failed'> {
  if (manager !== 'systemd') return 'absent';
  for (const step of steps) {
    const words = ['systemctl', '--user', ...step];
    try {
      const { code } = await context.machine.capture(words, 1024, signal);
      if (code === 0) continue;
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      return 'absent';
    }
    signal.throwIfAborted();
    output.warning(`${words.join(' ')} failed`);
    return 'failed';
  }
  return 'done';
}
