/** `vault peer …`, `vault deny` and `vault allow`: other nodes, and where they are. */

import type { Item } from '../../operations/operation.ts';
import type { CommandDefinition } from '../definition.ts';
import type { Invocation } from '../invocation.ts';
import { fieldText, fieldTexts } from '../item-text.ts';
import type { Output } from '../output.ts';
import { tableLines } from '../table.ts';
import { formatTime, shortId } from '../units.ts';

const nodeArgument = {
  name: 'NODE',
  required: true,
  doc: 'its name, its id, or a unique beginning of that, as peer list shows it',
} as const;
const folderArgument = { name: 'FOLDER', doc: 'in this folder only (default: in all)' } as const;

export const peerListCommand: CommandDefinition = {
  name: 'peer list',
  group: 'Other nodes',
  summary: 'list the nodes that folders are shared with',
  positionals: [],
  options: [],
  onlyPrints: true,
  async run(invocation) {
    const { output } = invocation;
    const rows: string[][] = [];
    const context = invocation.operation((item) => rows.push(peerRow(item, output)));
    const result = await invocation.withVault((vault) => vault.peerList(context));
    for (const line of tableLines(rows)) output.print(line);
    for (const address of result.addresses) output.print(`anybody at ${output.name(address)}`);
    if (result.peers === 0) output.hint('no folder is shared with another node yet');
    return { summary: { ...result } };
  },
};

/** A node in a row: its name, its id, how it is doing, where it is. */
export function peerRow(item: Item, output: Output): string[] {
  const name = fieldText(item, 'name');
  const addresses = fieldTexts(item, 'addresses').map((address) => output.name(address));
  return [
    name === '' ? '-' : output.name(name),
    shortId(fieldText(item, 'node')),
    peerStanding(item, output),
    addresses.join(' '),
  ];
}

function peerStanding(item: Item, output: Output): string {
  const seen = fieldText(item, 'lastSeen');
  const trouble = fieldText(item, 'trouble');
  const parts = [
    item['connected'] === true
      ? 'connected'
      : seen === ''
        ? 'never seen'
        : `last seen ${formatTime(seen)}`,
    item['denied'] === true ? 'denied' : '',
    fieldTexts(item, 'deniedIn').length > 0 ? 'denied in a folder' : '',
    trouble === '' ? '' : output.name(trouble),
  ];
  return parts.filter((part) => part !== '').join(', ');
}

export const peerAddCommand: CommandDefinition = {
  name: 'peer add',
  group: 'Other nodes',
  summary: 'say where another node can be reached',
  positionals: [
    {
      name: 'ADDRESS',
      required: true,
      doc: 'HOST:PORT, [IPV6]:PORT, or the ws:// or wss:// URL of a proxy',
    },
  ],
  options: [
    {
      name: 'node',
      type: 'text',
      value: 'NODE',
      doc: 'whose it is (default: any peer is looked for there)',
    },
  ],
  async run(invocation) {
    const address = invocation.given.words[0] ?? '';
    const node = invocation.given.text('node');
    const options = { address, ...(node === undefined ? {} : { node }) };
    const { output } = invocation;
    const result = await invocation.withVault((vault) =>
      vault.peerAdd(options, invocation.operation()),
    );
    output.sum(`${output.name(address)} ${result.changed ? 'is' : 'was'} known`);
    return { summary: { ...result } };
  },
};

export const peerRemoveCommand: CommandDefinition = {
  name: 'peer remove',
  group: 'Other nodes',
  summary: 'forget an address that was given by hand',
  positionals: [{ name: 'ADDRESS', required: true, doc: 'as it was given' }],
  options: [],
  async run(invocation) {
    const address = invocation.given.words[0] ?? '';
    const { output } = invocation;
    const result = await invocation.withVault((vault) =>
      vault.peerRemove({ address }, invocation.operation()),
    );
    output.sum(`${output.name(address)} is forgotten`);
    return { summary: { ...result } };
  },
};

export const denyCommand: CommandDefinition = {
  name: 'deny',
  group: 'Other nodes',
  summary: 'lock a node out here, whatever the members of a folder agree on',
  details: [
    'Nothing of the node is taken and nothing told to it from now on; to it, this is as if it had never been a member. Nobody else is told. What it wrote before stays. Members that do not deny it may still pass on to it what is written here: to keep that from it, remove it from the folder.',
  ],
  positionals: [nodeArgument, folderArgument],
  options: [],
  run: (invocation) => setDenied(invocation, true),
};

export const allowCommand: CommandDefinition = {
  name: 'allow',
  group: 'Other nodes',
  summary: 'let a node in again that was denied here',
  positionals: [nodeArgument, folderArgument],
  options: [],
  run: (invocation) => setDenied(invocation, false),
};

async function setDenied(
  invocation: Invocation,
  isDenied: boolean,
): Promise<{ readonly summary: Readonly<Record<string, unknown>> }> {
  const { output, given, globals } = invocation;
  const [node = '', word] = given.words;
  const folder = word ?? globals.folder?.text;
  const options = {
    node,
    ...(folder === undefined ? {} : { folder: invocation.folderArgument(folder) }),
  };
  const context = invocation.operation();
  const result = await invocation.withVault((vault) =>
    isDenied ? vault.deny(options, context) : vault.allow(options, context),
  );
  const named = output.name(result.name ?? shortId(result.node));
  const state = isDenied ? 'denied' : 'not denied';
  output.sum(`${named} ${result.changed ? 'is now' : 'was already'} ${state}`);
  return { summary: { ...result } };
}
