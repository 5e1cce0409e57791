/** `vault stats`: how much there is of what. */

import type { Item } from '../../operations/operation.ts';
import type { CommandDefinition } from '../definition.ts';
import { FolderResults } from '../folder-results.ts';
import { fieldNumber, fieldText } from '../item-text.ts';
import type { Output } from '../output.ts';
import { tableLines } from '../table.ts';
import { count, formatBytes } from '../units.ts';

export const statsCommand: CommandDefinition = {
  name: 'stats',
  group: 'Folders',
  summary: 'say what folders and their history hold, and what they take on disk',
  details: ['Goes through the history once, without reading any content.'],
  positionals: [
    { name: 'FOLDER', list: true, doc: 'these folders (default: the one around here)' },
  ],
  options: [],
  onlyPrints: true,
  async run(invocation) {
    const { context, output } = invocation;
    const results = new FolderResults(output, (item) => {
      for (const line of folderLines(item, output)) output.print(line);
    });
    const result = await invocation.withVault((vault) =>
      vault.stats(
        { folders: invocation.folders(), cwd: context.cwd },
        invocation.operation((item) => results.take(item)),
      ),
    );
    const reserve = result.reserveWhole ? '' : ', less than it should be';
    output.print(
      `home: ${formatBytes(result.homeBytes)}, of which ${formatBytes(result.reserveBytes)} kept for a full disk${reserve}`,
    );
    return { summary: { ...result }, exits: [...results.exits(), result.damaged > 0 ? 22 : 0] };
  },
};

function folderLines(item: Item, output: Output): string[] {
  const number = (name: string): number => fieldNumber(item, name);
  const bytes = (name: string): string => formatBytes(number(name));
  const files = count(number('files'), 'file');
  const dirs = count(number('dirs'), 'directory', 'directories');
  const rows = [
    ['now', `${files}, ${dirs}, ${bytes('bytes')}`],
    [
      'history',
      `${count(number('versions'), 'version')}, ${count(number('snapshots'), 'snapshot')}`,
    ],
    ['contents', `${count(number('contents'), 'content')}, ${bytes('plainBytes')}`],
    ['stored', `${count(number('chunks'), 'chunk')}, ${bytes('storedBytes')}`],
    [
      'on disk',
      `${bytes('chunksBytes')} of values, ${bytes('metaBytes')} of index, ${count(number('tables'), 'table')}`,
    ],
  ];
  const name = output.style('bold', output.name(fieldText(item, 'name')));
  return [name, ...tableLines(rows).map((line) => `  ${line}`)];
}
