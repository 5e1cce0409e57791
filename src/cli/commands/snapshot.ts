/** `vault snapshot` and `vault snapshots`. */

import type { CommandDefinition } from '../definition.ts';
import { fieldNumber, fieldText, fieldTexts } from '../item-text.ts';
import type { Item } from '../../operations/api.ts';
import type { Output } from '../output.ts';
import { FolderResults } from '../folder-results.ts';
import { tableLines } from '../table.ts';
import { count, formatBytes, formatSeconds, formatTime, shortId } from '../units.ts';

export const snapshotCommand: CommandDefinition = {
  name: 'snapshot',
  group: 'History',
  summary: 'keep the state of folders as it is now',
  details: [
    'Changed files are read, cut into chunks, sealed and stored; what is stored already is not stored again. Where files could not be read the snapshot is taken without them and the exit code is 3.',
  ],
  positionals: [{ name: 'FOLDER', list: true, doc: 'these folders (default: all)' }],
  options: [
    { name: 'message', short: 'm', type: 'text', value: 'MSG', doc: 'a message to keep with it' },
    { name: 'tag', type: 'text', value: 'T', list: true, doc: 'a tag to find it by' },
    { name: 'pin', type: 'flag', doc: 'no retention rule will drop it' },
    { name: 'skip-unchanged', type: 'flag', doc: 'take none where nothing changed' },
  ],
  async run(invocation) {
    const { given, globals, output } = invocation;
    const message = given.text('message');
    const results = new FolderResults(output, (item) => output.sum(snapshotSentence(item, output)));
    const folders = invocation.folders();
    const result = await invocation.withVault((vault) =>
      vault.snapshot(
        {
          folders,
          ...(message === undefined ? {} : { message }),
          ...(given.has('tag') ? { tags: given.list('tag') } : {}),
          ...(given.flag('pin') ? { pin: true } : {}),
          ...(given.flag('skip-unchanged') ? { skipUnchanged: true } : {}),
          ...(globals.yes ? { yes: true } : {}),
        },
        invocation.operation((item) => results.take(item)),
      ),
    );
    if (result.errors > 0) {
      output.warning(`${count(result.errors, 'source')} could not be read; the rest is kept`);
    }
    return { summary: { ...result }, exits: [...results.exits(), result.errors > 0 ? 3 : 0] };
  },
};

/** What a snapshot of one folder holds and cost. */
function snapshotSentence(item: Item, output: Output): string {
  const name = output.name(fieldText(item, 'name') || shortId(fieldText(item, 'folder')));
  const snapshot = fieldText(item, 'snapshot');
  if (snapshot === '') return `${name}: nothing changed, no snapshot taken`;
  const files = count(fieldNumber(item, 'files'), 'file');
  const changes = ['added', 'changed', 'removed'].map(
    (field) => `${fieldNumber(item, field).toLocaleString('en-US')} ${field}`,
  );
  const cost = `${formatBytes(fieldNumber(item, 'newBytes'))} new, ${formatBytes(fieldNumber(item, 'storedBytes'))} stored`;
  return `${name}: snapshot ${output.style('bold', shortId(snapshot))}, ${files}, ${formatBytes(fieldNumber(item, 'bytes'))}; ${changes.join(', ')}; ${cost}; ${formatSeconds(fieldNumber(item, 'seconds'))}`;
}

export const snapshotsCommand: CommandDefinition = {
  name: 'snapshots',
  group: 'History',
  summary: 'list the snapshots of a folder',
  positionals: [{ name: 'FOLDER', doc: 'a name, an id or its unique prefix, or a path' }],
  options: [],
  onlyPrints: true,
  async run(invocation) {
    const { output } = invocation;
    const rows: string[][] = [];
    const context = invocation.operation((item) => {
      if (item.type === 'snapshot' && !output.isJson) rows.push(snapshotRow(item, output));
    });
    const folders = invocation.folders();
    const result = await invocation.withVault((vault) => vault.snapshots({ folders }, context));
    for (const line of tableLines(rows)) output.print(line);
    if (result.snapshots === 0 && result.damaged === 0) {
      output.hint('there is no snapshot yet: vault snapshot');
    }
    return { summary: { ...result }, exits: [result.damaged > 0 ? 22 : 0] };
  },
};

function snapshotRow(item: Item, output: Output): string[] {
  const marks = fieldTexts(item, 'tags').map((tag) => `[${output.name(tag)}]`);
  if (item['pinned'] === true) marks.unshift('pinned');
  return [
    shortId(fieldText(item, 'snapshot')),
    formatTime(fieldText(item, 'time')),
    output.name(fieldText(item, 'node')),
    [...marks, output.name(fieldText(item, 'message'))].join(' ').trim(),
  ];
}
