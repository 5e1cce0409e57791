/** `vault snapshot` and `vault snapshots`. */

import type { CommandDefinition } from '../definition.ts';
import { fieldNumber, fieldText, fieldTexts } from '../item-text.ts';
import type { Item } from '../../operations/operation.ts';
import type { Output } from '../output.ts';
import { FolderResults } from '../folder-results.ts';
import { tableLines } from '../table.ts';
import { count, formatBytes, formatSeconds, formatTime, shortId } from '../units.ts';

export const snapshotCommand: CommandDefinition = {
  name: 'snapshot',
  heavy: true,
  group: 'History',
  summary: 'keep the state of folders as it is now',
  details: [
    'Changed files are read, cut into chunks, sealed and stored; what is stored already is not stored again. Where files could not be read the snapshot is taken without them and the exit code is 3.',
    'With --verbose every path that is not as in the previous snapshot is listed: + added, M changed, R moved, - removed. With --dry-run the paths that a snapshot would record are listed in the same way, judged by size and times; nothing is read or stored.',
  ],
  positionals: [{ name: 'FOLDER', list: true, doc: 'these folders (default: all)' }],
  options: [
    { name: 'message', short: 'm', type: 'text', value: 'MSG', doc: 'a message to keep with it' },
    { name: 'tag', type: 'text', value: 'T', list: true, doc: 'a tag to find it by' },
    { name: 'pin', type: 'flag', doc: 'no retention rule will drop it' },
    { name: 'skip-unchanged', type: 'flag', doc: 'take none where nothing changed' },
    {
      name: 'dry-run',
      short: 'n',
      type: 'flag',
      doc: 'list what would be recorded; store nothing',
    },
  ],
  async run(invocation) {
    const { given, globals, output } = invocation;
    const message = given.text('message');
    const isDry = given.flag('dry-run');
    const results = new FolderResults(output, (item) =>
      output.sum(isDry ? previewSentence(item, output) : snapshotSentence(item, output)),
    );
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
          ...(isDry ? { dryRun: true } : {}),
          ...(globals.verbose ? { listChanges: true } : {}),
        },
        invocation.operation((item) => {
          if (item.type === 'result') results.take(item);
          else output.print(changeLine(item, output));
        }),
      ),
    );
    if (result.errors > 0) {
      output.warning(
        `${count(result.errors, 'source')} could not be read whole; the rest ${isDry ? 'would be' : 'is'} kept`,
      );
    }
    return {
      summary: { ...result, ...(isDry ? { dryRun: true } : {}) },
      exits: [...results.exits(), result.errors > 0 ? 3 : 0],
    };
  },
};

const changeMarks: Readonly<Record<string, string>> = {
  added: '+',
  changed: 'M',
  moved: 'R',
  removed: '-',
};

function changeLine(item: Item, output: Output): string {
  const mark = changeMarks[fieldText(item, 'change')] ?? '?';
  const path = output.name(fieldText(item, 'path'));
  const from = fieldText(item, 'from');
  const slash = fieldText(item, 'kind') === 'directory' ? '/' : '';
  return `${mark} ${from === '' ? '' : `${output.name(from)} -> `}${path}${slash}`;
}

/** What a snapshot of one folder would record. */
function previewSentence(item: Item, output: Output): string {
  const files = count(fieldNumber(item, 'files'), 'file');
  const bytes = formatBytes(fieldNumber(item, 'bytes'));
  return `${folderName(item, output)}: would keep ${files}, ${bytes}; ${changeCounts(item)}`;
}

/** What a snapshot of one folder holds and cost. */
export function snapshotSentence(item: Item, output: Output): string {
  const name = folderName(item, output);
  const snapshot = fieldText(item, 'snapshot');
  if (snapshot === '') return `${name}: nothing changed, no snapshot taken`;
  const files = count(fieldNumber(item, 'files'), 'file');
  const cost = `${formatBytes(fieldNumber(item, 'newBytes'))} new, ${formatBytes(fieldNumber(item, 'storedBytes'))} stored`;
  return `${name}: snapshot ${output.style('bold', shortId(snapshot))}, ${files}, ${formatBytes(fieldNumber(item, 'bytes'))}; ${changeCounts(item)}; ${cost}; ${formatSeconds(fieldNumber(item, 'seconds'))}`;
}

function folderName(item: Item, output: Output): string {
  return output.name(fieldText(item, 'name') || shortId(fieldText(item, 'folder')));
}

function changeCounts(item: Item): string {
  return ['added', 'changed', 'removed']
    .map((field) => `${fieldNumber(item, field).toLocaleString('en-US')} ${field}`)
    .join(', ');
}

export const snapshotsCommand: CommandDefinition = {
  name: 'snapshots',
  group: 'History',
  summary: 'list the snapshots of a folder',
  positionals: [
    {
      name: 'FOLDER',
      doc: 'a name, an id or its unique prefix, or a path (default: the one here)',
    },
  ],
  options: [],
  onlyPrints: true,
  async run(invocation) {
    const { output } = invocation;
    const rows: string[][] = [];
    const context = invocation.operation((item) => {
      if (item.type === 'snapshot' && !output.isJson) rows.push(snapshotRow(item, output));
    });
    const folders = invocation.folders();
    const result = await invocation.withVault((vault) =>
      vault.snapshots({ folders, cwd: invocation.context.cwd }, context),
    );
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
