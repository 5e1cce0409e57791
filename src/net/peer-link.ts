/** A connection with a peer, and the folders that are spoken of on it, as both sides share them now. */

import { isVaultError } from '../errors.ts';
import type { RandomSource } from '../random.ts';
import { Channels, type Channel, type ChannelEvents } from './channels.ts';
import { decodeControl } from './control-message.ts';
import { FolderChannels, type ChannelSteps, type LocalFolder } from './folder-channels.ts';
import type { PeerConnection } from './peer-connection.ts';
import type { ConnectionEvents } from './transport.ts';
import { Violation } from './violation.ts';

/** Why a link is over; `misbehaved` where the peer broke the protocol. */
export type LinkEnd = 'ended' | 'lost' | 'misbehaved';

export interface PeerLinkParts {
  readonly connection: PeerConnection;
  readonly random: RandomSource;
  /** All folders of this node, as they are now. */
  readonly folders: readonly LocalFolder[];
  /**
   * A folder is shared by both: what is said in it begins, over the channel that `open` makes. Answers what
   * ends it; that is called once, when the folder is no longer shared or the connection is over.
   */
  readonly opened: (folder: Uint8Array, open: (events: ChannelEvents) => Channel) => () => void;
  /** Called once, after every folder was ended. */
  readonly closed: (how: LinkEnd) => void;
}

export class PeerLink implements ConnectionEvents {
  readonly #parts: PeerLinkParts;
  readonly #channels: Channels;
  readonly #folders: FolderChannels;
  /** What ends each open channel. */
  readonly #ends = new Map<number, () => void>();
  #isOver = false;

  constructor(parts: PeerLinkParts) {
    this.#parts = parts;
    this.#channels = new Channels(parts.connection, {
      received: (bytes) => this.#take(() => this.#folders.received(decodeControl(bytes))),
      broken: () => this.#over('misbehaved'),
    });
    this.#folders = new FolderChannels(parts.connection, parts.random);
    this.setFolders(parts.folders);
  }

  /** All folders of this node, as they are from now on: channels of what is not shared any more close at once. */
  setFolders(folders: readonly LocalFolder[]): void {
    this.#take(() => this.#folders.setFolders(folders));
  }

  /** Ends the connection: what was said before still arrives. */
  close(): void {
    this.#over('ended');
  }

  frame(bytes: Uint8Array): void {
    if (!this.#isOver) this.#channels.frame(bytes);
  }

  drained(): void {
    if (!this.#isOver) this.#channels.drained();
  }

  closed(how: 'ended' | 'lost'): void {
    this.#channels.closed();
    this.#over(how);
  }

  #take(decide: () => ChannelSteps): void {
    if (this.#isOver) return;
    let steps: ChannelSteps;
    try {
      steps = decide();
    } catch (error) {
      if (!(error instanceof Violation) && !isVaultError(error)) throw error;
      this.#over('misbehaved');
      return;
    }
    for (const channel of steps.close) this.#end(channel);
    for (const message of steps.send) this.#channels.sendControl(message);
    for (const { folder, channel } of steps.open) {
      const end = this.#parts.opened(folder, (events) => this.#channels.open(channel, events));
      this.#ends.set(channel, end);
    }
  }

  #end(channel: number): void {
    const end = this.#ends.get(channel);
    this.#ends.delete(channel);
    end?.();
  }

  #over(how: LinkEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const channel of this.#ends.keys()) this.#end(channel);
    this.#parts.connection.close();
    this.#parts.closed(how);
  }
}
