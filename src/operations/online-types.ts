/** What a node that is online is asked for and tells: {@link Online} is made by `goOnline`. Times in milliseconds. */

import type { NodeId } from '../log/types.ts';
import type { DialAs } from '../net/join-call.ts';
import type { PeerConnection } from '../net/peer-connection.ts';
import type { PeerKey } from '../net/peer-keeper.ts';
import type { Begin } from '../net/transport.ts';
import type { Exchange } from './exchange.ts';

/** The issuer's side of invites: who may come in with one, and what becomes of them. */
export interface Admissions {
  /** Shared key of the invite of this id, where it is open, or already that of this peer. */
  openInvite(id: Uint8Array, peer: Uint8Array): Uint8Array | undefined;
  /** Takes the connection of somebody who proved to have an invite, as a member's is taken. */
  readonly begin: Begin<PeerConnection>;
}

/** Something that went wrong; the rest goes on. */
export interface Trouble {
  /** Id in hex of the folder that it is about. */
  readonly folder?: string;
  /** The node that it is about, or caused it. */
  readonly node?: NodeId;
  /** One sentence without a full stop. */
  readonly message: string;
  readonly error?: unknown;
}

export interface OnlineOptions {
  /** `host:port` to take connections at, host `*` for all addresses. Without it this node only dials. */
  readonly listen?: string;
  readonly admissions?: Admissions;
  /** Only these folders (ids in hex): all where not given. */
  readonly folders?: readonly string[];
  /**
   * Something came for a folder (id in hex), or may have: whoever gives this brings the working copy in step, by
   * {@link Online.exchange}. Where it is not given that is done here, at the latest 2 s after.
   */
  readonly onNews?: (folder: string) => void;
  /** Who is connected changed, or what is wrong. */
  readonly onChange?: () => void;
  /** Called once for each trouble. */
  readonly onTrouble?: (trouble: Trouble) => void;
}

/** A peer: a member of a folder that is exchanged here, and not denied. */
export interface PeerState {
  readonly node: NodeId;
  /** As it calls itself; undefined where none of its logs is here. */
  readonly name: string | undefined;
  /** Its static key in hex. */
  readonly key: PeerKey;
  readonly isConnected: boolean;
  /** Ids of the folders that are spoken of with it now. */
  readonly folders: readonly string[];
  /** Where it may be dialed, the best first. */
  readonly addresses: readonly string[];
  /** When it was last connected with, in wall time; undefined where never. */
  readonly seenMs: number | undefined;
  /** What it did wrong, the last time. */
  readonly trouble: string | undefined;
}

/**
 * - `running`: exchanged with whoever is connected.
 * - `paused`, `opening`, `failed`: with nobody; a failed one is tried again.
 */
export type FolderOnlineState = 'opening' | 'running' | 'failed' | 'paused';

export interface OnlineFolder {
  /** Id in hex. */
  readonly folder: string;
  readonly state: FolderOnlineState;
  /** Other members that are not denied here. */
  readonly peers: number;
  /** What kept it from going on, the last time. */
  readonly trouble: string | undefined;
}

/** A node that exchanges its folders with its peers. */
export interface Online {
  /** Dials as this node: for joins. */
  readonly dialAs: DialAs;
  /** Where it takes connections, as `host:port`; undefined where it does not. */
  readonly address: string | undefined;
  /** In order of their ids. */
  peers(): readonly PeerState[];
  folders(): readonly OnlineFolder[];
  /** The exchange of a folder, while it is running. */
  exchange(folder: string): Exchange | undefined;
  /** Whether no dial is under way, nothing waits to leave, and no exchange asks for anything. */
  readonly isQuiet: boolean;
  /** Whether each peer is connected, or was dialed in vain at each of its addresses. */
  readonly isTried: boolean;
  /** Grows with whatever happens in an exchange. */
  readonly activity: number;
  /**
   * Reads anew which folders there are, which are paused, and who is denied: whoever has no place any more is cut
   * off before this resolves, connections stay.
   */
  foldersChanged(): Promise<void>;
  /** Another operation wrote into a folder: peers are told. Nothing where it is not exchanged. */
  announce(folder: string): Promise<void>;
  /** Does `work` while the folder is neither exchanged nor open, and goes on with it afterwards if it is there. */
  without<T>(folder: string, work: () => Promise<T>): Promise<T>;
  /** This machine has other addresses, or woke up: everybody is dialed at once. */
  networkChanged(): void;
  /**
   * Says goodbye, makes durable what came, and lets go of everything within a few seconds, whatever peers do.
   * Idempotent.
   */
  close(): Promise<void>;
}
