/** What invites and members are told by, and what comes of them. Plain data. */

import type { Role } from '../log/types.ts';
import type { FolderArgument } from './operation.ts';

export interface InviteOptions {
  readonly folder: FolderArgument;
  /** Default `write`. */
  readonly role?: Role;
  /** In milliseconds from now. */
  readonly expiresMs?: number;
  /** Where this node can be reached, as others see it; default what it knows of itself. */
  readonly addresses?: readonly string[];
}

export interface InviteResult {
  readonly folder: string;
  readonly name: string;
  /** Names the invite; tells nothing of its secret. */
  readonly id: string;
  /** The line to hand over: whoever has it can join. */
  readonly invite: string;
  readonly role: Role;
  readonly expires: string;
  readonly addresses: readonly string[];
}

export interface InviteListOptions {
  /** Default the invites of all folders. */
  readonly folder?: FolderArgument;
}

export interface InviteRevokeOptions {
  /** An id or its beginning, as listed. */
  readonly id: string;
}

export interface JoinOptions {
  /** The line as it was pasted. */
  readonly invite: string;
  /** Absolute, where the working copy is to lie; default a directory of the folder's name in {@link cwd}. */
  readonly path?: string;
  /** Absolute current directory of the caller. */
  readonly cwd: string;
  /** What the folder is called here; default as where it comes from. */
  readonly name?: string;
  readonly storedOnly?: boolean;
}

export interface JoinResult {
  readonly folder: string;
  readonly name: string;
  readonly path: string | null;
  readonly role: Role;
  /** Node that admitted. */
  readonly issuer: string;
  /** Whether the folder was here before: then only what opens it was brought up to date. */
  readonly known: boolean;
}

export interface MemberListOptions {
  readonly folder: FolderArgument;
}

export interface MemberRemoveOptions {
  readonly folder: FolderArgument;
  /** What a node calls itself, its id or a unique beginning of that. */
  readonly node: string;
  /** Go on without asking. */
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

export interface MemberRoleOptions {
  readonly folder: FolderArgument;
  readonly node: string;
  readonly role: Role;
}

export interface MemberResult {
  readonly folder: string;
  readonly name: string;
  readonly node: string;
  /** As it calls itself; null where none of its logs is here. */
  readonly nodeName: string | null;
  /** Null where it is a member no more. */
  readonly role: Role | null;
  /** False where it was so before. */
  readonly changed: boolean;
}
