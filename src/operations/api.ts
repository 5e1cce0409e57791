/**
 * What users do, as one interface: options in, a stream of events on the way, a result at the end.
 * `vault.ts` implements it in this process; a local socket can serve it without a caller noticing.
 * Options, events and results are plain data. Sizes are bytes, times RFC 3339 UTC, ids hex.
 */

/** What happens on the way. Items are results, in order; the rest is for people. */
export type OperationEvent =
  | {
      readonly type: 'progress';
      readonly phase: string;
      readonly files: number;
      readonly bytes: number;
      readonly totalFiles?: number;
      readonly totalBytes?: number;
    }
  | { readonly type: 'item'; readonly item: Item }
  | { readonly type: 'warning'; readonly message: string; readonly path?: string };

/** One line of a result; `type` says which (`file`, `snapshot`, `slot`, …), as in CLI.md and docs/json. */
export type Item = { readonly type: string } & Readonly<Record<string, unknown>>;

/** A question only a person can answer. `ask` gives undefined where nobody can be asked. */
export interface Question {
  readonly kind: 'confirm';
  readonly text: string;
}

export interface OperationContext {
  /** Aborting ends the operation soon; everything durable stays so. */
  readonly signal: AbortSignal;
  emit(event: OperationEvent): void;
  /** True: go on. False: do not. Undefined: nobody to ask (then safety rules refuse with 23). */
  confirm(question: Question): Promise<boolean | undefined>;
}

/** Where a folder is meant: name, id, unique id prefix, or a path inside a working copy. */
export type FolderArgument = string;

export interface PathSelection {
  /** Given with -f. */
  readonly folder?: FolderArgument;
  /** As typed; relative to `cwd` when that lies inside the working copy, else to the folder's root. */
  readonly paths: readonly string[];
  /** Absolute current directory of the caller. */
  readonly cwd: string;
}

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

export interface LsOptions extends PathSelection {
  readonly at?: string;
  readonly recursive?: boolean;
}
export interface CatOptions extends PathSelection {
  readonly at?: string;
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

export interface FolderAddOptions {
  /** Absolute. */
  readonly path: string;
  readonly name?: string;
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

export interface KeyAddOptions {
  readonly kind: 'passphrase' | 'device-key';
  readonly label?: string;
  readonly passphrase?: string;
  /** Absolute path of the device key file; default inside the home. */
  readonly file?: string;
}

/** The operations of an open home. Every one may be killed and run again. */
export interface VaultApi {
  status(options: StatusOptions, context: OperationContext): Promise<StatusResult>;
  snapshot(options: SnapshotOptions, context: OperationContext): Promise<SnapshotResult>;
  snapshots(
    options: SnapshotsOptions,
    context: OperationContext,
  ): Promise<{ readonly snapshots: number; readonly damaged: number }>;
  /** `damaged`: names, or directories with names, that cannot be told any more. */
  ls(
    options: LsOptions,
    context: OperationContext,
  ): Promise<{ readonly entries: number; readonly damaged: number }>;
  /** Content pieces in order, each verified before it is given; `write` resolves when the sink can take more. */
  cat(
    options: CatOptions,
    write: (piece: Uint8Array) => Promise<void>,
    context: OperationContext,
  ): Promise<{ readonly bytes: number }>;
  /** Emits items of type `difference`. */
  diff(options: DiffOptions, context: OperationContext): Promise<DiffResult>;
  /** Emits items of type `version`, the newest first. */
  log(options: LogOptions, context: OperationContext): Promise<LogResult>;
  /** Emits an item of type `version`, or one of type `snapshot` and the versions that came with it. */
  show(options: ShowOptions, context: OperationContext): Promise<ShowResult>;
  /** Emits items of type `entry`, in order of path. */
  find(options: FindOptions, context: OperationContext): Promise<FindResult>;
  stats(options: StatsOptions, context: OperationContext): Promise<StatsResult>;
  restore(options: RestoreOptions, context: OperationContext): Promise<RestoreResult>;
  /** Emits items of type `change`, the same in a dry run. */
  revert(options: RevertOptions, context: OperationContext): Promise<ChangeBackResult>;
  /** As {@link revert}. Undoes this node's newest change that is not undone yet, below the paths given. */
  undo(options: ChangeBackOptions, context: OperationContext): Promise<UndoResult>;
  /** Emits items of type `conflict`, in order of path. */
  conflicts(options: ConflictsOptions, context: OperationContext): Promise<ConflictsResult>;
  /** Emits items of type `change`, the same in a dry run. */
  resolve(options: ResolveOptions, context: OperationContext): Promise<ResolveResult>;
  verify(options: VerifyOptions, context: OperationContext): Promise<VerifyResult>;

  folderAdd(options: FolderAddOptions, context: OperationContext): Promise<FolderResult>;
  folderList(context: OperationContext): Promise<{ readonly folders: number }>;
  /** Emits the folder as an item of type `folder`, and its settings. */
  folderShow(folder: FolderArgument, context: OperationContext): Promise<FolderResult>;
  folderSet(options: FolderSetOptions, context: OperationContext): Promise<FolderResult>;
  /** Says where the working copy lies from now on, and moves it there unless it was. */
  folderMove(options: FolderMoveOptions, context: OperationContext): Promise<FolderMoveResult>;
  folderLock(options: FolderLockOptions, context: OperationContext): Promise<FolderLockResult>;
  folderUnlock(
    options: FolderUnlockOptions,
    context: OperationContext,
  ): Promise<FolderUnlockResult>;
  /** Forgets the folder here: its store goes, working files stay. Asks; refused (23) where nobody can be asked and not `yes`. */
  folderRemove(
    options: { readonly folder: FolderArgument; readonly yes?: boolean; readonly dryRun?: boolean },
    context: OperationContext,
  ): Promise<FolderResult>;

  /** Emits items of type `slot`: `{slot, kind, label, created}`. */
  keyList(context: OperationContext): Promise<{ readonly slots: number }>;
  keyAdd(options: KeyAddOptions, context: OperationContext): Promise<{ readonly slot: string }>;
  keyRemove(
    options: { readonly slot: string },
    context: OperationContext,
  ): Promise<{ readonly slot: string }>;
  keyChangePassphrase(
    options: { readonly passphrase: string },
    context: OperationContext,
  ): Promise<{ readonly slot: string }>;
  /** Replaces the recovery code; the old one stops working. */
  keyRecoveryCode(
    context: OperationContext,
  ): Promise<{ readonly slot: string; readonly recoveryCode: string }>;

  configGet(
    key: string,
  ): Promise<{ readonly key: string; readonly value: string; readonly origin: 'set' | 'default' }>;
  configSet(key: string, value: string): Promise<{ readonly key: string; readonly value: string }>;
  /** Emits items of type `setting`. */
  configList(context: OperationContext): Promise<{ readonly settings: number }>;

  /** Idempotent; waits for what is durable to be so. */
  close(): Promise<void>;
}
