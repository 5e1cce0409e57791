/** `vault status`: what is open. */

import type { CommandDefinition } from '../definition.ts';
import { folderState, problemLines } from '../folder-text.ts';
import { fieldText } from '../item-text.ts';
import { tableLines } from '../table.ts';
import { count } from '../units.ts';

export const statusCommand: CommandDefinition = {
  name: 'status',
  group: 'Folders',
  summary: 'say what is open: changes without a snapshot, conflicts, problems',
  positionals: [{ name: 'FOLDER', list: true, doc: 'only these folders (default: all)' }],
  options: [{ name: 'check', type: 'flag', doc: 'exit with 3 where something is open' }],
  onlyPrints: true,
  async run(invocation) {
    const { output, given } = invocation;
    const rows: { readonly cells: string[]; readonly below: string[] }[] = [];
    const context = invocation.operation((item) => {
      if (item.type !== 'folder') return;
      const path = fieldText(item, 'path');
      const cells = [fieldText(item, 'name'), path === '' ? '-' : path].map((text) =>
        output.name(text),
      );
      rows.push({ cells: [...cells, folderState(item)], below: problemLines(item, output) });
    });
    const folders = invocation.folders();
    const result = await invocation.withVault((vault) => vault.status({ folders }, context));
    for (const [index, line] of tableLines(rows.map((row) => row.cells)).entries()) {
      output.print(line);
      for (const below of rows[index]?.below ?? []) output.print(below);
    }
    if (result.folders === 0) output.hint('there is no folder yet: vault folder add PATH');
    else if (result.pending > 0) output.hint(`${count(result.pending, 'change')}: vault snapshot`);
    return { summary: { ...result }, exits: [given.flag('check') && result.open ? 3 : 0] };
  },
};
