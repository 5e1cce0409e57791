import { join } from 'node:path';
import { bytesBelow } from '../harness/disk-usage.ts';
import type { Command } from '../harness/measure.ts';
import { installedVersion } from './installed-version.ts';
import type { Side } from './side.ts';

/** restic at its defaults; only its cache lies beside the store, so that it is removed with it. */
function restic(place: string, ...args: readonly string[]): Command {
  return {
    program: 'restic',
    args: ['-q', '-r', join(place, 'repository'), ...args],
    env: { RESTIC_PASSWORD: 'bench', RESTIC_CACHE_DIR: join(place, 'cache') },
  };
}

export const resticSide: Side = {
  name: 'restic',
  version: () => installedVersion('restic', 'version'),
  prepare: (place) => [restic(place, 'init')],
  command(operation, { place, source, out }) {
    switch (operation) {
      case 'snapshot':
        return restic(place, 'backup', source);
      case 'list':
        return restic(place, 'snapshots');
      case 'verify':
        return restic(place, 'check', '--read-data');
      case 'restore':
        return restic(place, 'restore', 'latest', '--target', out);
    }
  },
  restored: ({ out, source }) => join(out, source),
  storeBytes: (place) => bytesBelow(join(place, 'repository')),
};
