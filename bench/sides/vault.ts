import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { homeLayout } from '../../src/home/home-layout.ts';
import type { Command } from '../harness/measure.ts';
import { bytesBelow } from '../harness/disk-usage.ts';
import { version } from '../../src/cli/version.ts';
import type { Side } from './side.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** A command of the build this benchmark is part of. */
function vaultCommand(place: string, ...args: readonly string[]): Command {
  return {
    program: process.execPath,
    args: [MAIN, '--json', '-q', ...args],
    env: { VAULT_HOME: join(place, 'home'), VAULT_PASSPHRASE: 'bench' },
  };
}

export const vault: Side = {
  name: 'vault',
  version: () => version,
  prepare: (place, source) => [
    vaultCommand(place, 'init'),
    vaultCommand(place, 'folder', 'add', source, '--name', 'bench'),
  ],
  command(operation, { place, out }) {
    switch (operation) {
      case 'snapshot':
        return vaultCommand(place, 'snapshot', 'bench');
      case 'list':
        return vaultCommand(place, 'snapshots', 'bench');
      case 'verify':
        return vaultCommand(place, 'verify', 'bench', '--read');
      case 'restore':
        return vaultCommand(place, 'restore', '-f', 'bench', '--to', out);
    }
  },
  restored: ({ out }) => out,
  storeBytes(place) {
    const { root, reserve } = homeLayout(join(place, 'home'));
    return bytesBelow(root) - bytesBelow(reserve);
  },
  sealedBytes(stdout) {
    const summary = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { storedBytes?: unknown };
    if (typeof summary.storedBytes !== 'number')
      throw new TypeError(`expected storedBytes, got ${stdout}`);
    return summary.storedBytes;
  },
};
