/** `vault revert` and `vault undo`: the working copy, or paths of it, as they were. */

import { changeBackEnd, printChange } from '../change-back-text.ts';
import type { CommandDefinition, OptionDefinition } from '../definition.ts';
import { atOption } from '../shared-options.ts';
import { formatTime } from '../units.ts';

const dryRunOption: OptionDefinition = {
  name: 'dry-run',
  short: 'n',
  type: 'flag',
  doc: 'say what would be changed and do nothing',
};

const safety =
  'What is there now is recorded first and named by a snapshot, so nothing is lost and the way back is printed. A path that is edited meanwhile, and a directory that holds what is not recorded, is left as it is: exit code 3. Where a content is missing or damaged nothing at all is changed: exit code 22.';

export const revertCommand: CommandDefinition = {
  name: 'revert',
  group: 'History',
  summary: 'make files in the working copy what they were at some time',
  details: [
    'The old states become new versions on top: history only grows. With PATH, only what lies at or below it; what was not there then is removed.',
    safety,
  ],
  positionals: [{ name: 'PATH', list: true, doc: 'only these (default: the whole folder)' }],
  options: [{ ...atOption, required: true }, dryRunOption],
  async run(invocation) {
    const { given, globals, output } = invocation;
    const result = await invocation.withVault((vault) =>
      vault.revert(
        {
          ...invocation.selection(),
          at: given.text('at') ?? '',
          ...(globals.yes ? { yes: true } : {}),
          ...(given.flag('dry-run') ? { dryRun: true } : {}),
        },
        invocation.operation((item) => printChange(item, output)),
      ),
    );
    return changeBackEnd(invocation, result, ['reverted', 'would revert']);
  },
};

export const undoCommand: CommandDefinition = {
  name: 'undo',
  group: 'History',
  summary: "take back this node's newest change",
  details: [
    'A change is what was recorded together: the edits not recorded yet, else what the last snapshot found new. Undoing again goes further back; to go forward again, revert to the snapshot that the first undo named. With PATH, the newest change at or below it, and only that part.',
    safety,
  ],
  positionals: [{ name: 'PATH', list: true, doc: 'only changes at or below this' }],
  options: [dryRunOption],
  async run(invocation) {
    const { given, globals, output } = invocation;
    const result = await invocation.withVault((vault) =>
      vault.undo(
        {
          ...invocation.selection(),
          ...(globals.yes ? { yes: true } : {}),
          ...(given.flag('dry-run') ? { dryRun: true } : {}),
        },
        invocation.operation((item) => printChange(item, output)),
      ),
    );
    const change = `the change of ${formatTime(result.time)}`;
    return changeBackEnd(invocation, result, [`undid ${change}`, `would undo ${change}`]);
  },
};
