/** `vault status`: what is open. */

import type { CommandDefinition } from '../definition.ts';
import { folderState, problemLines } from '../folder-text.ts';
import type { Item } from '../../operations/operation.ts';
import { fieldNumber, fieldText } from '../item-text.ts';
import { peerRow } from './peer.ts';
import type { Output } from '../output.ts';
import { tableLines } from '../table.ts';
import { count, formatBytes } from '../units.ts';

export const statusCommand: CommandDefinition = {
  name: 'status',
  heavy: true,
  group: 'Folders',
  summary: 'say what is open: changes without a snapshot, conflicts, problems',
  positionals: [{ name: 'FOLDER', list: true, doc: 'only these folders (default: all)' }],
  options: [
    { name: 'check', type: 'flag', doc: 'exit with 3 where something is open' },
    { name: 'ignored', type: 'flag', doc: 'list what is left out of the folder, and why' },
  ],
  onlyPrints: true,
  async run(invocation) {
    const { output, given } = invocation;
    const rows: { readonly cells: string[]; readonly below: string[] }[] = [];
    const ignored: string[][] = [];
    const peers: string[][] = [];
    const context = invocation.operation((item) => {
      if (item.type === 'ignored') ignored.push(ignoredCells(item, output));
      if (item.type === 'peer') peers.push(peerRow(item, output));
      if (item.type !== 'folder') return;
      const path = fieldText(item, 'path');
      const cells = [fieldText(item, 'name'), path === '' ? '-' : path].map((text) =>
        output.name(text),
      );
      const below = [...problemLines(item, output), ...tableLines(ignored.splice(0))];
      rows.push({ cells: [...cells, folderState(item)], below });
    });
    const folders = invocation.folders();
    const result = await invocation.withVault((vault) =>
      vault.status({ folders, ...(given.flag('ignored') ? { ignored: true } : {}) }, context),
    );
    for (const [index, line] of tableLines(rows.map((row) => row.cells)).entries()) {
      output.print(line);
      for (const below of rows[index]?.below ?? []) output.print(below);
    }
    for (const line of tableLines(peers)) output.print(line);
    if (result.folders === 0) output.hint('there is no folder yet: vault folder add PATH');
    else if (result.pending > 0) output.hint(`${count(result.pending, 'change')}: vault snapshot`);
    if (result.conflicts > 0) {
      output.hint(`${count(result.conflicts, 'conflict')}: vault conflicts -f FOLDER`);
    }
    return { summary: { ...result }, exits: [given.flag('check') && result.open ? 3 : 0] };
  },
};

/** `    build/  /build/ in src/.vaultignore, line 3`. */
function ignoredCells(item: Item, output: Output): string[] {
  const path = output.name(fieldText(item, 'path'));
  return [`    ${path}${item['kind'] === 'directory' ? '/' : ''}`, reason(item, output)];
}

function reason(item: Item, output: Output): string {
  const [pattern, file, tag] = ['pattern', 'file', 'tag'].map((field) =>
    output.name(fieldText(item, field)),
  );
  switch (item['by']) {
    case 'pattern':
      return file === ''
        ? `${pattern} of --exclude`
        : `${pattern} in ${file}, line ${fieldNumber(item, 'line')}`;
    case 'tag':
      return `${tag} lies beside it`;
    case 'size':
      return `larger than is kept: ${formatBytes(fieldNumber(item, 'size'))}`;
    default:
      return 'on another file system';
  }
}
