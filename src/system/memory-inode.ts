/** What a simulated file system is made of. */

import type { MemoryContent } from './memory-content.ts';
import { PAGE_BYTES } from './sparse-content.ts';

interface InodeBase {
  readonly number: bigint;
  mode: number;
  mtimeNs: bigint;
  ctimeNs: bigint;
  readonly bornNs: bigint;
  /** Names. */
  links: number;
  /** Open files and held directories: an inode without names lives on until the last is closed. */
  handles: number;
}

export interface FileInode extends InodeBase {
  readonly kind: 'file';
  readonly content: MemoryContent;
  /** Mode and time as they are on the drive. */
  durable: { readonly mode: number; readonly mtimeNs: bigint };
}

export interface DirectoryInode extends InodeBase {
  readonly kind: 'directory';
  /** By key: the name, folded where the file system does not tell cases apart. */
  readonly entries: Map<string, Entry>;
  /** The entries as they are on the drive. */
  readonly durable: Map<string, Entry>;
  /** Itself for the root. */
  parent: DirectoryInode;
}

export interface SymlinkInode extends InodeBase {
  readonly kind: 'symlink';
  readonly target: string;
}

/** A FIFO, say: there, but nothing to read. */
export interface OtherInode extends InodeBase {
  readonly kind: 'other';
}

export type Inode = FileInode | DirectoryInode | SymlinkInode | OtherInode;

export interface Entry {
  readonly name: string;
  readonly inode: Inode;
}

/** What an inode takes of the capacity besides content. */
export const INODE_BYTES = 256;

/** All of the capacity that an inode takes. */
export function bytesTaken(inode: Inode): number {
  return INODE_BYTES + (inode.kind === 'file' ? inode.content.pages * PAGE_BYTES : 0);
}
