/** Exit codes: what each means, which error has which, and which counts where several hold. */

import type { ErrorCode } from '../errors.ts';

/** As in `docs/exit-codes.md`, which a test holds against this. Never 13, which is Node's own. */
export const exitMeanings: ReadonlyMap<number, string> = new Map([
  [0, 'done'],
  [1, 'failed, nothing committed'],
  [2, 'wrong usage'],
  [
    3,
    'done, but incomplete: sources unreadable or missing, work left at a timeout, a size not reached, `status --check` with something open, `doctor` with a problem',
  ],
  [10, 'no home, folder, path, version or snapshot of that name'],
  [11, 'home held by another process that does not answer'],
  [12, 'wrong passphrase or code'],
  [20, 'target absent'],
  [21, 'no space'],
  [22, 'damage found (also: a restore that could not give everything)'],
  [23, 'refused by a safety rule'],
  [24, 'no peer reachable'],
  [130, 'interrupted; everything durable stays so'],
  [143, 'terminated; everything durable stays so'],
]);

/** The exit code of a command that ends with this error. */
export const exitOfError: Readonly<Record<ErrorCode, number>> = {
  VAULT_USAGE: 2,
  VAULT_FAILED: 1,
  VAULT_NOT_FOUND: 10,
  VAULT_EXISTS: 1,
  VAULT_LOCKED: 11,
  VAULT_FORMAT_UNSUPPORTED: 1,
  VAULT_KEY_WRONG: 12,
  VAULT_NO_SPACE: 21,
  VAULT_IO: 1,
  VAULT_DAMAGED: 22,
  VAULT_CHUNK_MISSING: 22,
  VAULT_CHUNK_CORRUPT: 22,
  VAULT_EXPIRED: 10,
  VAULT_ENTRY_INVALID: 22,
  VAULT_LOG_FORKED: 22,
  VAULT_PATH_UNSAFE: 23,
  VAULT_LIMIT_EXCEEDED: 1,
  VAULT_NOT_PERMITTED: 1,
  VAULT_REFUSED: 23,
  VAULT_TARGET_ABSENT: 20,
  VAULT_NO_PEER: 24,
  VAULT_INTERRUPTED: 130,
  VAULT_CLOSED: 1,
};

/** Of several that hold, the first of these counts. */
export const gravity: readonly number[] = [12, 23, 22, 21, 20, 24, 3];

/**
 * The exit code of a command that came to its end although `codes` hold: 0 where none does, the
 * first of {@link gravity}, else the first given.
 */
export function gravest(codes: readonly number[]): number {
  const holding = codes.filter((code) => code !== 0);
  return gravity.find((code) => holding.includes(code)) ?? holding[0] ?? 0;
}
