/**
 * Files and symlinks that are gone from where they were recorded, by what a rename keeps: where one of
 * them turns up again it was moved there. Pure.
 *
 * A rename keeps inode, size and modification time. It changes the change time of what is renamed, and
 * of nothing below a renamed directory. So where that is the same too, nothing touched the content, and
 * it is not read again; where it differs, an edit that put the modification time back could hide behind
 * the rename, and only reading tells.
 */

import type { FileStat } from '../system/file-system.ts';
import { isSameStat } from './seen-stat.ts';
import { keptTime, type SeenEntry } from './working-copy-row.ts';

export interface GoneFile {
  readonly directory: string;
  readonly name: string;
  readonly before: SeenEntry;
}

/** More are not kept in mind: what else was moved is read again, and recorded as new. */
const MOST = 250_000;

export class GoneFiles {
  readonly #byInode = new Map<bigint, GoneFile | GoneFile[]>();
  readonly #most: number;
  #size = 0;

  constructor(most = MOST) {
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  add(file: GoneFile): void {
    if (file.before.kind === 'directory' || this.#size >= this.#most) return;
    this.#size++;
    const { inode } = file.before;
    const known = this.#byInode.get(inode);
    if (known === undefined) this.#byInode.set(inode, file);
    else this.#byInode.set(inode, [...(Array.isArray(known) ? known : [known]), file]);
  }

  /**
   * What may have been moved to this name and was not {@link take}n: of hard links the one of the same
   * name, or else of the same directory, before others.
   */
  find(stat: FileStat, directory: string, name: string): GoneFile | undefined {
    const known = this.#byInode.get(stat.inode);
    if (known === undefined) return undefined;
    const found = (Array.isArray(known) ? known : [known]).filter(({ before }) => {
      return (
        before.kind === stat.kind &&
        before.size === stat.size &&
        before.mtimeNs === keptTime(stat.mtimeNs)
      );
    });
    return (
      found.find((file) => file.name === name) ??
      found.find((file) => file.directory === directory) ??
      found[0]
    );
  }

  /** Where something stands at a name again, it was not moved away. Nothing happens if it was {@link take}n. */
  forget(directory: string, name: string, { inode }: SeenEntry): void {
    const known = this.#byInode.get(inode);
    for (const file of Array.isArray(known) ? known : known === undefined ? [] : [known]) {
      if (file.directory === directory && file.name === name) this.take(file);
    }
  }

  /** Each file was moved to one place at most. Whether it was still to be had. */
  take(file: GoneFile): boolean {
    const { inode } = file.before;
    const known = this.#byInode.get(inode);
    const rest = Array.isArray(known) ? known : known === undefined ? [] : [known];
    const left = rest.filter((one) => one !== file);
    if (left.length === rest.length) return false;
    this.#size--;
    if (left.length === 0) this.#byInode.delete(inode);
    else this.#byInode.set(inode, left);
    return true;
  }
}

/** Whether the content of a moved file is beyond doubt what was recorded. */
export function isProved({ before }: GoneFile, stat: FileStat): boolean {
  return !before.racy && isSameStat(before, stat);
}
