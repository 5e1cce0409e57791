/**
 * Keeps a node connected with its peers: dials when {@link PeerKeeper} says so, keeps the connections that it
 * says, and has a {@link PeerFolders} on each.
 */

import { toHex } from '../bytes.ts';
import type { Clock } from '../clock.ts';
import { isVaultError } from '../errors.ts';
import type { RandomSource } from '../random.ts';
import type { Channel, ChannelEvents } from './channels.ts';
import type { LocalFolder } from './folder-channels.ts';
import type { PeerConnection } from './peer-connection.ts';
import { PeerKeeper, type KeeperSteps, type PeerKey } from './peer-keeper.ts';
import { PeerFolders, type ConnectionEnd, type PeerFoldersParts } from './peer-folders.ts';
import type { Begin, ConnectionEvents } from './transport.ts';

export interface PeersParts {
  /** This node's static key, in hex. */
  readonly own: PeerKey;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Resolves when `begin` was called; throws where there is no connection to be had. */
  readonly dial: (peer: PeerKey, address: string, begin: Begin<PeerConnection>) => Promise<void>;
  /** All folders of this node, and whether each is shared with this peer now. */
  readonly folders: (peer: PeerKey) => readonly LocalFolder[];
  /** As in {@link PeerFolders}, with the peer's name, which is another for each connection. */
  readonly opened: (
    peer: PeerKey,
    name: string,
    folder: Uint8Array,
    open: (events: ChannelEvents) => Channel,
  ) => () => void;
  /** How fast data may leave to a peer: see {@link PeerFolders}. */
  readonly limits?: (peer: PeerKey) => NonNullable<PeerFoldersParts['limits']>;
  /** A dial failed for another reason than that nobody answers: an address that is none, a disk. */
  readonly failed: (error: unknown) => void;
  /** A connection with a peer began, or is over. */
  readonly changed?: (peer: PeerKey, how: 'connected' | ConnectionEnd) => void;
}

/** Where nothing more is to be heard: the connection is being closed. */
const deaf: ConnectionEvents = {
  frame: () => undefined,
  drained: () => undefined,
  closed: () => undefined,
};

export class Peers {
  readonly #parts: PeersParts;
  readonly #keeper: PeerKeeper;
  readonly #connections = new Map<
    number,
    { readonly peer: PeerKey; readonly folders: PeerFolders }
  >();
  readonly #dials = new Set<Promise<void>>();
  #count = 0;
  #stopTimer: () => void = () => undefined;
  #isClosed = false;

  constructor(parts: PeersParts) {
    this.#parts = parts;
    this.#keeper = new PeerKeeper(parts.own, parts.random);
  }

  /** Peers with a connection, each once. */
  get connected(): ReadonlySet<PeerKey> {
    return new Set([...this.#connections.values()].map(({ peer }) => peer));
  }

  /** Whether each peer is connected, has no address, or was dialed in vain at all of them. */
  get areTried(): boolean {
    return this.#keeper.areTried;
  }

  /** Dials under way. */
  get dials(): number {
    return this.#dials.size;
  }

  /** Whom to be connected with, and where each can be dialed. Connections with all others are closed at once. */
  setPeers(peers: ReadonlyMap<PeerKey, readonly string[]>): void {
    this.#do(this.#keeper.setPeers(peers, this.#parts.clock.monotonicMs()));
  }

  /** What is shared with whom changed: channels open and close accordingly, at once. */
  foldersChanged(): void {
    for (const { peer, folders } of this.#connections.values())
      folders.setFolders(this.#parts.folders(peer));
  }

  /** This machine has other addresses, or woke up. */
  networkChanged(): void {
    this.#do(this.#keeper.networkChanged(this.#parts.clock.monotonicMs()));
  }

  /** Takes a connection, whoever dialed it. */
  readonly begin: Begin<PeerConnection> = (connection) => {
    const id = ++this.#count;
    const peer = toHex(connection.peer);
    const { isDialer, sentUs } = connection;
    const facts = { peer, run: toHex(connection.run), isDialer, sentUs };
    const steps = this.#keeper.opened(id, facts, this.#parts.clock.monotonicMs());
    if (this.#isClosed || steps.close.includes(id)) {
      connection.close();
      return deaf;
    }
    const folders = new PeerFolders({
      connection,
      random: this.#parts.random,
      folders: this.#parts.folders(peer),
      ...(this.#parts.limits && { limits: this.#parts.limits(peer) }),
      opened: (folder, open) => this.#parts.opened(peer, `${peer} ${id}`, folder, open),
      closed: (how) => {
        this.#connections.delete(id);
        this.#parts.changed?.(peer, how);
        if (!this.#isClosed) this.#do(this.#keeper.closed(id, this.#parts.clock.monotonicMs()));
      },
    });
    this.#connections.set(id, { peer, folders });
    this.#parts.changed?.(peer, 'connected');
    this.#do(steps);
    return folders;
  };

  /** Ends all connections and waits for dials under way. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopTimer();
    for (const { folders } of this.#connections.values()) folders.close();
    await Promise.all(this.#dials);
  }

  #do({ dial, close }: KeeperSteps): void {
    if (this.#isClosed) return;
    for (const id of close) this.#connections.get(id)?.folders.close();
    for (const { peer, address } of dial) this.#dial(peer, address);
    this.#watch();
  }

  #dial(peer: PeerKey, address: string): void {
    const over = (): void =>
      this.#do(this.#keeper.dialEnded(peer, address, this.#parts.clock.monotonicMs()));
    const dial: Promise<void> = this.#parts
      .dial(peer, address, this.begin)
      .catch((error: unknown) => {
        // That nobody answers is no failure: it is dialed again later, as after any other.
        if (!isVaultError(error, 'VAULT_NO_PEER')) this.#parts.failed(error);
      })
      .then(over)
      .finally(() => this.#dials.delete(dial));
    this.#dials.add(dial);
  }

  /** Asks the keeper again when time has something to say. */
  #watch(): void {
    this.#stopTimer();
    const next = this.#keeper.nextMs();
    if (next === undefined || this.#isClosed) return;
    const { clock } = this.#parts;
    const wait = Math.max(0, next - clock.monotonicMs());
    this.#stopTimer = clock.timer(wait, () => this.#do(this.#keeper.due(clock.monotonicMs())));
  }
}
