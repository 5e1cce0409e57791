/** The shapes of the log: what entries, links, bodies and the other records say. No behaviour. */

import type { Manifest } from '../chunking/manifest.ts';

/** Lower-case hex, 64 digits: hash(node signing key, folder id, incarnation), or of a fork's branch. */
export type LogId = string;
/** Lower-case hex, 64 digits: an Ed25519 public key. */
export type NodeId = string;
/** Lower-case hex, 32 digits: the first half of the hash of the rotation record that made the epoch. */
export type EpochId = string;

/**
 * Microseconds since 1970 of a hybrid logical clock: the wall clock, pushed forward just enough that
 * it is greater than every time its author had seen. Stays below 2^53 until the year 2255.
 */
export type HybridTime = number;

/** The name of one record: its log, the entry's sequence number (from 0), its place in the entry. */
export interface Dot {
  readonly log: LogId;
  readonly seq: number;
  readonly index: number;
}

/** A dot with the first 8 bytes of its entry's hash, so that branches of a fork are told apart. */
export interface Parent extends Dot {
  readonly hash8: Uint8Array;
}

export type VersionKind = 'file' | 'symlink' | 'directory' | 'deletion';

/** The part of a version that stays until a checkpoint covers it. */
export interface Link {
  /** Relative to the folder root, `/` between names, text form of `path-bytes.ts`. */
  readonly path: string;
  readonly kind: VersionKind;
  readonly time: HybridTime;
  /** The versions this one supersedes. Those at other paths make it a rename. */
  readonly parents: readonly Parent[];
  /**
   * 16 bytes of a keyed hash over what makes contents equal: manifest, size, executable bit, symlink
   * target; not the modification time. Empty for directories and deletions.
   */
  readonly digest: Uint8Array;
}

/** A link together with its name. */
export interface NamedLink extends Link {
  readonly dot: Dot;
  /** First 8 bytes of the hash of the entry that holds it. */
  readonly hash8: Uint8Array;
}

/** The part of a version that retention may drop. */
export interface Body {
  readonly manifest: Manifest | undefined;
  readonly mtimeNs: bigint;
  readonly executable: boolean;
  readonly symlink: string | undefined;
  /** The file changed while it was read, each time it was tried. */
  readonly unstable: boolean;
}

/** Map from log to the number of entries seen: entries with seq < n. Absent means 0. */
export type VectorClock = ReadonlyMap<LogId, number>;

export type Role = 'manage' | 'write' | 'read';

/** The last entry of one log, signed by its node. */
export interface Head {
  readonly log: LogId;
  readonly seq: number;
  readonly hash: Uint8Array;
  readonly signature: Uint8Array;
}

export interface SnapshotRecord {
  readonly type: 'snapshot';
  /** 16 random bytes. */
  readonly id: Uint8Array;
  readonly time: HybridTime;
  readonly clock: VectorClock;
  readonly message: string;
  readonly tags: readonly string[];
  readonly pinned: boolean;
}

/** Who made the folder, and this log's owner: the first record of every log. */
export interface LogStartRecord {
  readonly type: 'log-start';
  readonly node: NodeId;
  readonly nodeName: string;
  /** 16 random bytes: the log id is made from these, the node and the folder id. */
  readonly incarnation: Uint8Array;
  /**
   * Only in logs of the folder's creator: the 32 random bytes that, hashed with the creator's key,
   * give the folder id. This is what the chain of admissions hangs on.
   */
  readonly folderSalt: Uint8Array | undefined;
  /** The log this one goes on from after a restore or a fork, with its last known head. */
  readonly previous:
    { readonly log: LogId; readonly seq: number; readonly hash: Uint8Array } | undefined;
}

export interface MemberRecord {
  readonly type: 'member';
  readonly action: 'admit' | 'role' | 'remove';
  readonly node: NodeId;
  /** X25519 key that secrets are sealed to. */
  readonly exchangeKey: Uint8Array;
  readonly role: Role;
  /** For removals and demotions: per known log of the node, the last accepted entry; unknown logs are cut at 0. */
  readonly cutoffs: readonly {
    readonly log: LogId;
    readonly seq: number;
    readonly hash: Uint8Array;
  }[];
  /** Hashes of the membership records this one was made on top of. */
  readonly after: readonly Uint8Array[];
  readonly time: HybridTime;
  /** Node that states it, and its signature over the record without this field. */
  readonly by: NodeId;
  readonly signature: Uint8Array;
}

/** A new epoch of content secrets, sealed to every member the author knew. */
export interface RotationRecord {
  readonly type: 'rotation';
  /** Epochs this one comes after. */
  readonly after: readonly EpochId[];
  readonly recipients: readonly { readonly node: NodeId; readonly sealed: Uint8Array }[];
  readonly time: HybridTime;
}

/** Stands for the prefix of a log: what its clock covers and its links do not list is dead. */
export interface CheckpointRecord {
  readonly type: 'checkpoint';
  readonly clock: VectorClock;
  /** Hash of the last entry covered, for each log of the clock. */
  readonly hashes: ReadonlyMap<LogId, Uint8Array>;
  readonly live: readonly NamedLink[];
  readonly time: HybridTime;
}

/** What this node no longer wants, and which only an explicit fetch brings back. Kept local, never announced. */
export interface DropSetRecord {
  readonly type: 'drop-set';
  readonly action: 'drop' | 'restore';
  readonly dots: readonly Dot[];
  readonly snapshots: readonly Uint8Array[];
  readonly time: HybridTime;
}

export type OtherRecord =
  | SnapshotRecord
  | LogStartRecord
  | MemberRecord
  | RotationRecord
  | CheckpointRecord
  | DropSetRecord;
