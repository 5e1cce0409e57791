/** Directories that stand where none was recorded, by inode: some of them were moved there with all they hold. */

import { join } from '../folder-path.ts';
import type { ScannedDirectory } from './scan.ts';

/** More are not kept in mind: what was moved with them counts as gone. */
const MOST = 100_000;

export class ArrivedDirectories {
  readonly #inodes = new Map<string, bigint>();
  readonly #files = new Map<bigint, number>();

  /** Takes some of what a scan found in a directory, after the one that holds it. */
  add({ path, newDirectories, files, symlinks }: ScannedDirectory): void {
    for (const { name, stat } of newDirectories) {
      if (this.#inodes.size < MOST) this.#inodes.set(join(path, name), stat.inode);
    }
    const inode = this.inodeOf(path);
    if (inode !== undefined) {
      this.#files.set(inode, this.filesIn(inode) + files.length + symlinks.length);
    }
  }

  /** The inode of the directory that arrived at `path`. */
  inodeOf(path: string): bigint | undefined {
    return this.#inodes.get(path);
  }

  /** Files and symlinks found in the directory with this inode, if it is one that arrived. */
  filesIn(inode: bigint | undefined): number {
    return inode === undefined ? 0 : (this.#files.get(inode) ?? 0);
  }
}
