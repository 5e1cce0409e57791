/** `vault ls`: what a folder held. */

import type { CommandDefinition } from '../definition.ts';
import { entryLine } from '../entry-text.ts';
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
      if (!output.isJson) output.print(entryLine(item, output, isLong));
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
