/** What a test needs from the machine, and what happens where it is not there. */

import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';

/** What a test cannot do without. */
export interface Requirements {
  /** Programs that must be found on `PATH`. */
  readonly programs?: readonly string[];
  /** The test acts as the superuser: mounts, other users' files. */
  readonly root?: boolean;
  /** Platforms the test makes sense on; `process.platform` must be one of them. */
  readonly platforms?: readonly NodeJS.Platform[];
  /** Any other condition: `{ 'a loop device': existsSync('/dev/loop-control') }`. */
  readonly conditions?: Readonly<Record<string, boolean>>;
}

/** Each thing of `requirements` that this machine lacks, in words. */
export function missingRequirements(requirements: Requirements): string[] {
  const missing: string[] = [];
  const { programs = [], root = false, platforms, conditions = {} } = requirements;
  if (platforms && !platforms.includes(process.platform)) {
    missing.push(`one of the platforms ${platforms.join(', ')}`);
  }
  if (root && process.getuid?.() !== 0) missing.push('the superuser');
  for (const program of programs) if (!onPath(program)) missing.push(`the program ${program}`);
  for (const [name, holds] of Object.entries(conditions)) if (!holds) missing.push(name);
  return missing;
}

/**
 * Whether the test can run here. Where something is missing the test is marked as skipped with the
 * reason and false is given: `if (!skipUnless(t, { programs: ['strace'] })) return;`. Where
 * `CI` is `true` nothing may be skipped: it throws instead, so that the test fails.
 */
export function skipUnless(t: Pick<TestContext, 'skip'>, requirements: Requirements): boolean {
  const missing = missingRequirements(requirements);
  if (missing.length === 0) return true;
  const reason = `needs ${missing.join(' and ')}`;
  if (process.env['CI'] === 'true') throw new Error(`${reason}; with CI=true no test is skipped`);
  t.skip(reason);
  return false;
}

function onPath(program: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return [...folders, '/usr/sbin', '/sbin'].some((folder) => isExecutable(join(folder, program)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
