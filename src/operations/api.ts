/**
 * What users do, as one interface: options in, a stream of events on the way, a result at the end.
 * `vault.ts` implements it in this process; a local socket can serve it without a caller noticing.
 * Options, events and results are plain data. Sizes are bytes, times RFC 3339 UTC, ids hex.
 */

import type {
  ChangeBackOptions,
  ChangeBackResult,
  ConflictsOptions,
  ConflictsResult,
  ResolveOptions,
  ResolveResult,
  RestoreOptions,
  RestoreResult,
  RevertOptions,
  UndoResult,
} from './change-options.ts';
import type {
  FolderAddOptions,
  FolderAddResult,
  FolderLockOptions,
  FolderLockResult,
  FolderMoveOptions,
  FolderMoveResult,
  FolderResult,
  FolderSetOptions,
  FolderUnlockOptions,
  FolderUnlockResult,
} from './folder-options.ts';
import type {
  CatOptions,
  DiffOptions,
  DiffResult,
  FindOptions,
  FindResult,
  LogOptions,
  LogResult,
  LsOptions,
  ShowOptions,
  ShowResult,
} from './look-options.ts';
import type {
  InviteListOptions,
  InviteOptions,
  InviteResult,
  InviteRevokeOptions,
  JoinOptions,
  JoinResult,
  MemberListOptions,
  MemberRemoveOptions,
  MemberResult,
  MemberRoleOptions,
} from './member-options.ts';
import type { DenyOptions, DenyResult } from './deny.ts';
import type { FolderArgument, OperationContext } from './operation.ts';
import type { PeerAddressOptions, PeerAddressResult, PeerListResult } from './peers.ts';
import type { SyncOptions, SyncResult } from './sync.ts';
import type {
  SnapshotOptions,
  SnapshotResult,
  SnapshotsOptions,
  StatsOptions,
  StatsResult,
  StatusOptions,
  StatusResult,
  VerifyOptions,
  VerifyResult,
} from './whole-folder-options.ts';

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

  folderAdd(options: FolderAddOptions, context: OperationContext): Promise<FolderAddResult>;
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

  /** Makes a line that another node joins a folder with. */
  invite(options: InviteOptions, context: OperationContext): Promise<InviteResult>;
  /** Emits items of type `invite`, the newest first: without their secrets. */
  inviteList(
    options: InviteListOptions,
    context: OperationContext,
  ): Promise<{ readonly invites: number }>;
  /** Takes an invite back. Who joined with it stays a member. */
  inviteRevoke(
    options: InviteRevokeOptions,
    context: OperationContext,
  ): Promise<{ readonly id: string; readonly state: 'revoked' | 'used' }>;
  /** Makes a folder of other nodes here, once its issuer admitted this one; content comes later. */
  join(options: JoinOptions, context: OperationContext): Promise<JoinResult>;

  /** Emits items of type `member`: members, then former ones. */
  memberList(
    options: MemberListOptions,
    context: OperationContext,
  ): Promise<{ readonly members: number; readonly former: number }>;
  /** Asks; refused (23) where nobody can be asked and not `yes`, and for the last manager. */
  memberRemove(options: MemberRemoveOptions, context: OperationContext): Promise<MemberResult>;
  memberRole(options: MemberRoleOptions, context: OperationContext): Promise<MemberResult>;

  /** Emits items of type `slot`: `{slot, kind, label, created}`. */
  keyList(context: OperationContext): Promise<{ readonly slots: number }>;
  keyAdd(options: KeyAddOptions, context: OperationContext): Promise<{ readonly slot: string }>;
  keyRemove(
    options: { readonly slot: string },
    context: OperationContext,
  ): Promise<{ readonly slot: string }>;
  /** Replaces the passphrase of the slot that opened the home: `openedBy`, where a daemon was given another secret since. */
  keyChangePassphrase(
    options: { readonly passphrase: string; readonly openedBy?: string },
    context: OperationContext,
  ): Promise<{ readonly slot: string }>;
  /** Replaces the recovery code; the old one stops working. */
  keyRecoveryCode(
    context: OperationContext,
  ): Promise<{ readonly slot: string; readonly recoveryCode: string }>;

  /** Emits an item of type `result` for each folder. Throws `VAULT_NO_PEER` where nobody is reachable. */
  sync(options: SyncOptions, context: OperationContext): Promise<SyncResult>;
  /** Emits items of type `peer`. */
  peerList(context: OperationContext): Promise<PeerListResult>;
  peerAdd(options: PeerAddressOptions, context: OperationContext): Promise<PeerAddressResult>;
  peerRemove(
    options: Pick<PeerAddressOptions, 'address'>,
    context: OperationContext,
  ): Promise<PeerAddressResult>;
  /** Locks a node out here: open channels close before this resolves. */
  deny(options: DenyOptions, context: OperationContext): Promise<DenyResult>;
  allow(options: DenyOptions, context: OperationContext): Promise<DenyResult>;

  configGet(
    key: string,
  ): Promise<{ readonly key: string; readonly value: string; readonly origin: 'set' | 'default' }>;
  configSet(key: string, value: string): Promise<{ readonly key: string; readonly value: string }>;
  /** Emits items of type `setting`. */
  configList(context: OperationContext): Promise<{ readonly settings: number }>;

  /** Idempotent; waits for what is durable to be so. */
  close(): Promise<void>;
}
