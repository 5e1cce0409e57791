/** `vault verify`: is everything there and intact. */

import type { CommandDefinition } from '../definition.ts';
import { FolderResults } from '../folder-results.ts';
import { fieldNumber, fieldText, fieldTexts } from '../item-text.ts';
import type { Item } from '../../operations/operation.ts';
import type { VerifyResult } from '../../operations/whole-folder-options.ts';
import type { Output } from '../output.ts';
import { count, formatBytes, formatSeconds, shortId } from '../units.ts';

export const verifyCommand: CommandDefinition = {
  name: 'verify',
  heavy: true,
  group: 'Keeping and dropping',
  summary: 'check that everything the history needs is there and intact',
  details: [
    'Damage is listed as chunk, files and versions, and the exit code is 22. Without --read the presence and the structure of everything is checked; with it every stored byte is opened and hashed.',
  ],
  positionals: [{ name: 'FOLDER', list: true, doc: 'these folders (default: all)' }],
  options: [
    { name: 'read', type: 'flag', doc: 'read, open and hash every stored byte' },
    {
      name: 'max-duration',
      type: 'duration',
      value: 'D',
      doc: 'stop reading after this time: 30m, 2h; what was left is exit code 3',
    },
    { name: 'sample', type: 'count', value: 'N', doc: 'read only this many chunks, at random' },
  ],
  async run(invocation) {
    const { given, output } = invocation;
    const maxDurationMs = given.number('max-duration');
    const sample = given.number('sample');
    const results = new FolderResults(output, (item) => output.sum(folderSentence(item, output)));
    const context = invocation.operation((item) => {
      if (item.type === 'damage') for (const line of damageLines(item, output)) output.print(line);
      results.take(item);
    });
    const folders = invocation.folders();
    const result = await invocation.withVault((vault) =>
      vault.verify(
        {
          folders,
          ...(given.flag('read') ? { read: true } : {}),
          ...(maxDurationMs === undefined ? {} : { maxDurationMs }),
          ...(sample === undefined ? {} : { sample }),
        },
        context,
      ),
    );
    output.sum(totalSentence(result));
    const isCut = maxDurationMs !== undefined && !result.complete;
    const exits = [...results.exits(), result.damaged > 0 ? 22 : 0];
    // A sample that was read to its end left out only what it was to leave out.
    if (isCut && (sample === undefined || result.chunks < sample)) exits.push(3);
    return { summary: { ...result }, exits };
  },
};

function damageLines(item: Item, output: Output): string[] {
  const chunk = fieldText(item, 'chunk');
  const subject = chunk === '' ? '' : `chunk ${chunk}: `;
  return [
    `${output.style('red', 'damage:')} ${subject}${output.name(fieldText(item, 'problem'))}`,
    ...fieldTexts(item, 'files').map((file) => `    file     ${output.name(file)}`),
    ...fieldTexts(item, 'versions').map((version) => `    version  ${version}`),
  ];
}

function folderSentence(item: Item, output: Output): string {
  const name = output.name(fieldText(item, 'name') || shortId(fieldText(item, 'folder')));
  const damaged = fieldNumber(item, 'damaged');
  return `${name}: ${damaged === 0 ? 'intact' : `${count(damaged, 'damage', 'damages')} found`}`;
}

function totalSentence(result: VerifyResult): string {
  const parts = [
    `checked ${count(result.folders, 'folder')}, ${count(result.chunks, 'chunk')}, ${formatBytes(result.bytes)}, ${count(result.versions, 'version')} in ${formatSeconds(result.seconds)}`,
    result.damaged === 0 ? 'no damage' : `${count(result.damaged, 'damage', 'damages')} found`,
  ];
  if (result.mended > 0) parts.push(`${count(result.mended, 'row')} of derived data rebuilt`);
  if (!result.complete) parts.push('not everything was read');
  return parts.join('; ');
}
