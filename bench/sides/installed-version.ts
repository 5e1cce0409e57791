import { spawnSync } from 'node:child_process';
import { systemCode } from '../../src/errors.ts';

/** The first version number that `program` prints; undefined where it is not installed. */
export function installedVersion(program: string, ...args: readonly string[]): string | undefined {
  const { stdout, error } = spawnSync(program, [...args], { encoding: 'utf8' });
  if (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  return /\d+(?:\.\d+)+/.exec(stdout)?.[0] ?? 'of unknown version';
}
