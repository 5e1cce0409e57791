/**
 * Where new files lie ready and displaced ones lie aside: a directory at the root of the working copy, so
 * on its file system, under a name that no scan sees. It tells by itself what a run that was cut short
 * has left: beside each displaced file stands a symlink whose target is its path in the folder.
 */

import { systemCode } from '../errors.ts';
import type { FileSystem, HeldDirectory } from '../system/file-system.ts';

export const STAGING_NAME = '.vault-apply.tmp';

/** A displaced file: `file` is where it lies now. */
export interface Displaced {
  readonly path: string;
  readonly file: string;
}

const PATH_ENDING = '.path';

export class StagingArea {
  readonly #fileSystem: FileSystem;
  readonly #root: HeldDirectory;
  readonly #held: HeldDirectory;
  #next = 0;

  private constructor(fileSystem: FileSystem, root: HeldDirectory, held: HeldDirectory) {
    this.#fileSystem = fileSystem;
    this.#root = root;
    this.#held = held;
  }

  /** Whether a run that was cut short may have left something. */
  static isThere(fileSystem: FileSystem, root: string): boolean {
    return fileSystem.statIfPresent(`${root}/${STAGING_NAME}`) !== undefined;
  }

  /** The area of the working copy at `root`, made if it is missing. Throws `FileError`. */
  static open(fileSystem: FileSystem, root: string): StagingArea {
    const held = fileSystem.hold(root);
    try {
      const path = `${held.path}/${STAGING_NAME}`;
      if (fileSystem.statIfPresent(path) === undefined) fileSystem.makeDirectory(path, 0o700);
      const area = new StagingArea(fileSystem, held, fileSystem.hold(path));
      area.#begin();
      return area;
    } catch (error) {
      held.close();
      throw error;
    }
  }

  /** A directory of the working copy, held with no symlink followed. Throws `FileError`. */
  hold(directory: string): HeldDirectory {
    return this.#walk(directory, false);
  }

  /** As {@link hold}, with what is missing made. */
  make(directory: string): HeldDirectory {
    return this.#walk(directory, true);
  }

  /** A new empty directory for files that are to be put into place. */
  makeReady(): string {
    const path = `${this.#held.path}/new/${this.#next++}`;
    this.#fileSystem.makeDirectory(path);
    return path;
  }

  /**
   * Where the file at a path of the folder may be put aside; who does not use it must {@link forget} it.
   * Nothing may be moved there before {@link syncAsides}.
   */
  makeAside(path: string): string {
    const file = `${this.#held.path}/old/${this.#next++}`;
    this.#fileSystem.makeSymlink(path, `${file}${PATH_ENDING}`);
    return file;
  }

  /** Makes durable which places belong to which paths: after a power cut they tell what lies there. */
  syncAsides(): void {
    this.#fileSystem.syncDirectory(`${this.#held.path}/old`);
  }

  /** Removes a displaced file whose content is known to be stored, or the place of one that never came. */
  forget(file: string): void {
    if (this.#fileSystem.statIfPresent(file) !== undefined) this.#fileSystem.removeFile(file);
    this.#fileSystem.removeFile(`${file}${PATH_ENDING}`);
  }

  /** Everything that lies aside. */
  *displaced(): Generator<Displaced> {
    const directory = `${this.#held.path}/old`;
    for (const { name } of this.#fileSystem.list(directory)) {
      if (!name.endsWith(PATH_ENDING)) continue;
      const path = this.#fileSystem.readSymlink(`${directory}/${name}`);
      yield { path, file: `${directory}/${name.slice(0, -PATH_ENDING.length)}` };
    }
  }

  /** Removes the area, unless something still lies aside: then it says so. */
  close(): { readonly isLeft: boolean } {
    let isLeft = true;
    try {
      this.#fileSystem.removeTree(`${this.#held.path}/new`);
      this.#fileSystem.removeDirectory(`${this.#held.path}/old`);
      isLeft = false;
    } catch (error) {
      const code = systemCode(error);
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    } finally {
      this.#held.close();
      if (!isLeft) this.#fileSystem.removeDirectory(`${this.#root.path}/${STAGING_NAME}`);
      this.#root.close();
    }
    return { isLeft };
  }

  #begin(): void {
    const { path } = this.#held;
    this.#fileSystem.removeTree(`${path}/new`);
    this.#fileSystem.makeDirectory(`${path}/new`, 0o700);
    if (this.#fileSystem.statIfPresent(`${path}/old`) === undefined) {
      this.#fileSystem.makeDirectory(`${path}/old`, 0o700);
    }
    const names = new Set(this.#fileSystem.list(`${path}/old`).map(({ name }) => name));
    for (const name of names) {
      this.#next = Math.max(this.#next, Number.parseInt(name, 10) + 1);
      // Only what is known to be stored is forgotten, and a power cut may undo one half of that.
      if (name.endsWith(PATH_ENDING) || names.has(name + PATH_ENDING)) continue;
      this.#fileSystem.removeFile(`${path}/old/${name}`);
    }
    this.#fileSystem.syncDirectory(path);
    this.#fileSystem.syncDirectory(this.#root.path);
  }

  #walk(directory: string, isMade: boolean): HeldDirectory {
    // Not by its own path, which is a symlink where directories are held.
    let held = this.#fileSystem.hold(`${this.#root.path}/.`);
    for (const name of directory.split('/').filter(Boolean)) {
      const parent = held;
      try {
        const path = `${parent.path}/${name}`;
        if (isMade && this.#fileSystem.statIfPresent(path) === undefined) {
          this.#fileSystem.makeDirectory(path);
        }
        held = this.#fileSystem.hold(path);
      } finally {
        parent.close();
      }
    }
    return held;
  }
}
