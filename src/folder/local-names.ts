/**
 * Which names entries of a directory have on this disk, where it cannot hold all names that the folder
 * has: names that it takes for one and the same, and names that it refuses. All but one of those that
 * clash, and each that is refused, get an alias. Nobody else hears of it: versions keep the true names.
 */

import { sha256 } from '../crypto/hash.ts';
import { derivedParts, foldName } from '../log/derived-name.ts';
import { toHex } from '../bytes.ts';
import { pathToBytes } from '../path-bytes.ts';
import type { FileSystemAbilities } from '../system/file-system-abilities.ts';

export type NameAbilities = Pick<FileSystemAbilities, 'isCaseSensitive' | 'unicode'>;

/** Names that no file system takes for one have different forms; names that one does may have equal ones. */
export function looseForm(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

/** Names with equal forms are one to this file system. */
export function formHere(name: string, { isCaseSensitive, unicode }: NameAbilities): string {
  const form = unicode === 'kept' ? name : name.normalize('NFC');
  return isCaseSensitive ? form : form.toLowerCase();
}

/**
 * Which of names that are one here keeps its own: the one that a file here has already, else one whose
 * bytes are NFC, else the least. The same on every machine on which none has one.
 */
export function ownerOf(names: readonly string[], isHere: (name: string) => boolean): string {
  const [first = ''] = names.toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return names.find(isHere) ?? first;

  function rank(name: string): number {
    return name === name.normalize('NFC') ? 0 : 1;
  }
}

/** `report (name 3f9a2c).txt`: depends on the name alone, but for as many more digits as others leave. */
export function aliasOf(name: string, isTaken: (alias: string) => boolean): string {
  const digits = toHex(sha256(pathToBytes(name)));
  for (let length = 6; ; length += 2) {
    const alias = derivedParts(name, ` (name ${digits.slice(0, length)})`);
    if (!isTaken(foldName(alias)) || length >= digits.length) return alias;
  }
}
