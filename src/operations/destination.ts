/** What a restore finds at its destination, and whether it may write there. Changes nothing. */

import type { RestoreFile } from '../folder/packed-files.ts';
import { decideFile, type Overwrite, type RestoredFile } from '../folder/restore-files.ts';
import { FileError, type FileSystem } from '../system/file-system.ts';

type Decision = Exclude<RestoredFile, { readonly status: 'damaged' }>;

/** What is to become of a symlink: `written` is still to be done. */
export function decideSymlink(
  fileSystem: FileSystem,
  path: string,
  target: string,
  overwrite: Overwrite,
): Decision {
  const there = fileSystem.statIfPresent(path);
  if (there === undefined) return { status: 'written' };
  if (there.kind === 'directory') return { status: 'failed', message: 'a directory is in the way' };
  const isSame = there.kind === 'symlink' && fileSystem.readSymlink(path) === target;
  if (isSame) return { status: 'same' };
  return { status: overwrite === 'never' ? 'kept' : 'written' };
}

/** A destination as a dry run sees it; directories are paths, undefined where a real run would make them. */
export class DestinationPreview {
  readonly #fileSystem: FileSystem;
  readonly #overwrite: Overwrite;

  constructor(fileSystem: FileSystem, overwrite: Overwrite) {
    this.#fileSystem = fileSystem;
    this.#overwrite = overwrite;
  }

  /** A directory below `place`. Throws `FileError` where a real run could not enter it. */
  enter(place: string | undefined, name: string): string | undefined {
    if (place === undefined) return undefined;
    const path = `${place}/${name}`;
    const there = this.#fileSystem.statIfPresent(path);
    if (there?.kind === 'directory') return path;
    if (there !== undefined && this.#overwrite !== 'always') {
      throw new FileError('EEXIST', 'make directory', path);
    }
    return undefined;
  }

  file(place: string | undefined, file: RestoreFile): RestoredFile {
    if (place === undefined) return { status: 'written' };
    const path = `${place}/${file.name}`;
    return decideFile(this.#fileSystem, path, this.#overwrite, file) ?? { status: 'written' };
  }

  symlink(place: string | undefined, name: string, target: string): Decision {
    if (place === undefined) return { status: 'written' };
    return decideSymlink(this.#fileSystem, `${place}/${name}`, target, this.#overwrite);
  }
}
