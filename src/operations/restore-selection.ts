/** Which paths `--include` and `--exclude` choose. */

import { globMatcher } from './glob.ts';

export class RestoreSelection {
  readonly #include: readonly ((path: string) => boolean)[];
  readonly #exclude: readonly ((path: string) => boolean)[];

  /** Throws `VAULT_USAGE` for patterns that cannot be. */
  constructor(options: {
    readonly include?: readonly string[];
    readonly exclude?: readonly string[];
  }) {
    this.#include = (options.include ?? []).map(globMatcher);
    this.#exclude = (options.exclude ?? []).map(globMatcher);
  }

  isWanted(path: string): boolean {
    const isIncluded = this.#include.length === 0 || this.#include.some((matches) => matches(path));
    return isIncluded && !this.isExcluded(path);
  }

  /** Of a directory: with all that is below. */
  isExcluded(path: string): boolean {
    return this.#exclude.some((matches) => matches(path));
  }
}
