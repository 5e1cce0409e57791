/** What a failed call on a database or file means to vault: texts and codes of LevelDB and of the system. */

import { VaultError } from '../errors.ts';

/** How LevelDB 1.20 words the system's errors: it hands on text, not numbers. */
const NO_SPACE = /No space left on device|Disk quota exceeded|not enough space/i;
/** Reads beyond the end of a cut table, and files that the manifest names and the directory lacks. */
const DAMAGE = /Invalid argument|No such file or directory|FileNotFound/i;
const NO_LOCKS = /No locks available/i;

interface Trace {
  readonly codes: ReadonlySet<string>;
  readonly text: string;
}

function trace(error: unknown): Trace {
  const codes = new Set<string>();
  const texts: string[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < 8; depth++) {
    if ('code' in at && typeof at.code === 'string') codes.add(at.code);
    texts.push(at.message);
    at = at.cause;
  }
  return { codes, text: texts.join('; ') };
}

/**
 * The {@link VaultError} for a failed call on the database or file at `path`. `doing` completes "cannot …".
 * Mistakes in the calling code (`TypeError`, `RangeError`) come back as they are.
 */
export function storeFailure(cause: unknown, path: string, doing: string): Error {
  if (cause instanceof VaultError || cause instanceof TypeError || cause instanceof RangeError) {
    return cause;
  }
  const { codes, text } = trace(cause);
  const details = { path };
  const where = `cannot ${doing} ${JSON.stringify(path)}`;
  if (NO_SPACE.test(text) || codes.has('ENOSPC') || codes.has('EDQUOT')) {
    return noSpaceFailure(path, doing, cause);
  }
  if (codes.has('LEVEL_LOCKED') && !NO_LOCKS.test(text)) {
    return new VaultError('VAULT_LOCKED', `${where}: another process has it open`, {
      cause,
      details,
    });
  }
  if (
    codes.has('LEVEL_CORRUPTION') ||
    (DAMAGE.test(text) && !codes.has('ENOENT') && !codes.has('EINVAL'))
  ) {
    return new VaultError('VAULT_DAMAGED', `${where}: it is damaged`, { cause, details });
  }
  if (codes.has('LEVEL_ITERATOR_NOT_OPEN')) return closedFailure(path, cause);
  return new VaultError('VAULT_IO', `${where}: ${text || 'unknown failure'}`, { cause, details });
}

/** The failure of a call for want of space on the device of `path`. */
export function noSpaceFailure(path: string, doing: string, cause?: unknown): VaultError {
  const text = `cannot ${doing} ${JSON.stringify(path)}: no space left on the device`;
  return new VaultError('VAULT_NO_SPACE', text, {
    details: { path },
    hint: 'free some space and try again',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The failure of any call on a database that was closed. */
export function closedFailure(path: string, cause?: unknown): VaultError {
  return new VaultError('VAULT_CLOSED', `the store at ${JSON.stringify(path)} is closed`, {
    details: { path },
    ...(cause === undefined ? {} : { cause }),
  });
}
