/** `vault join`: a folder of another machine comes here. */

import type { CliContext } from '../context.ts';
import type { CommandDefinition } from '../definition.ts';
import { usageError } from '../usage-error.ts';

export const joinCommand: CommandDefinition = {
  name: 'join',
  group: 'Other nodes',
  summary: 'join a folder of another machine, with the line that its vault invite printed',
  details: [
    'Returns once this machine is a member; the content follows while it is online, or with vault sync. A join that was cut short is done by running it again with the same line, which nobody else can use any more.',
    'Without PATH the working copy is a new directory of the folder’s name, here. A PATH may hold files already: they become part of the folder, and what is the same in both is not sent. With - the line is read from standard input, so that no other user of this machine sees it.',
  ],
  positionals: [
    { name: 'INVITE', required: true, doc: 'the line; - reads it from standard input' },
    { name: 'PATH', doc: 'where the working copy is to lie' },
  ],
  options: [
    { name: 'name', type: 'text', value: 'N', doc: 'what the folder is called here' },
    { name: 'stored-only', type: 'flag', doc: 'keep the folder without a working copy' },
    { name: 'wait', type: 'flag', doc: 'return once the content is here too' },
  ],
  async run(invocation) {
    const { given, context, output } = invocation;
    const [word = '', path] = given.words;
    const isStoredOnly = given.flag('stored-only');
    if (isStoredOnly && path !== undefined) {
      throw usageError('--stored-only and a PATH: it has no working copy');
    }
    const invite = word === '-' ? await lineOfInput(context) : word;
    const name = given.text('name');
    const isWaiting = given.flag('wait');
    const operation = invocation.operation();
    const [result, synced] = await invocation.withVault(async (vault) => {
      const joined = await vault.join(
        {
          invite,
          cwd: context.cwd,
          ...(path === undefined ? {} : { path: invocation.path(path) }),
          ...(name === undefined ? {} : { name }),
          ...(isStoredOnly ? { storedOnly: true } : {}),
        },
        operation,
      );
      if (!isWaiting) return [joined, undefined] as const;
      return [joined, await vault.sync({ folders: [joined.folder] }, operation)] as const;
    });
    const place = result.path === null ? '' : ` at ${output.name(result.path)}`;
    const what = result.known ? 'is a member of' : 'joined';
    output.sum(`${what} ${output.name(result.name)}${place}, to ${result.role}`);
    if (synced?.complete === false) output.warning('not everything has come: run vault sync');
    if (synced === undefined) output.hint('next: vault start, or vault sync');
    return {
      summary: { ...result, ...(synced === undefined ? {} : { complete: synced.complete }) },
      exits: [synced?.complete === false ? 3 : 0],
    };
  },
};

/** More than any invite has. */
const MAX_LINE_BYTES = 64 * 1024;

async function lineOfInput({ machine }: Pick<CliContext, 'machine'>): Promise<string> {
  const bytes = await machine.readFirstLine('-', MAX_LINE_BYTES);
  return Buffer.from(bytes).toString('utf8').trim();
}
