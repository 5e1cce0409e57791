/** `vault doctor`: what of this machine vault will stumble over, and what to do about it. */

import type { Item } from '../../operations/operation.ts';
import type { CommandDefinition } from '../definition.ts';
import { fieldText } from '../item-text.ts';
import type { Output } from '../output.ts';
import type { StyleName } from '../style.ts';
import { count } from '../units.ts';

export const doctorCommand: CommandDefinition = {
  name: 'doctor',
  group: 'Start',
  summary: 'look for what of this machine vault will stumble over, and say what to do',
  details: [
    'Checks Node, limits of open files and watches, the port, the clock, and of the home and each working copy the free space and what the file system can do, by trying in a temporary directory there. It works without a home, and asks for no passphrase: working copies are looked at where the device key or a given passphrase opens the home.',
    'The exit code is 3 where there is a problem; warnings alone leave it 0. With --quiet only warnings and problems are listed.',
  ],
  positionals: [],
  options: [],
  onlyPrints: true,
  async run(invocation) {
    const { globals, output } = invocation;
    const module = await invocation.load();
    let path = '';
    const context = invocation.operation((item) => {
      if (globals.quiet && item['status'] === 'ok') return;
      const place = fieldText(item, 'path');
      if (place !== path && place !== '') output.print(`${output.name(place)}:`);
      path = place;
      for (const line of checkLines(item, output)) output.print(line);
    });
    const { home, waitLockMs } = globals;
    const secret = await invocation.givenSecret(module);
    const result = await module.examine({ home, waitLockMs, secret }, context);
    const { warnings, problems } = result;
    output.sum(`${count(problems, 'problem')}, ${count(warnings, 'warning')}`);
    return { summary: { ...result }, exits: [problems > 0 ? 3 : 0] };
  },
};

const styles: Readonly<Record<string, StyleName>> = {
  ok: 'green',
  warning: 'yellow',
  problem: 'red',
};

function checkLines(item: Item, output: Output): string[] {
  const status = fieldText(item, 'status');
  const remedy = fieldText(item, 'remedy');
  const indent = fieldText(item, 'path') === '' ? '' : '  ';
  const label = output.style(styles[status] ?? 'dim', status.padEnd(7));
  const name = fieldText(item, 'name').padEnd(15);
  const line = `${indent}${label}  ${name}  ${output.name(fieldText(item, 'message'))}`;
  return remedy === ''
    ? [line]
    : [line, `${indent}         ${' '.repeat(17)}${output.name(remedy)}`];
}
