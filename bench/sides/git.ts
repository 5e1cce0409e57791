import { join } from 'node:path';
import { bytesBelow } from '../harness/disk-usage.ts';
import type { Command } from '../harness/measure.ts';
import { installedVersion } from './installed-version.ts';
import type { Side } from './side.ts';

/** Only what is comparable: `git add` stores contents compressed, and seals nothing. */
function git(place: string, source: string, ...args: readonly string[]): Command {
  return {
    program: 'git',
    args: [`--git-dir=${join(place, 'repository')}`, `--work-tree=${source}`, ...args],
    env: { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null', HOME: place },
    cwd: source,
  };
}

export const gitSide: Side = {
  name: 'git',
  version: () => installedVersion('git', '--version'),
  prepare: (place, source) => [git(place, source, 'init', '-q', '--initial-branch=bench')],
  command(operation, { place, source }) {
    return operation === 'snapshot'
      ? git(place, source, 'add', '--all', '--force', '.')
      : undefined;
  },
  restored: ({ out }) => out,
  storeBytes: (place) => bytesBelow(join(place, 'repository')),
};
