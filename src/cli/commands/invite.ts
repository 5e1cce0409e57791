/** `vault invite`: the line that another machine joins a folder with. */

import type { InviteOptions } from '../../operations/member-options.ts';
import type { CommandDefinition, CommandResult } from '../definition.ts';
import type { Invocation } from '../invocation.ts';
import { fieldText } from '../item-text.ts';
import { tableLines } from '../table.ts';
import { formatTime, shortId } from '../units.ts';
import { usageError } from '../usage-error.ts';

const roles: readonly NonNullable<InviteOptions['role']>[] = ['read', 'write', 'manage'];

export const inviteCommand: CommandDefinition = {
  name: 'invite',
  group: 'Other nodes',
  summary: 'make a line that another machine joins a folder with, list them, take them back',
  details: [
    'The line is a secret: whoever has it first can join with its role, without a further question. It is good for one machine, until it expires. Paste it there: vault join LINE.',
    'This machine has to be online while the other one joins: with vault start, or with vault daemon in the foreground. Without --address the line names the addresses of this machine and the port of its settings; from outside its network give one that leads here.',
    'What became of each invite is told for 30 days after it expired by --list; --revoke takes one back by its id. Who joined with it stays a member.',
  ],
  positionals: [
    {
      name: 'FOLDER',
      doc: 'a name, an id or its unique prefix, or a path inside a working copy',
    },
  ],
  options: [
    {
      name: 'role',
      type: 'text',
      value: 'ROLE',
      choices: roles,
      doc: 'what the other machine may do: read, write or manage (default: write)',
    },
    {
      name: 'expires',
      type: 'duration',
      value: 'DUR',
      doc: 'how long it is good for (default: 24h)',
    },
    {
      name: 'address',
      type: 'text',
      value: 'A',
      list: true,
      doc: 'where the other machine reaches this one: host:port, or the URL of a proxy',
    },
    { name: 'list', type: 'flag', doc: 'list the invites that were made here' },
    { name: 'revoke', type: 'text', value: 'ID', doc: 'take an invite back' },
  ],
  run: (invocation) => {
    const { given } = invocation;
    const isMaking = ['role', 'expires', 'address'].some((name) => given.has(name));
    if (given.flag('list')) {
      if (isMaking || given.has('revoke')) throw usageError('--list stands alone with a FOLDER');
      return list(invocation);
    }
    const id = given.text('revoke');
    if (id === undefined) return make(invocation);
    if (isMaking || given.words.length > 0) throw usageError('--revoke ID stands alone');
    return revoke(invocation, id);
  },
};

async function make(invocation: Invocation): Promise<CommandResult> {
  const { given, output } = invocation;
  const folder = invocation.folder();
  const role = roles.find((one) => one === given.text('role'));
  const expiresMs = given.number('expires');
  const result = await invocation.withVault((vault) =>
    vault.invite(
      {
        folder,
        ...(role === undefined ? {} : { role }),
        ...(expiresMs === undefined ? {} : { expiresMs }),
        ...(given.has('address') ? { addresses: given.list('address') } : {}),
      },
      invocation.operation(),
    ),
  );
  output.print(result.invite);
  output.hint('on the other machine: vault join, followed by this line');
  return { summary: { ...result } };
}

async function list(invocation: Invocation): Promise<CommandResult> {
  const { output } = invocation;
  const [folder] = invocation.folders();
  const rows: string[][] = [];
  const context = invocation.operation((item) => {
    const name = fieldText(item, 'name');
    rows.push([
      shortId(fieldText(item, 'id')),
      name === '' ? shortId(fieldText(item, 'folder')) : output.name(name),
      fieldText(item, 'role'),
      fieldText(item, 'state'),
      `until ${formatTime(fieldText(item, 'expires'))}`,
    ]);
  });
  const result = await invocation.withVault((vault) =>
    vault.inviteList(folder === undefined ? {} : { folder }, context),
  );
  for (const line of tableLines(rows)) output.print(line);
  return { summary: { ...result } };
}

async function revoke(invocation: Invocation, id: string): Promise<CommandResult> {
  const { output } = invocation;
  const result = await invocation.withVault((vault) =>
    vault.inviteRevoke({ id }, invocation.operation()),
  );
  const short = shortId(result.id);
  if (result.state === 'revoked') output.sum(`invite ${short} is good for nobody any more`);
  else output.warning(`somebody joined with invite ${short} already: see vault member`);
  return { summary: { ...result } };
}
