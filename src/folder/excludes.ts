/** What a folder's settings leave out of it on this node, beside its `.vaultignore` files. Plain data. */

export interface Excludes {
  /** Patterns of `--exclude`, in order: gitignore rules from the folder's root. */
  readonly patterns: readonly string[];
  /** Contents of directories below the root that hold a `CACHEDIR.TAG` (bford.info/cachedir). */
  readonly caches: boolean;
  /** Contents of directories below the root that hold anything of one of these names. */
  readonly ifPresent: readonly string[];
  /** Files of more bytes than this. */
  readonly largerThan: number | undefined;
  /** Contents of directories on another file system than the root. */
  readonly oneFileSystem: boolean;
}

/** Nothing is left out. */
export const noExcludes: Excludes = {
  patterns: [],
  caches: false,
  ifPresent: [],
  largerThan: undefined,
  oneFileSystem: false,
};
