/** `vault config …`: the settings of this home. */

import type { CommandDefinition } from '../definition.ts';
import { fieldText } from '../item-text.ts';
import { tableLines } from '../table.ts';

export const configGetCommand: CommandDefinition = {
  name: 'config get',
  group: 'Start',
  summary: 'print the value of a setting',
  positionals: [{ name: 'KEY', required: true, doc: 'its name, as shown by config list' }],
  options: [],
  onlyPrints: true,
  async run(invocation) {
    const key = invocation.given.words[0] ?? '';
    const setting = await invocation.withVault((vault) => vault.configGet(key));
    invocation.output.print(invocation.output.name(setting.value));
    return { summary: { ...setting } };
  },
};

export const configSetCommand: CommandDefinition = {
  name: 'config set',
  group: 'Start',
  summary: 'change a setting; the value is checked',
  positionals: [
    { name: 'KEY', required: true, doc: 'its name, as shown by config list' },
    { name: 'VALUE', required: true, doc: 'the new value' },
  ],
  options: [],
  async run(invocation) {
    const [key = '', value = ''] = invocation.given.words;
    const setting = await invocation.withVault((vault) => vault.configSet(key, value));
    const { output } = invocation;
    output.sum(`${setting.key} is now ${output.name(setting.value)}`);
    return { summary: { ...setting } };
  },
};

export const configListCommand: CommandDefinition = {
  name: 'config list',
  group: 'Start',
  summary: 'list all settings with their values',
  positionals: [],
  options: [],
  onlyPrints: true,
  async run(invocation) {
    const { output } = invocation;
    const rows: string[][] = [];
    const context = invocation.operation((item) => {
      const origin =
        fieldText(item, 'origin') === 'default' ? output.style('dim', '(default)') : '';
      rows.push([fieldText(item, 'key'), output.name(fieldText(item, 'value')), origin]);
    });
    const result = await invocation.withVault((vault) => vault.configList(context));
    for (const line of tableLines(rows)) output.print(line);
    return { summary: { ...result } };
  },
};
