import { join } from 'node:path';
import { bytesBelow } from '../harness/disk-usage.ts';
import type { Command } from '../harness/measure.ts';
import { installedVersion } from './installed-version.ts';
import type { Side } from './side.ts';

/** borg at its defaults, sealed with a key in the repository that a passphrase opens. */
function borg(place: string, ...args: readonly string[]): Command {
  return {
    program: 'borg',
    args,
    env: {
      BORG_REPO: join(place, 'repository'),
      BORG_BASE_DIR: join(place, 'base'),
      BORG_PASSPHRASE: 'bench',
    },
  };
}

export const borgSide: Side = {
  name: 'borg',
  version: () => installedVersion('borg', '--version'),
  prepare: (place) => [borg(place, 'init', '--encryption', 'repokey-blake2')],
  command(operation, { place, source, out }) {
    switch (operation) {
      case 'snapshot':
        return borg(place, 'create', '::{utcnow:%Y%m%dT%H%M%S%f}', source);
      case 'list':
        return borg(place, 'list');
      case 'verify':
        return borg(place, 'check', '--verify-data');
      case 'restore': {
        // It writes to the current directory, and has no name for the newest archive.
        const script =
          'mkdir "$0" && cd "$0" && exec borg extract "::$(borg list --short --last 1)"';
        return { ...borg(place), program: 'sh', args: ['-c', script, out] };
      }
    }
  },
  restored: ({ out, source }) => join(out, source),
  storeBytes: (place) => bytesBelow(join(place, 'repository')),
};
