/** `vault conflicts` and `vault resolve`: what several nodes edited at the same time. */

import type { Item } from '../../operations/operation.ts';
import { printChange } from '../change-back-text.ts';
import type { CommandDefinition } from '../definition.ts';
import { fieldNumber, fieldText, fieldTexts } from '../item-text.ts';
import type { Output } from '../output.ts';
import { tableLines } from '../table.ts';
import { count, formatBytes, formatTime, shortId } from '../units.ts';
import { usageError } from '../usage-error.ts';

export const conflictsCommand: CommandDefinition = {
  name: 'conflicts',
  group: 'History',
  summary: 'list files that were edited on several nodes at the same time',
  details: [
    'Of each conflict, the version that is shown at the path, and the copies in which each other edit is shown beside it. They are ordinary files to every program, the same on every node; nothing waits for a conflict to be resolved.',
    'A conflict is closed by vault resolve, by deleting the copies, or by saving or renaming a copy, which makes it a file of its own.',
  ],
  positionals: [{ name: 'PATH', list: true, doc: 'only at or below this (default: everywhere)' }],
  options: [],
  onlyPrints: true,
  async run(invocation) {
    const { output } = invocation;
    const context = invocation.operation((item) => {
      if (!output.isJson) for (const line of conflictLines(item, output)) output.print(line);
    });
    const result = await invocation.withVault((vault) =>
      vault.conflicts(invocation.selection(), context),
    );
    if (result.conflicts === 0) output.sum('no conflict is open');
    else output.hint('close one with: vault resolve PATH --keep shown|both|VERSION');
    return { summary: { ...result }, exits: [result.damaged > 0 ? 22 : 0] };
  },
};

export const resolveCommand: CommandDefinition = {
  name: 'resolve',
  group: 'History',
  summary: 'close a conflict by saying which of the versions stays',
  details: [
    'With --keep shown, the copies beside the file are deleted; with an id, the file takes that version first; with both, nothing on disk changes and each copy is a file of its own from then on. What is not kept stays in the history, and can be had back with vault revert.',
    'What lies in the working copy is recorded first. A file that is edited meanwhile is left as it is, and the conflict stays open there: exit code 3.',
  ],
  positionals: [{ name: 'PATH', required: true, doc: 'the file, or one of its copies' }],
  options: [
    {
      name: 'keep',
      type: 'text',
      value: 'WHICH',
      required: true,
      doc: 'shown, both, or the id of a version as vault conflicts lists it',
    },
    { name: 'dry-run', short: 'n', type: 'flag', doc: 'say what would be changed and do nothing' },
  ],
  async run(invocation) {
    const { given, globals, output } = invocation;
    const { folder, paths, cwd } = invocation.selection();
    const [path = ''] = paths;
    const keep = given.text('keep') ?? '';
    if (keep === '') throw usageError('--keep needs shown, both or the id of a version');
    const isDry = given.flag('dry-run');
    const result = await invocation.withVault((vault) =>
      vault.resolve(
        {
          ...(folder === undefined ? {} : { folder }),
          cwd,
          path,
          keep,
          ...(globals.yes ? { yes: true } : {}),
          ...(isDry ? { dryRun: true } : {}),
        },
        invocation.operation((item) => printChange(item, output)),
      ),
    );
    const left = result.skipped + result.errors;
    const kept = result.paths.map((one) => output.name(one)).join(', ');
    if (isDry) output.print(`would keep ${kept}`);
    else if (left === 0) output.sum(`kept ${kept}`);
    if (left > 0) output.warning(`${count(left, 'path')} could not be changed`);
    return {
      summary: { ...result, ...(isDry ? { dryRun: true } : {}) },
      exits: [left > 0 ? 3 : 0],
    };
  },
};

/** The path, and a line for each version: `    shown  3f9a2c…  2026-01-31 …  laptop  12 B`. */
function conflictLines(item: Item, output: Output): string[] {
  const rivals = Array.isArray(item['rivals']) ? (item['rivals'] as readonly Item[]) : [];
  const shown = fieldText(item, 'shown');
  const rows = rivals.map((rival) => {
    const id = fieldText(rival, 'version');
    const isShown = id === shown;
    const size =
      rival['size'] === null ? fieldText(rival, 'kind') : formatBytes(fieldNumber(rival, 'size'));
    return [
      `    ${isShown ? output.style('green', 'shown') : output.style('yellow', 'copy')}`,
      shortId(id),
      formatTime(fieldText(rival, 'time')),
      size,
      output.name(fieldText(rival, 'node')),
      isShown ? '' : output.name(fieldText(rival, 'path')),
    ];
  });
  const bare = shown === '' ? [`    ${fieldTexts(item, 'copies').length} beside a directory`] : [];
  return [output.name(fieldText(item, 'path')), ...bare, ...tableLines(rows)];
}
