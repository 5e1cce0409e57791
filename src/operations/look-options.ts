/** What looking at what is recorded is asked with, and what comes of it. Plain data. */

import type { PathSelection } from './operation.ts';

export interface LogOptions extends PathSelection {
  /** At most so many versions. */
  readonly limit?: number;
  /** Only what came after this moment. */
  readonly since?: string;
}

export interface LogResult {
  readonly versions: number;
  /** Versions, or entries with versions, that cannot be read. */
  readonly damaged: number;
}

export interface ShowOptions extends Omit<PathSelection, 'paths'> {
  /** A version or snapshot: an id, its unique prefix, or a tag. */
  readonly id: string;
  /** Of a snapshot, at most so many of the versions that came with it. */
  readonly limit?: number;
}

export type ShowResult = LogResult;

export interface FindOptions extends Omit<PathSelection, 'paths'> {
  readonly pattern: string;
  readonly at?: string;
  /** Also names that are no longer there. */
  readonly all?: boolean;
  readonly ignoreCase?: boolean;
}

export interface FindResult {
  readonly entries: number;
  /** How many of the entries are no longer there. */
  readonly deleted: number;
  readonly damaged: number;
}

export interface LsOptions extends PathSelection {
  readonly at?: string;
  readonly recursive?: boolean;
}

export interface CatOptions extends PathSelection {
  readonly at?: string;
  /** Ask other nodes for contents that are not here. */
  readonly fetch?: boolean;
}

/** Of `paths`, the first may be a second WHEN; `./` before a name makes it a path. */
export interface DiffOptions extends PathSelection {
  /** WHEN to compare from. */
  readonly from: string;
  /** With what `git apply` and `patch` take. */
  readonly patch?: boolean;
}

/** Paths by what became of them. A file that became something else counts under `kind`. */
export interface DiffCounts {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly renamed: number;
  /** Only the executable bit differs. */
  readonly mode: number;
  readonly kind: number;
}

export interface DiffResult extends DiffCounts {
  readonly folder: string;
  /** What cannot be told any more: exit 22. */
  readonly damaged: number;
}
