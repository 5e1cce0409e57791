/** `vault sync`: one round with whoever is reachable. */

import type { CommandDefinition } from '../definition.ts';
import { fieldNumber, fieldText } from '../item-text.ts';
import type { Item } from '../../operations/operation.ts';
import { printChange } from '../change-back-text.ts';
import { FolderResults } from '../folder-results.ts';
import type { Output } from '../output.ts';
import { count, shortId } from '../units.ts';

export const syncCommand: CommandDefinition = {
  name: 'sync',
  heavy: true,
  group: 'Other nodes',
  summary: 'record changes, give and take once with whoever is reachable, and end',
  details: [
    'It is over when nothing has moved for a second. Where a peer has neither a daemon running nor is syncing itself it is not reachable; with nobody there for any folder the exit code is 24, and changes are recorded all the same. Where work is left at the timeout, a content could not be had, or nobody was there for one of several folders, it is 3.',
  ],
  positionals: [{ name: 'FOLDER', list: true, doc: 'these folders (default: all)' }],
  options: [
    {
      name: 'timeout',
      type: 'duration',
      value: 'D',
      doc: 'end after so long, whatever is left (default: 10m)',
    },
  ],
  async run(invocation) {
    const { given, globals, output } = invocation;
    const timeoutMs = given.number('timeout');
    const results = new FolderResults(output, (item) => output.sum(syncSentence(item, output)));
    const folders = invocation.folders();
    const result = await invocation.withVault((vault) =>
      vault.sync(
        {
          folders,
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
          ...(globals.yes ? { yes: true } : {}),
        },
        invocation.operation((item) => {
          if (item.type === 'result') results.take(item);
          else if (globals.verbose) printChange(item, output);
        }),
      ),
    );
    if (!result.complete) output.warning('not everything has come: run it again');
    return {
      summary: { ...result },
      exits: [...results.exits(), result.complete && result.errors === 0 ? 0 : 3],
    };
  },
};

function syncSentence(item: Item, output: Output): string {
  const name = output.name(fieldText(item, 'name') || shortId(fieldText(item, 'folder')));
  const changes = ['added', 'changed', 'removed']
    .map((field) => `${fieldNumber(item, field).toLocaleString('en-US')} ${field}`)
    .join(', ');
  const behind = fieldNumber(item, 'behind');
  const missing = behind === 0 ? '' : `; ${count(behind, 'file')} still to come`;
  return `${name}: in exchange with ${count(fieldNumber(item, 'peers'), 'peer')}; ${changes}${missing}`;
}
