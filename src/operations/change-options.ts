/** What gives files back, and settles what they hold, is asked with, and what comes of it. Plain data. */

import type { PathSelection } from './operation.ts';

export interface RestoreOptions extends PathSelection {
  /** Absolute directory; need not exist. */
  readonly to: string;
  readonly at?: string;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  /** Default `never`. */
  readonly overwrite?: 'never' | 'if-changed' | 'always';
  readonly verify?: boolean;
  readonly dryRun?: boolean;
  /** Ask other nodes for contents that are not here. */
  readonly fetch?: boolean;
}

export interface RestoreResult {
  readonly folder: string;
  readonly files: number;
  readonly dirs: number;
  readonly bytes: number;
  readonly skipped: number;
  readonly errors: number;
  readonly seconds: number;
  /** Some content is missing or damaged: exit 22. */
  readonly damaged: number;
}

/** Options of what changes a working copy back. */
export interface ChangeBackOptions extends PathSelection {
  /** Go on where a safety rule stopped. */
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

export interface RevertOptions extends ChangeBackOptions {
  readonly at: string;
}

export interface ChangeBackResult {
  readonly folder: string;
  /** The snapshot that holds the state before; null in a dry run, and where nothing had to change and none does. */
  readonly before: string | null;
  /** Versions of edits that were not recorded yet, and now are. */
  readonly recorded: number;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  /** Paths left as they are because they changed meanwhile, or hold what is not recorded. */
  readonly skipped: number;
  /** Contents that cannot be given: exit 22. */
  readonly damaged: number;
  /** Paths that the system does not let us change. */
  readonly errors: number;
  readonly seconds: number;
}

export interface UndoResult extends ChangeBackResult {
  /** When what was undone was recorded. */
  readonly time: string;
}

export type ConflictsOptions = PathSelection;

export interface ConflictsResult {
  readonly folder: string;
  readonly conflicts: number;
  /** Names, or directories with names, of which nothing certain can be told any more. */
  readonly damaged: number;
}

export interface ResolveOptions extends Omit<PathSelection, 'paths'> {
  /** The path of a conflict, or of one of its copies. */
  readonly path: string;
  /** `shown`, `both`, or the id of one of its versions or the unique start of one. */
  readonly keep: string;
  /** Go on where a safety rule stopped. */
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

export interface ResolveResult {
  readonly folder: string;
  /** Of the conflict. */
  readonly path: string;
  /** Ids of the versions that are kept; of a directory that nobody made, none. */
  readonly kept: readonly string[];
  /** Paths that hold them from now on. */
  readonly paths: readonly string[];
  /** Versions of edits that were not recorded yet, and now are. */
  readonly recorded: number;
  readonly changed: number;
  readonly removed: number;
  /** Paths left as they are because they changed meanwhile: there the conflict stays open. */
  readonly skipped: number;
  /** Paths that the system does not let us change. */
  readonly errors: number;
  readonly seconds: number;
}
