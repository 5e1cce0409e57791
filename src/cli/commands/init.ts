/** `vault init`: a home and an identity. */

import type { InitResult } from '../../operations/home-options.ts';
import type { CommandDefinition, CommandResult } from '../definition.ts';
import type { Invocation } from '../invocation.ts';
import type { Output } from '../output.ts';
import { usageError } from '../usage-error.ts';

export const initCommand: CommandDefinition = {
  name: 'init',
  group: 'Start',
  summary: 'create the home: the private directory of this node, with its identity',
  details: [
    'The passphrase comes from --passphrase-file, --passphrase-command or VAULT_PASSPHRASE, else it is asked for twice. The recovery code opens the home when the passphrase is lost; it is shown once, by this command.',
    'With --device-key a key file opens the home unattended. Beside the home it means that anyone with the disk can open it; keep it on another one, or use a passphrase, where that matters.',
  ],
  positionals: [],
  options: [
    {
      name: 'name',
      type: 'text',
      value: 'NODE',
      doc: 'the name of this node (default: the host’s)',
    },
    {
      name: 'device-key',
      type: 'optional-text',
      value: 'FILE',
      doc: 'make a device key file, inside the home or at FILE; a passphrase is then optional',
    },
  ],
  run: runInit,
};

async function runInit(invocation: Invocation): Promise<CommandResult> {
  const { given, globals, output } = invocation;
  const module = await invocation.load();
  const hasKey = given.has('device-key');
  const keyFile = given.text('device-key');
  const passphrase =
    hasKey && !globals.secretSource
      ? undefined
      : await invocation.newPassphrase(module, globals.secretSource);
  if (passphrase === undefined && !hasKey) {
    throw usageError(
      'a passphrase is needed, and there is nobody to ask',
      'give --passphrase-file, --passphrase-command, VAULT_PASSPHRASE or --device-key',
    );
  }
  const name = given.text('name');
  const made = await module.initHome({
    home: globals.home,
    ...(name === undefined ? {} : { name }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(hasKey ? { deviceKey: keyFile === undefined ? true : invocation.path(keyFile) } : {}),
  });
  printNewHome(output, made, keyFile === undefined);
  output.hint('next: vault folder add PATH');
  return { summary: { ...made } };
}

/** For people: that there is a home, and its recovery code. `isBeside`: a device key lies inside of it. */
export function printNewHome(output: Output, made: InitResult, isBeside: boolean): void {
  output.print(`created the home of ${output.name(made.name)}: ${output.name(made.home)}`);
  output.print('');
  output.print('Recovery code, shown only this once:');
  output.print('');
  output.print(`    ${output.style('bold', made.recoveryCode)}`);
  output.print('');
  output.print('Write it down and keep it away from this machine. It opens the home when the');
  output.print(
    'passphrase is lost, and so does it for whoever finds it. It cannot be shown again.',
  );
  if (made.deviceKey !== null) {
    output.warning(
      isBeside
        ? 'the device key file lies beside the home: anyone with this disk can open it'
        : 'whoever has the device key file and this home can open it',
      made.deviceKey,
    );
  }
}
