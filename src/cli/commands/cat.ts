/** `vault cat`: the content of a file. */

import type { CommandDefinition } from '../definition.ts';
import { atOption, fetchOption } from '../shared-options.ts';

export const catCommand: CommandDefinition = {
  name: 'cat',
  group: 'History',
  summary: 'print the content of a file, now or at an earlier time',
  details: ['Every piece is verified before it is printed.'],
  positionals: [{ name: 'PATH', required: true, doc: 'the file' }],
  options: [atOption, fetchOption],
  json: false,
  onlyPrints: true,
  async run(invocation) {
    const { given, output } = invocation;
    const at = given.text('at');
    const write = (piece: Uint8Array): Promise<void> => {
      output.content(piece);
      return Promise.resolve();
    };
    const result = await invocation.withVault((vault) =>
      vault.cat(
        {
          ...invocation.selection(),
          ...(at === undefined ? {} : { at }),
          ...(given.flag('fetch') ? { fetch: true } : {}),
        },
        write,
        invocation.operation(),
      ),
    );
    return { summary: { ...result } };
  },
};
