/** `vault folder move`, `lock`, `unlock`: where a folder's plain files lie, if anywhere. */

import type { CommandDefinition, OptionDefinition } from '../definition.ts';
import { count, formatBytes, formatSeconds } from '../units.ts';

const folderPositional = {
  name: 'FOLDER',
  required: true,
  doc: 'a name, an id or its unique prefix, or a path inside a working copy',
} as const;

const dryRunOption: OptionDefinition = {
  name: 'dry-run',
  short: 'n',
  type: 'flag',
  doc: 'say what would be done and do nothing',
};

export const folderMoveCommand: CommandDefinition = {
  name: 'folder move',
  group: 'Folders',
  summary: "say where a folder's files lie from now on, and move them there unless they are",
  details: [
    'Files that you have moved to PATH yourself are adopted there. Else the directory is renamed to PATH, which must not exist yet. To another disk it is not renamed: lock the folder, and unlock it with --to.',
  ],
  positionals: [folderPositional, { name: 'PATH', required: true, doc: 'the new place' }],
  options: [dryRunOption],
  async run(invocation) {
    const { given, globals, output } = invocation;
    const [folder = '', path = ''] = given.words;
    const isDry = given.flag('dry-run');
    const result = await invocation.withVault((vault) =>
      vault.folderMove(
        {
          folder: invocation.folderArgument(folder),
          path: invocation.path(path),
          ...(globals.yes ? { yes: true } : {}),
          ...(isDry ? { dryRun: true } : {}),
        },
        invocation.operation(),
      ),
    );
    const place = output.name(result.path ?? '');
    const name = output.name(result.name);
    const verbs = { adopted: ['found', 'would find'], renamed: ['moved', 'would move'] } as const;
    const verb = verbs[result.how][isDry ? 1 : 0];
    const sentence = `${verb} folder ${name} ${result.how === 'adopted' ? 'at' : 'to'} ${place}`;
    if (isDry) output.print(sentence);
    else output.sum(sentence);
    return { summary: { ...result, ...(isDry ? { dryRun: true } : {}) } };
  },
};

export const folderLockCommand: CommandDefinition = {
  name: 'folder lock',
  group: 'Folders',
  summary: 'prove that everything is stored, then take the plain files away',
  details: [
    'What is not recorded yet is recorded; every piece of every file is read back from the store, opened and checked; only then files are removed, each read once more. A file that changes meanwhile, or cannot be read, stays (exit code 3), and so does what is left out of the folder. Where anything is missing or damaged every file stays (exit code 22). The history can still be looked at and restored from; vault folder unlock brings the files back.',
  ],
  positionals: [folderPositional],
  options: [dryRunOption],
  async run(invocation) {
    const { globals, given, output } = invocation;
    const isDry = given.flag('dry-run');
    const result = await invocation.withVault((vault) =>
      vault.folderLock(
        {
          folder: invocation.folder(),
          ...(globals.yes ? { yes: true } : {}),
          ...(isDry ? { dryRun: true } : {}),
        },
        invocation.operation(),
      ),
    );
    const what = `${count(result.files, 'file')}, ${formatBytes(result.bytes)}`;
    const name = output.name(result.name);
    const end = `stored and ${isDry ? 'would be ' : ''}gone from ${output.name(result.lockedAt)}`;
    const sentence = `${isDry ? 'would lock' : 'locked'} folder ${name}: ${what}, ${end} in ${formatSeconds(result.seconds)}`;
    if (isDry) output.print(sentence);
    else output.sum(sentence);
    const left = result.kept + result.errors;
    if (left > 0) output.warning(`${count(left, 'file')} ${isDry ? 'would stay' : 'stayed'}`);
    return {
      summary: { ...result, ...(isDry ? { dryRun: true } : {}) },
      exits: [left > 0 ? 3 : 0],
    };
  },
};

export const folderUnlockCommand: CommandDefinition = {
  name: 'folder unlock',
  group: 'Folders',
  summary: 'bring the plain files of a locked folder back',
  details: [
    'Files appear where they were, or in PATH; one that is there already is never overwritten. Where something cannot be given back the folder stays locked, and it can be tried again.',
  ],
  positionals: [folderPositional],
  options: [
    {
      name: 'to',
      type: 'text',
      value: 'PATH',
      doc: 'where the files go (default: where they were)',
    },
  ],
  async run(invocation) {
    const { given, output } = invocation;
    const to = given.text('to');
    const result = await invocation.withVault((vault) =>
      vault.folderUnlock(
        {
          folder: invocation.folder(),
          ...(to === undefined ? {} : { to: invocation.path(to) }),
        },
        invocation.operation(),
      ),
    );
    const name = output.name(result.name);
    const what = `${count(result.files, 'file')}, ${formatBytes(result.bytes)}`;
    if (result.locked) {
      output.warning(`folder ${name} stays locked: not everything could be given back`);
      output.hint('vault verify --read names what is damaged; vault restore gives what is whole');
    } else {
      const place = output.name(result.path ?? '');
      output.sum(
        `unlocked folder ${name}: ${what} at ${place} in ${formatSeconds(result.seconds)}`,
      );
    }
    const exits = [result.damaged > 0 ? 22 : 0, result.errors > 0 ? 3 : 0];
    return { summary: { ...result }, exits };
  },
};
