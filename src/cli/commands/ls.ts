/** `vault ls`: what a folder held. */

import type { CommandDefinition } from '../definition.ts';
import { fieldNumber, fieldText } from '../item-text.ts';
import type { Item } from '../../operations/api.ts';
import type { Output } from '../output.ts';
import { formatBytes, formatTime } from '../units.ts';
import { atOption } from '../shared-options.ts';

export const lsCommand: CommandDefinition = {
  name: 'ls',
  group: 'History',
  summary: 'list the files of a folder, now or at an earlier time',
  positionals: [{ name: 'PATH', list: true, doc: 'only this directory or file' }],
  options: [
    atOption,
    { name: 'recursive', short: 'R', type: 'flag', doc: 'descend into directories' },
    { name: 'long', short: 'l', type: 'flag', doc: 'with size, time and kind' },
  ],
  onlyPrints: true,
  async run(invocation) {
    const { given, output } = invocation;
    const isLong = given.flag('long');
    const at = given.text('at');
    const context = invocation.operation((item) => {
      if (!output.isJson) output.print(isLong ? longLine(item, output) : shortLine(item, output));
    });
    const result = await invocation.withVault((vault) =>
      vault.ls(
        {
          ...invocation.selection(),
          ...(at === undefined ? {} : { at }),
          ...(given.flag('recursive') ? { recursive: true } : {}),
        },
        context,
      ),
    );
    return { summary: { ...result }, exits: [result.damaged > 0 ? 22 : 0] };
  },
};

function shortLine(item: Item, output: Output): string {
  const path = output.name(fieldText(item, 'path'));
  return fieldText(item, 'kind') === 'directory' ? `${output.style('cyan', path)}/` : path;
}

function longLine(item: Item, output: Output): string {
  const kind = fieldText(item, 'kind');
  const letter = kind === 'directory' ? 'd' : kind === 'symlink' ? 'l' : '-';
  const mark = item['executable'] === true ? 'x' : '-';
  const size = kind === 'file' ? formatBytes(fieldNumber(item, 'size')) : '-';
  const time = formatTime(fieldText(item, 'modified')) || '-';
  const target = fieldText(item, 'target');
  const arrow = target === '' ? '' : ` -> ${output.name(target)}`;
  return `${letter}${mark}  ${size.padStart(9)}  ${time.padEnd(19)}  ${shortLine(item, output)}${arrow}`;
}
