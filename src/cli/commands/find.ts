/** `vault find`: where a name is, or was. */

import type { CommandDefinition } from '../definition.ts';
import { entryLine } from '../entry-text.ts';
import { atOption } from '../shared-options.ts';
import { usageError } from '../usage-error.ts';

export const findCommand: CommandDefinition = {
  name: 'find',
  group: 'History',
  summary: 'find names in a folder, now, at an earlier time, or that are gone',
  details: [
    'PATTERN is a name at any depth or, with a slash in it, a path from the root of the folder; *, ? and [a-z] stand for characters of a name, ** for any number of directories. Quote it, so that the shell leaves it alone.',
    'With --all, names that are no longer there are listed too, each with the version to get it back from: vault restore PATH --at VERSION --to DIR.',
  ],
  positionals: [{ name: 'PATTERN', required: true, doc: "what to look for: plan.md, '*.odt'" }],
  options: [
    atOption,
    { name: 'all', short: 'a', type: 'flag', doc: 'also names that are no longer there' },
    {
      name: 'ignore-case',
      short: 'i',
      type: 'flag',
      doc: 'capital and small letters are the same',
    },
    { name: 'long', short: 'l', type: 'flag', doc: 'with size, time and kind' },
  ],
  onlyPrints: true,
  async run(invocation) {
    const { given, output } = invocation;
    const { folder, paths, cwd } = invocation.selection();
    const [pattern] = paths;
    if (pattern === undefined) throw usageError('what is to be found?');
    const isLong = given.flag('long');
    const at = given.text('at');
    const context = invocation.operation((item) => {
      if (!output.isJson) output.print(entryLine(item, output, isLong));
    });
    const result = await invocation.withVault((vault) =>
      vault.find(
        {
          ...(folder === undefined ? {} : { folder }),
          cwd,
          pattern,
          ...(at === undefined ? {} : { at }),
          ...(given.flag('all') ? { all: true } : {}),
          ...(given.flag('ignore-case') ? { ignoreCase: true } : {}),
        },
        context,
      ),
    );
    if (result.entries === 0 && !given.flag('all')) {
      output.hint(
        'nothing of that name is there; with --all, names that are gone are looked at too',
      );
    }
    return { summary: { ...result }, exits: [result.damaged > 0 ? 22 : 0] };
  },
};
