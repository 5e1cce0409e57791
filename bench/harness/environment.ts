import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Side } from '../sides/side.ts';
import { fileSystemOf } from './block-device.ts';
import type { EnvironmentLine } from './lines.ts';

/** Where and with what is measured. `peers` are all that are known, installed or not. */
export function environmentLine(
  scratch: string,
  vault: Side,
  peers: readonly Side[],
  { pairs, scale }: Pick<EnvironmentLine, 'pairs' | 'scale'>,
): EnvironmentLine {
  return {
    type: 'environment',
    time: new Date().toISOString(),
    processor: cpus()[0]?.model.trim() ?? 'unknown processor',
    processors: availableParallelism(),
    memoryBytes: totalmem(),
    system: systemName(),
    kernel: release(),
    fileSystem: fileSystemOf(scratch),
    node: process.versions.node,
    vault: [vault.version(), commit()].filter(Boolean).join(' '),
    peers: Object.fromEntries(peers.map((peer) => [peer.name, peer.version() ?? null])),
    loadBefore: loadavg()[0] ?? 0,
    pairs,
    scale,
  };
}

function systemName(): string {
  try {
    const text = readFileSync('/etc/os-release', 'utf8');
    return /^PRETTY_NAME="?(.*?)"?$/m.exec(text)?.[1] ?? type();
  } catch {
    return type(); // systems without that file
  }
}

/** The commit this build was made of, as far as git can tell; empty outside a checkout. */
function commit(): string {
  const directory = fileURLToPath(new URL('.', import.meta.url));
  const args = ['-C', directory, 'describe', '--always', '--dirty'];
  const { status, stdout } = spawnSync('git', args, { encoding: 'utf8' });
  return status === 0 ? `(${stdout.trim()})` : '';
}
