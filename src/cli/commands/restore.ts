/** `vault restore`: files back out of the history. */

import type { CommandDefinition } from '../definition.ts';
import { fieldText } from '../item-text.ts';
import type { RestoreOptions, RestoreResult } from '../../operations/change-options.ts';
import type { Invocation } from '../invocation.ts';
import { atOption, fetchOption } from '../shared-options.ts';
import { count, formatBytes, formatSeconds } from '../units.ts';

export const restoreCommand: CommandDefinition = {
  name: 'restore',
  heavy: true,
  group: 'History',
  summary: 'write files of a folder, as they were at some time, into a directory',
  details: [
    'What is under PATH, or the whole folder, appears directly in DIR, which need not exist. Files are written beside their place and renamed into it; a run that was cut short is continued by running it again. What cannot be given back whole is reported and the exit code is 22.',
  ],
  positionals: [{ name: 'PATH', list: true, doc: 'only these (default: the whole folder)' }],
  options: [
    { name: 'to', type: 'text', value: 'DIR', required: true, doc: 'where the files go' },
    atOption,
    {
      name: 'include',
      type: 'text',
      value: 'P',
      list: true,
      doc: 'only what matches this pattern',
    },
    { name: 'exclude', type: 'text', value: 'P', list: true, doc: 'not what matches this pattern' },
    {
      name: 'overwrite',
      type: 'text',
      value: 'MODE',
      choices: ['never', 'if-changed', 'always'],
      doc: 'what to do with files that are there already (default: never)',
    },
    { name: 'verify', type: 'flag', doc: 'read back and compare every file written' },
    fetchOption,
    { name: 'dry-run', short: 'n', type: 'flag', doc: 'say what would be written and do nothing' },
  ],
  async run(invocation) {
    const { given, output } = invocation;
    const options = restoreOptions(invocation);
    const context = invocation.operation((item) => {
      const path = fieldText(item, 'path');
      if (path !== '') output.print(`${item.type.replaceAll('-', ' ')}  ${output.name(path)}`);
    });
    const result = await invocation.withVault((vault) => vault.restore(options, context));
    const isDry = given.flag('dry-run');
    const sentence = restoreSentence(result, isDry, output.name(options.to));
    if (isDry) output.print(sentence);
    else output.sum(sentence);
    if (result.damaged > 0) {
      output.warning(`${count(result.damaged, 'file')} could not be given back whole`);
      output.hint('vault verify --read names what is damaged');
    }
    const exits = [result.damaged > 0 ? 22 : 0, result.errors > 0 ? 3 : 0];
    return { summary: { ...result, ...(isDry ? { dryRun: true } : {}) }, exits };
  },
};

function restoreOptions(invocation: Invocation): RestoreOptions {
  const { given } = invocation;
  const at = given.text('at');
  const overwrite = given.text('overwrite') as RestoreOptions['overwrite'];
  return {
    ...invocation.selection(),
    to: invocation.path(given.text('to') ?? ''),
    ...(at === undefined ? {} : { at }),
    ...(given.has('include') ? { include: given.list('include') } : {}),
    ...(given.has('exclude') ? { exclude: given.list('exclude') } : {}),
    ...(overwrite === undefined ? {} : { overwrite }),
    ...(given.flag('verify') ? { verify: true } : {}),
    ...(given.flag('dry-run') ? { dryRun: true } : {}),
    ...(given.flag('fetch') ? { fetch: true } : {}),
  };
}

function restoreSentence(result: RestoreResult, isDry: boolean, to: string): string {
  const what = `${count(result.files, 'file')} and ${count(result.dirs, 'directory', 'directories')}`;
  const parts = [`${isDry ? 'would restore' : 'restored'} ${what}`, formatBytes(result.bytes)];
  if (result.skipped > 0) parts.push(`${result.skipped.toLocaleString('en-US')} skipped`);
  if (result.errors > 0) parts.push(count(result.errors, 'error'));
  return `${parts.join(', ')}, to ${to} in ${formatSeconds(result.seconds)}`;
}
