/**
 * A directory of a restore's destination, made or entered when something is to go there, and kept open
 * while anything may still be written into it: what is held cannot be swapped for a symlink.
 */

import { dirname } from 'node:path';
import { systemCode } from '../errors.ts';
import { join, lastName } from '../folder-path.ts';
import type { FileSystem, HeldDirectory } from '../system/file-system.ts';
import type { DestinationPreview } from './destination.ts';

export interface PlaceParts {
  readonly fileSystem: FileSystem;
  /** Whether what stands where a directory is to be may be removed, if it is none. */
  readonly mayReplace: boolean;
  /** In a dry run. */
  readonly preview: DestinationPreview | undefined;
  readonly onEntered: () => void;
  /** Something is in the way: nothing of this directory can be restored. */
  readonly onBlocked: (path: string, error: unknown) => void;
}

export class Place {
  /** Of the directory in the folder. */
  readonly path: string;
  readonly #parts: PlaceParts;
  readonly #parent: Place | undefined;
  #state: 'new' | 'entered' | 'blocked' = 'new';
  #isNew = false;
  #held: HeldDirectory | undefined;
  /** In a dry run, undefined where a real run would make it. */
  #where: string | undefined;
  #uses = 1;

  private constructor(parts: PlaceParts, path: string, parent: Place | undefined) {
    this.#parts = parts;
    this.path = path;
    this.#parent = parent;
  }

  /** The destination itself, made if it is missing. Throws `FileError`. */
  static top(parts: PlaceParts, to: string): Place {
    const { fileSystem, preview } = parts;
    const top = new Place(parts, '', undefined);
    if (preview === undefined) {
      fileSystem.makeDirectories(to);
      top.#held = fileSystem.hold(fileSystem.realPath(to));
      top.#where = top.#held.path;
    } else top.#where = realPathIfPresent(fileSystem, to);
    top.#state = 'entered';
    return top;
  }

  /** A directory in this one; nothing is made yet. */
  child(name: string): Place {
    return new Place(this.#parts, join(this.path, name), this);
  }

  /** Where its files go; in a dry run undefined where a real run would make it. */
  get where(): string | undefined {
    return this.#where;
  }

  /** Whether it was made by entering it: then nothing was in it. */
  get isNew(): boolean {
    return this.#isNew;
  }

  get isBlocked(): boolean {
    return this.#state === 'blocked';
  }

  /** Makes or enters it, with those above it. False where something is in the way, which is told once. */
  enter(): boolean {
    if (this.#state !== 'new') return this.#state === 'entered';
    if (this.#parent?.enter() === false) {
      this.#state = 'blocked';
      return false;
    }
    try {
      this.#open(this.#parent?.where);
      this.#state = 'entered';
      this.#parts.onEntered();
    } catch (error) {
      this.#state = 'blocked';
      this.#parts.onBlocked(this.path, error);
    }
    return this.#state === 'entered';
  }

  /** Keeps it open until the function that is returned was called. */
  use(): () => void {
    this.#uses++;
    return () => this.release();
  }

  /** Ends the use that came with making it. */
  release(): void {
    if (--this.#uses === 0) this.#held?.close();
  }

  #open(parent: string | undefined): void {
    const { fileSystem, mayReplace, preview } = this.#parts;
    const name = lastName(this.path);
    if (preview !== undefined) {
      this.#where = preview.enter(parent, name);
      return;
    }
    const directory = `${parent}/${name}`;
    const there = this.#parent?.isNew === true ? undefined : fileSystem.statIfPresent(directory);
    if (there !== undefined && there.kind !== 'directory' && mayReplace) {
      fileSystem.removeFile(directory);
    }
    if (there?.kind !== 'directory') {
      fileSystem.makeDirectory(directory);
      this.#isNew = true;
    }
    this.#held = fileSystem.hold(directory);
    this.#where = this.#held.path;
  }
}

/** The canonical path of a directory, undefined where there is none. */
function realPathIfPresent(fileSystem: FileSystem, path: string): string | undefined {
  try {
    return fileSystem.realPath(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' && dirname(path) !== path) return undefined;
    throw error;
  }
}
