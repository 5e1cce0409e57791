/**
 * Watching a tree of directories. What a watch tells are hints where to look again, never what happened:
 * each may come late, twice, for nothing, or not at all, and whoever looks finds out.
 */

export interface WatchEvents {
  /**
   * Something may have changed at a name in a directory; any name where it is undefined. The directory is
   * relative to the root of the tree, `''` for the root itself.
   */
  readonly onHint: (directory: string, name: string | undefined) => void;
  /** Hints were lost: anything may have changed. */
  readonly onOverflow: () => void;
  /** What keeps the watch from telling all; undefined once nothing does. */
  readonly onTrouble: (trouble: WatchTrouble | undefined) => void;
}

export interface WatchTrouble {
  readonly message: string;
  /** What its user can do about it. */
  readonly remedy: string;
}

/** A watch of one tree. Nothing of it throws: what cannot be watched is told as trouble. */
export interface TreeWatch {
  /**
   * A directory is about to be listed: what changes in it from now on is told. Entering the root (`''`)
   * begins a look at everything: what failed before is tried again. Nothing where it is watched already.
   */
  enter(directory: string): void;
  /** As {@link enter}, for one in which something changed: watched rather than others where not all can be. */
  prefer(directory: string): void;
  /** Whether a directory is not watched, and could be. */
  lacks(directory: string): boolean;
  /** Nothing is told from then on. Idempotent. */
  close(): Promise<void>;
}

/** Begins to watch the tree below an absolute path; nothing is watched before it is entered. */
export type StartWatch = (root: string, events: WatchEvents) => TreeWatch;
