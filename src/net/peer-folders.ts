/** A connection with a peer, and the folders that are spoken of on it, as both sides share them now. */

import type { Clock } from '../clock.ts';
import { isVaultError } from '../errors.ts';
import type { RandomSource } from '../random.ts';
import { Channels, type Channel, type ChannelEvents, type SendLimits } from './channels.ts';
import { decodeControl } from './control-message.ts';
import { FolderChannels, type ChannelSteps, type LocalFolder } from './folder-channels.ts';
import type { PeerConnection } from './peer-connection.ts';
import type { RateLimit } from './rate-limit.ts';
import type { ConnectionEvents } from './transport.ts';
import { Violation } from './violation.ts';

/** Why a connection is over; `misbehaved` where the peer broke the protocol. */
export type ConnectionEnd = 'ended' | 'lost' | 'misbehaved';

export interface PeerFoldersParts {
  readonly connection: PeerConnection;
  readonly random: RandomSource;
  /** All folders of this node, as they are now. */
  readonly folders: readonly LocalFolder[];
  /**
   * A folder is shared by both: what is said in it begins, over the channel that `open` makes. Answers what
   * ends it; that is called once, when the folder is no longer shared or the connection is over.
   */
  readonly opened: (folder: Uint8Array, open: (events: ChannelEvents) => Channel) => () => void;
  /** How fast data may leave: all limits of a folder's data, and of what is said about folders. */
  readonly limits?: {
    readonly clock: Clock;
    of(folder: Uint8Array | undefined): readonly Pick<RateLimit, 'waitMs' | 'spend'>[];
  };
  /** Called once, after every folder was ended. */
  readonly closed: (how: ConnectionEnd) => void;
}

interface OpenFolder {
  readonly folder: Uint8Array;
  end: () => void;
}

export class PeerFolders implements ConnectionEvents {
  readonly #parts: PeerFoldersParts;
  readonly #channels: Channels;
  readonly #folders: FolderChannels;
  /** Each open channel: its folder, and what ends it. */
  readonly #open = new Map<number, OpenFolder>();
  #isOver = false;

  constructor(parts: PeerFoldersParts) {
    this.#parts = parts;
    const control = {
      received: (bytes: Uint8Array) =>
        this.#take(() => this.#folders.received(decodeControl(bytes))),
      broken: () => this.#over('misbehaved'),
    };
    this.#channels = new Channels(parts.connection, control, this.#sendLimits());
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
      // Known before the first word is said in it, which counts to its folder.
      const one: OpenFolder = { folder, end: () => undefined };
      this.#open.set(channel, one);
      one.end = this.#parts.opened(folder, (events) => this.#channels.open(channel, events));
    }
  }

  #sendLimits(): SendLimits | undefined {
    const { limits } = this.#parts;
    if (limits === undefined) return undefined;
    const { clock } = limits;
    const of = (channel: number): ReturnType<typeof limits.of> =>
      limits.of(this.#open.get(channel)?.folder);
    return {
      clock,
      waitMs: (channel) =>
        Math.max(0, ...of(channel).map((limit) => limit.waitMs(clock.monotonicMs()))),
      spent: (channel, bytes) => {
        for (const limit of of(channel)) limit.spend(bytes, clock.monotonicMs());
      },
    };
  }

  #end(channel: number): void {
    const open = this.#open.get(channel);
    this.#open.delete(channel);
    open?.end();
  }

  #over(how: ConnectionEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const channel of this.#open.keys()) this.#end(channel);
    this.#parts.connection.close();
    this.#parts.closed(how);
  }
}
