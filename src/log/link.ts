/** What one link may say: checked where it is written and again where it is read. */

import { VaultError } from '../errors.ts';
import { MAX_ENTRY_RECORDS, MAX_NAME_BYTES, MAX_PARENTS, MAX_PATH_BYTES } from '../limits.ts';
import { HASH8_BYTES } from './log-id.ts';
import type { Link, Parent, VersionKind } from './types.ts';

export const DIGEST_BYTES = 16;

/** In the order of their numbers in the format. */
export const versionKinds: readonly VersionKind[] = ['file', 'symlink', 'directory', 'deletion'];

/** Whether versions of this kind have a digest of their content, and a body. */
export function hasContent(kind: VersionKind): boolean {
  return kind === 'file' || kind === 'symlink';
}

/**
 * Throws `VAULT_PATH_UNSAFE` for a path that is empty, absolute, or has an empty, `.` or `..` segment
 * or a NUL, and `VAULT_LIMIT_EXCEEDED` for one above {@link MAX_PATH_BYTES} or with a name above
 * {@link MAX_NAME_BYTES}.
 */
export function checkPath(path: string): void {
  if (/(?:^|\/)\.{0,2}(?:\/|$)|\0/.test(path)) {
    throw new VaultError('VAULT_PATH_UNSAFE', `unsafe path ${JSON.stringify(path.slice(0, 200))}`);
  }
  // A character of the text form is at most 3 bytes, so short paths need no count.
  if (path.length * 3 <= MAX_NAME_BYTES) return;
  if (byteLength(path) <= MAX_PATH_BYTES) {
    if (path.split('/').every((name) => byteLength(name) <= MAX_NAME_BYTES)) return;
  }
  throw new VaultError(
    'VAULT_LIMIT_EXCEEDED',
    `path above ${MAX_PATH_BYTES} bytes or with a name above ${MAX_NAME_BYTES}`,
  );
}

/** Throws as {@link checkPath} does, and `VAULT_ENTRY_INVALID` for anything else out of range. */
export function checkLink(link: Link): void {
  checkPath(link.path);
  if (!Number.isSafeInteger(link.time) || link.time < 0) throw invalid('a hybrid time');
  if (link.digest.length !== (hasContent(link.kind) ? DIGEST_BYTES : 0)) {
    throw invalid(`a digest of ${DIGEST_BYTES} bytes, for contents only`);
  }
  if (link.parents.length > MAX_PARENTS) {
    throw new VaultError('VAULT_LIMIT_EXCEEDED', `more than ${MAX_PARENTS} parents`);
  }
  for (const parent of link.parents) checkParent(parent);
}

/** Throws `VAULT_ENTRY_INVALID` where a parent cannot name a record. */
export function checkParent(parent: Parent): void {
  if (parent.hash8.length !== HASH8_BYTES || !isPlace(parent.seq, Number.MAX_SAFE_INTEGER)) {
    throw invalid('a parent');
  }
  if (!isPlace(parent.index, MAX_ENTRY_RECORDS - 1)) throw invalid('a parent');
}

function isPlace(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max;
}

/** Negative, zero or positive: by log id, seq, index, then hash. */
export function compareParents(a: Parent, b: Parent): number {
  if (a.log !== b.log) return a.log < b.log ? -1 : 1;
  return a.seq - b.seq || Buffer.compare(a.hash8, b.hash8) || a.index - b.index;
}

/** Bytes of a path in text form: a lone surrogate stands for one byte. */
function byteLength(path: string): number {
  let length = Buffer.byteLength(path, 'utf8');
  if (!path.isWellFormed()) {
    for (const character of path) if (!character.isWellFormed()) length -= 2;
  }
  return length;
}

export function invalid(expected: string): VaultError {
  return new VaultError('VAULT_ENTRY_INVALID', `malformed record: expected ${expected}`);
}
