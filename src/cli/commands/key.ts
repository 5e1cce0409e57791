/** `vault key …`: the slots that open the home. */

import type { CommandDefinition, CommandResult, OptionDefinition } from '../definition.ts';
import { oneSource } from '../globals.ts';
import type { SecretSource } from '../globals.ts';
import type { Invocation } from '../invocation.ts';
import { fieldText } from '../item-text.ts';
import { tableLines } from '../table.ts';
import { formatTime } from '../units.ts';
import { usageError } from '../usage-error.ts';

const newPassphraseOptions: readonly OptionDefinition[] = [
  {
    name: 'new-passphrase-file',
    type: 'text',
    value: 'F',
    doc: 'take the new passphrase from the first line of this file',
  },
  {
    name: 'new-passphrase-command',
    type: 'text',
    value: 'CMD',
    doc: 'take the new passphrase from the first line this program prints',
  },
];

export const keyListCommand: CommandDefinition = {
  name: 'key list',
  group: 'Start',
  summary: 'list the slots that open the home',
  positionals: [],
  options: [],
  onlyPrints: true,
  async run(invocation) {
    const { output } = invocation;
    const rows: string[][] = [];
    const render = invocation.operation((item) => {
      const label = output.name(fieldText(item, 'label'));
      const created = formatTime(fieldText(item, 'created'));
      rows.push([fieldText(item, 'slot'), fieldText(item, 'kind'), created, label]);
    });
    const result = await invocation.withVault((vault) => vault.keyList(render));
    for (const line of tableLines(rows)) output.print(line);
    return { summary: { ...result } };
  },
};

export const keyAddCommand: CommandDefinition = {
  name: 'key add',
  group: 'Start',
  summary: 'add a slot: another passphrase, or a device key file',
  positionals: [],
  options: [
    {
      name: 'device-key',
      type: 'optional-text',
      value: 'FILE',
      doc: 'make a device key file, inside the home or at FILE, instead of a passphrase',
    },
    { name: 'label', type: 'text', value: 'TEXT', doc: 'what the slot is called in key list' },
    ...newPassphraseOptions,
  ],
  run: runAdd,
};

async function runAdd(invocation: Invocation): Promise<CommandResult> {
  const { given, output } = invocation;
  const label = given.text('label');
  const labelled = label === undefined ? {} : { label };
  const source = newSource(invocation);
  const isKey = given.has('device-key');
  if (isKey && source) throw usageError('--device-key and a new passphrase: one slot at a time');
  const module = await invocation.load();
  const result = await invocation.withVault(async (vault) => {
    const context = invocation.operation();
    if (!isKey) {
      const passphrase = await invocation.demandNewPassphrase(module, source);
      return vault.keyAdd({ kind: 'passphrase', passphrase, ...labelled }, context);
    }
    const file = given.text('device-key');
    const placed = file === undefined ? {} : { file: invocation.path(file) };
    return vault.keyAdd({ kind: 'device-key', ...placed, ...labelled }, context);
  });
  output.sum(`added slot ${result.slot}`);
  if (isKey && given.text('device-key') === undefined) {
    output.warning('the device key file lies beside the home: anyone with this disk can open it');
  }
  return { summary: { ...result } };
}

export const keyRemoveCommand: CommandDefinition = {
  name: 'key remove',
  group: 'Start',
  summary: 'remove a slot; the last one stays',
  positionals: [{ name: 'SLOT', required: true, doc: 'as shown by key list' }],
  options: [],
  async run(invocation) {
    const slot = invocation.given.words[0] ?? '';
    const result = await invocation.withVault((vault) =>
      vault.keyRemove({ slot }, invocation.operation()),
    );
    invocation.output.sum(`removed slot ${result.slot}`);
    return { summary: { ...result } };
  },
};

export const keyChangePassphraseCommand: CommandDefinition = {
  name: 'key change-passphrase',
  group: 'Start',
  summary: 'replace the passphrase',
  details: [
    'The old passphrase, or the recovery code, opens the home first; the new one is asked for twice.',
  ],
  positionals: [],
  options: newPassphraseOptions,
  async run(invocation) {
    const source = newSource(invocation);
    const module = await invocation.load();
    const result = await invocation.withVault(async (vault) => {
      const passphrase = await invocation.demandNewPassphrase(module, source);
      return vault.keyChangePassphrase({ passphrase }, invocation.operation());
    });
    invocation.output.sum('the passphrase is changed');
    return { summary: { ...result } };
  },
};

export const keyRecoveryCodeCommand: CommandDefinition = {
  name: 'key recovery-code',
  group: 'Start',
  summary: 'make a new recovery code; the old one stops working',
  positionals: [],
  options: [],
  async run(invocation) {
    const { output } = invocation;
    const result = await invocation.withVault((vault) =>
      vault.keyRecoveryCode(invocation.operation()),
    );
    output.print('New recovery code, shown only this once; the old one no longer works:');
    output.print('');
    output.print(`    ${output.style('bold', result.recoveryCode)}`);
    return { summary: { ...result } };
  },
};

function newSource(invocation: Invocation): SecretSource | undefined {
  const { given, context } = invocation;
  return oneSource(
    context.cwd,
    given.text('new-passphrase-file'),
    given.text('new-passphrase-command'),
    '--new-passphrase-file and --new-passphrase-command',
  );
}
