import { existsSync, renameSync } from 'node:fs';

/**
 * One place that holds now this, now that: files or directories of the same file system, swapped by
 * renaming, as a program that saves a new file over an old one does.
 */
export class Alternatives {
  readonly #place: string;
  readonly #paths: readonly string[];

  /** `paths` exist, `place` does not. */
  constructor(place: string, paths: readonly string[]) {
    this.#place = place;
    this.#paths = paths;
  }

  /** Puts the one at `index` into the place. Throws `RangeError` for one there is not. */
  show(index: number): void {
    const wanted = this.#paths[index];
    if (wanted === undefined) throw new RangeError(`expected an alternative, got ${index}`);
    const shown = this.#paths.find((path) => !existsSync(path));
    if (shown === wanted) return;
    if (shown !== undefined) renameSync(this.#place, shown);
    renameSync(wanted, this.#place);
  }
}
