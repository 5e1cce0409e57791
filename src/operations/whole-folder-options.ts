/** What is asked of whole folders, and what comes of it: status, snapshots, sums, verification. Plain data. */

import type { FolderArgument } from './operation.ts';

export interface StatusOptions {
  readonly folders: readonly FolderArgument[];
  /** Emit an item of type `ignored` for each name that is left out; nothing below one is looked at. */
  readonly ignored?: boolean;
}

export interface StatusResult {
  /** Whether anything is open: pending changes, conflicts, problems, a folder missing. */
  readonly open: boolean;
  readonly folders: number;
  readonly pending: number;
  readonly conflicts: number;
}

export interface SnapshotOptions {
  readonly folders: readonly FolderArgument[];
  readonly message?: string;
  readonly tags?: readonly string[];
  readonly pin?: boolean;
  readonly skipUnchanged?: boolean;
  /** Go on where a safety rule stopped. */
  readonly yes?: boolean;
  /** Emit an item of type `change` for each path that is not as in the previous snapshot. */
  readonly listChanges?: boolean;
  /**
   * Store and record nothing: emit an item of type `would-record` for each path, judged by size and
   * times without reading it; `snapshot` and what storing would cost are then null and 0.
   */
  readonly dryRun?: boolean;
}

/** Per folder (as item of type `result`) and as totals. */
export interface SnapshotResult {
  readonly folder: string | null;
  readonly snapshot: string | null;
  readonly files: number;
  readonly dirs: number;
  readonly bytes: number;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly unchanged: number;
  readonly newChunks: number;
  readonly newBytes: number;
  readonly storedBytes: number;
  /** Sources that were unreadable, vanished as roots, or never stood still. */
  readonly errors: number;
  readonly seconds: number;
}

export interface SnapshotsOptions {
  readonly folders: readonly FolderArgument[];
  /** Absolute; where no folder is named, the one that holds it is meant. Undefined: all of them. */
  readonly cwd?: string;
}

export interface StatsOptions {
  readonly folders: readonly FolderArgument[];
  /** Absolute; where no folder is named, the one that holds it is meant. Undefined: all of them. */
  readonly cwd?: string;
}

/** Sums over the folders, and what the home itself takes. */
export interface StatsResult extends FolderStats {
  readonly folders: number;
  /** Absolute. */
  readonly home: string;
  /** Bytes of all files of the home, as many as they claim. */
  readonly homeBytes: number;
  readonly reserveBytes: number;
  /** Whether the reserve is all it should be. */
  readonly reserveWhole: boolean;
  readonly damaged: number;
  readonly seconds: number;
}

/** Also the fields of an item of type `result`, beside `folder`, `name` and `path`. */
export interface FolderStats {
  /** Files and symlinks that are there now, as last recorded. */
  readonly files: number;
  readonly dirs: number;
  /** Bytes of these files. */
  readonly bytes: number;
  readonly versions: number;
  readonly entries: number;
  readonly snapshots: number;
  /** Different contents among the versions. */
  readonly contents: number;
  /** Bytes of these contents. */
  readonly plainBytes: number;
  /** Stored chunks and manifest nodes. */
  readonly chunks: number;
  /** Bytes of these as stored. */
  readonly storedBytes: number;
  /** Bytes of the databases' files. */
  readonly chunksBytes: number;
  readonly metaBytes: number;
  /** Table files of both. */
  readonly tables: number;
}

export interface VerifyOptions {
  readonly folders: readonly FolderArgument[];
  /** Open and re-hash every stored byte. */
  readonly read?: boolean;
  readonly maxDurationMs?: number;
  /** Read only this many chunks, chosen at random. */
  readonly sample?: number;
}

export interface VerifyResult {
  readonly folders: number;
  readonly chunks: number;
  readonly bytes: number;
  readonly versions: number;
  /** Items of type `damage` that were emitted: chunk → files → versions. */
  readonly damaged: number;
  /** Derived data that was rebuilt. */
  readonly mended: number;
  /** False where a time limit or sample left something unread. */
  readonly complete: boolean;
  readonly seconds: number;
}
