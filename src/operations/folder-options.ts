/** What a folder is added, set up, moved and locked with, and what comes of it. Plain data. */

import type { FolderArgument } from './operation.ts';

export interface FolderAddOptions {
  /** Absolute. */
  readonly path: string;
  readonly name?: string;
  /** Where this very directory is a folder already, tell which instead of refusing it; it stays as it is. */
  readonly orKnown?: boolean;
  readonly storedOnly?: boolean;
  /** Patterns by gitignore's rules, from the root. */
  readonly exclude?: readonly string[];
  /** Leave out what lies beside a `CACHEDIR.TAG`. */
  readonly excludeCaches?: boolean;
  /** Leave out what lies beside something of one of these names. */
  readonly excludeIfPresent?: readonly string[];
  /** Leave out files of more bytes. */
  readonly excludeLargerThan?: number;
  /** Leave out what is on another file system than the root. */
  readonly oneFileSystem?: boolean;
}

export interface FolderResult {
  readonly folder: string;
  readonly name: string;
  readonly path: string | null;
}

export interface FolderAddResult extends FolderResult {
  /** Whether it was a folder before. */
  readonly known: boolean;
}

export interface FolderMoveOptions {
  readonly folder: FolderArgument;
  /** Absolute: where the working copy lies by now, or is to lie. */
  readonly path: string;
  /** Go on where a safety rule stopped. */
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

export interface FolderMoveResult extends FolderResult {
  /** `adopted`: it lay there already; `renamed`: it was moved there. */
  readonly how: 'adopted' | 'renamed';
}

export interface FolderLockOptions {
  readonly folder: FolderArgument;
  /** Go on where a safety rule stopped. */
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

export interface FolderLockResult extends FolderResult {
  readonly lockedAt: string;
  /** What was dropped: files and symlinks, directories, bytes of files. */
  readonly files: number;
  readonly dirs: number;
  readonly bytes: number;
  /** Versions of what was not recorded yet, and now is. */
  readonly recorded: number;
  /** Recorded files that stay because they changed meanwhile or cannot be removed. */
  readonly kept: number;
  /** Sources that could not be read, and stay. */
  readonly errors: number;
  readonly seconds: number;
}

export interface FolderUnlockOptions {
  readonly folder: FolderArgument;
  /** Absolute; default where it lay. */
  readonly to?: string;
}

export interface FolderUnlockResult extends FolderResult {
  /** True where not everything could be given back: then the folder stays locked. */
  readonly locked: boolean;
  readonly files: number;
  readonly dirs: number;
  readonly bytes: number;
  /** Files that were there already. */
  readonly skipped: number;
  readonly errors: number;
  readonly damaged: number;
  readonly seconds: number;
}

export interface FolderSetOptions {
  readonly folder: FolderArgument;
  /** Setting names and values as typed, in order; `name` renames. */
  readonly settings: readonly { readonly key: string; readonly value: string }[];
}
