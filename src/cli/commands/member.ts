/** `vault member …`: who belongs to a folder. */

import type { MemberRoleOptions } from '../../operations/member-options.ts';
import type { CommandDefinition } from '../definition.ts';
import type { Invocation } from '../invocation.ts';
import { fieldNumber, fieldText } from '../item-text.ts';
import { tableLines } from '../table.ts';
import { count, formatTime, shortId } from '../units.ts';
import { usageError } from '../usage-error.ts';

const roles: readonly MemberRoleOptions['role'][] = ['read', 'write', 'manage'];

const folderPositional = {
  name: 'FOLDER',
  required: true,
  doc: 'a name, an id or its unique prefix, or a path inside a working copy',
} as const;

const nodePositional = {
  name: 'NODE',
  required: true,
  doc: 'a name, or an id or its unique prefix, as shown by member list',
} as const;

export const memberListCommand: CommandDefinition = {
  name: 'member list',
  group: 'Other nodes',
  summary: 'list who belongs to a folder, with roles, and who did',
  positionals: [{ ...folderPositional, required: false }],
  options: [],
  onlyPrints: true,
  async run(invocation) {
    const { output } = invocation;
    const folder = invocation.folder();
    const rows: string[][] = [];
    const context = invocation.operation((item) => {
      const name = fieldText(item, 'name');
      const by = fieldText(item, 'byName');
      const changed = fieldText(item, 'changed');
      const seen = fieldText(item, 'lastSeen');
      rows.push([
        name === '' ? '-' : output.name(name),
        shortId(fieldText(item, 'node')),
        fieldText(item, 'role') || 'removed',
        [
          changed === '' ? '' : `since ${formatTime(changed)}`,
          by === '' ? '' : `by ${output.name(by)}`,
        ]
          .filter(Boolean)
          .join(' '),
        count(fieldNumber(item, 'entries'), 'entry', 'entries'),
        item['self'] === true ? 'this machine' : seen === '' ? '' : `seen ${formatTime(seen)}`,
        item['denied'] === true ? 'denied here' : '',
      ]);
    });
    const result = await invocation.withVault((vault) => vault.memberList({ folder }, context));
    for (const line of tableLines(rows)) output.print(line);
    return { summary: { ...result } };
  },
};

export const memberRemoveCommand: CommandDefinition = {
  name: 'member remove',
  group: 'Other nodes',
  summary: 'take a machine out of a folder, or leave it',
  details: [
    'Asks on a terminal; elsewhere --yes is needed, or it is refused (exit 23). A manager removes others; everybody may leave; the last manager cannot go.',
    'The machine keeps what it has: nothing is deleted there, and what was written before it was removed can still be read by it. New content is sealed under a secret that it does not get. What it writes from then on is set aside by everybody else. A member that has not heard of it yet still shares with it until it does.',
  ],
  positionals: [folderPositional, nodePositional],
  options: [
    { name: 'dry-run', short: 'n', type: 'flag', doc: 'say who would be removed and do nothing' },
  ],
  async run(invocation) {
    const { given, globals, output } = invocation;
    const [folder, node] = folderAndNode(invocation);
    const isDry = given.flag('dry-run');
    const result = await invocation.withVault((vault) =>
      vault.memberRemove(
        { folder, node, ...(globals.yes ? { yes: true } : {}), ...(isDry ? { dryRun: true } : {}) },
        invocation.operation(),
      ),
    );
    const who = output.name(result.nodeName ?? shortId(result.node));
    const name = output.name(result.name);
    if (isDry) output.print(`would remove ${who} from ${name}`);
    else output.sum(`removed ${who} from ${name}`);
    return { summary: { ...result, ...(isDry ? { dryRun: true } : {}) } };
  },
};

export const memberRoleCommand: CommandDefinition = {
  name: 'member role',
  group: 'Other nodes',
  summary: 'give a member another role: read, write or manage',
  details: [
    'What a member wrote before it may only read stays. What it edits after that stays on its machine, and no other shows it; once it may write again its next edits count. A folder has one manager at least.',
  ],
  positionals: [
    folderPositional,
    nodePositional,
    { name: 'ROLE', required: true, choices: roles, doc: 'read, write or manage' },
  ],
  options: [],
  async run(invocation) {
    const { given, output } = invocation;
    const [folder, node] = folderAndNode(invocation);
    const role = roles.find((one) => one === given.words[2]);
    if (role === undefined) throw usageError(`a role is needed: ${roles.join(', ')}`);
    const result = await invocation.withVault((vault) =>
      vault.memberRole({ folder, node, role }, invocation.operation()),
    );
    const who = output.name(result.nodeName ?? shortId(result.node));
    const how = result.changed ? 'has' : 'had already';
    output.sum(`${who} ${how} the role ${role} in ${output.name(result.name)}`);
    return { summary: { ...result } };
  },
};

function folderAndNode(invocation: Invocation): readonly [string, string] {
  const [folder = '', node = ''] = invocation.given.words;
  return [invocation.folderArgument(folder), node];
}
