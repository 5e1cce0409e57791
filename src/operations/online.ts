/**
 * A node among others: it takes connections and dials, and keeps every folder that is not paused in exchange with
 * those of its members who are there.
 */

import { mapBounded } from '../async.ts';
import { fromHex, toHex } from '../bytes.ts';
import { isVaultError } from '../errors.ts';
import { MAX_FOLDER_TOKENS, MAX_FRAME_BYTES, MAX_UNKNOWN_MS } from '../limits.ts';
import { Door } from '../net/door.ts';
import type { LocalFolder } from '../net/folder-channels.ts';
import { Gate } from '../net/gate.ts';
import type { DialAs } from '../net/join-call.ts';
import { NetworkUse } from '../net/network-use.ts';
import type { PeerKey } from '../net/peer-keeper.ts';
import { Peers } from '../net/peers.ts';
import { LOW_WATER_BYTES, type Begin, type Listener } from '../net/transport.ts';
import type { PeerConnection } from '../net/peer-connection.ts';
import type { Exchange, ExchangeOptions } from './exchange.ts';
import { failureText } from './failure-text.ts';
import { FolderOnline } from './folder-online.ts';
import { DurableGateMemory } from './gate-memory.ts';
import { Misconduct } from './misconduct.ts';
import type { Online, OnlineFolder, OnlineOptions, PeerState, Trouble } from './online-types.ts';
import { PeerAddresses } from './peer-addresses.ts';
import { directoryOf, type KnownPeer } from './peer-directory.ts';
import type { Session } from './session.ts';

/** What a sealed message is longer by than what it says. */
const SEAL_BYTES = 17;
/** Folders that are opened at one time. */
const OPENINGS = 4;
/** How long a goodbye may take to be heard before connections are cut. */
const GOODBYE_MS = 3000;

export type OpenExchange = (options: ExchangeOptions) => Promise<Exchange>;

/**
 * Goes online with the folders there are. Throws `VAULT_EXISTS` or `VAULT_NOT_PERMITTED` where it cannot listen as it
 * is told; what keeps single folders or peers back is told as a trouble. `onOver` is called once it is
 * closed.
 */
export async function goOnline(
  session: Session,
  openExchange: OpenExchange,
  options: OnlineOptions,
  onOver: () => void = () => undefined,
): Promise<Online> {
  const network = await session.environment.openNetwork({
    maxMessageBytes: MAX_FRAME_BYTES + SEAL_BYTES,
    lowWaterBytes: LOW_WATER_BYTES,
    patienceMs: MAX_UNKNOWN_MS,
  });
  const online = new RunningOnline(session, openExchange, options, new NetworkUse(network), onOver);
  try {
    await online.open();
  } catch (error) {
    await online.close();
    throw error;
  }
  return online;
}

class RunningOnline implements Online {
  readonly #session: Session;
  readonly #openExchange: OpenExchange;
  readonly #options: OnlineOptions;
  readonly #network: NetworkUse;
  readonly #onOver: () => void;
  readonly #door: Door;
  readonly #peers: Peers;
  readonly #misconduct: Misconduct;
  readonly #addresses: PeerAddresses;
  readonly #folders = new Map<string, FolderOnline>();
  /** Folders that somebody else works on: {@link without}. */
  readonly #lent = new Set<string>();
  #directory: ReadonlyMap<PeerKey, KnownPeer> = new Map();
  #listener: Listener | undefined;
  #isRefreshDue = false;
  #stopTimer: () => void = () => undefined;
  #closing: Promise<void> | undefined;

  constructor(
    session: Session,
    openExchange: OpenExchange,
    options: OnlineOptions,
    network: NetworkUse,
    onOver: () => void,
  ) {
    const { environment, home } = session;
    const { clock, random } = environment;
    this.#session = session;
    this.#openExchange = openExchange;
    this.#options = options;
    this.#network = network;
    this.#onOver = onOver;
    this.#misconduct = new Misconduct(random);
    this.#addresses = new PeerAddresses(session);
    const facts = {
      isWelcome: (peer: Uint8Array) => this.#isWelcome(toHex(peer)),
      openInvite: (id: Uint8Array, peer: Uint8Array) => options.admissions?.openInvite(id, peer),
    };
    this.#door = new Door({
      network,
      clock,
      party: { sodium: home.sodium, random, own: home.identity },
      run: random.bytes(16),
      keeper: new Gate(clock, facts, new DurableGateMemory(session)),
      failed: (error) => this.#trouble({ message: failureText(error), error }),
    });
    this.#peers = new Peers({
      own: toHex(home.identity.exchangeKey),
      clock,
      random,
      dial: (peer, address, begin) => this.#dial(peer, address, begin),
      folders: (peer) => this.#localFolders(peer),
      opened: (peer, _name, folder, open) =>
        this.#folders.get(toHex(folder))?.connect(peer, open) ?? (() => undefined),
      failed: (error) => this.#trouble({ message: failureText(error), error }),
      changed: (peer, how) => {
        const node = this.#directory.get(peer)?.node;
        if (how === 'misbehaved') this.#misbehaved(peer, undefined, 'broke the protocol', 'us');
        else if (node !== undefined) {
          this.#addresses.seen(node);
          // Each end is worth a write, so that a node that is killed knows it too.
          if (how !== 'connected') this.#saveSeen();
        }
        this.#soon();
      },
    });
  }

  /** Opens all folders, then the door. */
  async open(): Promise<void> {
    await this.foldersChanged();
    const { listen } = this.#options;
    if (listen !== undefined) this.#listener = await this.#door.listen(listen, this.#begin);
  }

  get address(): string | undefined {
    return this.#listener?.address;
  }

  get isQuiet(): boolean {
    const isIdle = this.#peers.dials === 0 && this.#network.bufferedBytes === 0;
    return isIdle && [...this.#folders.values()].every(({ isQuiet }) => isQuiet);
  }

  get isTried(): boolean {
    return this.#peers.areTried;
  }

  get activity(): number {
    let all = 0;
    for (const { activity } of this.#folders.values()) all += activity;
    return all;
  }

  peers(): readonly PeerState[] {
    const { connected } = this.#peers;
    const nowMs = this.#session.environment.clock.monotonicMs();
    return [...this.#directory.values()]
      .toSorted((a, b) => (a.node < b.node ? -1 : 1))
      .map(({ key, node, name }) => ({
        node,
        name,
        key,
        isConnected: connected.has(key),
        folders: [...this.#folders.values()]
          .filter((folder) => folder.connected.has(key))
          .map(({ id }) => id),
        addresses: this.#addresses.of(node),
        seenMs: this.#addresses.seenMs(node),
        trouble: this.#misconduct.of(key, nowMs),
      }));
  }

  folders(): readonly OnlineFolder[] {
    return [...this.#folders.values()].map(({ id, state, trouble }) => ({
      folder: id,
      state,
      trouble,
      peers: [...this.#directory.values()].filter((peer) => peer.folders.has(id)).length,
    }));
  }

  exchange(folder: string): Exchange | undefined {
    return this.#folders.get(folder)?.exchange;
  }

  async foldersChanged(): Promise<void> {
    if (this.#closing !== undefined) return;
    const { folders: wanted } = this.#options;
    const listed = this.#session.folders.list().folders;
    const there = new Map(listed.map((folder) => [folder.id, folder]));
    const isDue = (id: string): boolean =>
      there.get(id)?.state.paused === false &&
      !this.#lent.has(id) &&
      (wanted === undefined || wanted.includes(id));
    const all = [...new Set([...this.#folders.keys(), ...there.keys()])];
    await mapBounded(all, OPENINGS, async (id) => {
      const running = this.#folders.get(id);
      const folder = there.get(id);
      if (running === undefined) {
        if (folder === undefined) return;
        const made = this.#newFolder(folder);
        this.#folders.set(id, made);
        await (isDue(id) ? made.start() : made.pause());
      } else if (folder === undefined) {
        await running.close();
        this.#folders.delete(id);
      } else if (isDue(id) !== (running.state !== 'paused')) {
        await (isDue(id) ? running.start() : running.pause());
      }
    });
    this.#refresh();
  }

  async announce(folder: string): Promise<void> {
    await this.#folders.get(folder)?.announce();
  }

  async without<T>(folder: string, work: () => Promise<T>): Promise<T> {
    this.#lent.add(folder);
    try {
      await this.foldersChanged();
      return await work();
    } finally {
      this.#lent.delete(folder);
      await this.foldersChanged();
    }
  }

  readonly dialAs: DialAs = (address, callee, begin) => this.#door.dial(address, callee, begin);

  networkChanged(): void {
    this.#peers.networkChanged();
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const { clock } = this.#session.environment;
    this.#stopTimer();
    await this.#listener?.close();
    // What a peer does or leaves undone holds nothing up: after a while it is cut off.
    let isCut = false;
    const stopTimer = clock.timer(GOODBYE_MS, () => {
      isCut = true;
      void this.#network.cut();
    });
    try {
      for (const folder of this.#folders.values()) await folder.close();
      await this.#peers.close();
      if (!isCut) await this.#network.idle();
    } finally {
      stopTimer();
      await this.#network.cut();
      this.#saveSeen();
      this.#onOver();
    }
  }

  readonly #begin: Begin<PeerConnection> = (connection) => {
    const { admissions } = this.#options;
    if (connection.invite === undefined || admissions === undefined)
      return this.#peers.begin(connection);
    return admissions.begin(connection);
  };

  #dial(peer: PeerKey, address: string, begin: Begin<PeerConnection>): Promise<void> {
    return this.#door.dial(address, { peer: fromHex(peer) }, (connection) => {
      const node = this.#directory.get(peer)?.node;
      if (node !== undefined) this.#addresses.answered(node, address);
      return begin(connection);
    });
  }

  #newFolder(listed: ReturnType<Session['folders']['list']>['folders'][number]): FolderOnline {
    const { id } = listed;
    return new FolderOnline({
      session: this.#session,
      listed,
      openExchange: this.#openExchange,
      onNews: this.#options.onNews,
      changed: () => this.#soon(),
      troubled: (message, error) => this.#trouble({ folder: id, message, error }),
      misbehaved: (peer, what, by) => this.#misbehaved(peer, id, what, by),
    });
  }

  #misbehaved(peer: PeerKey, folder: string | undefined, what: string, by: 'us' | 'peer'): void {
    const { clock } = this.#session.environment;
    const node = this.#directory.get(peer)?.node;
    const message =
      by === 'us' ? `a peer lost its connection: ${what}` : `a peer says that we broke: ${what}`;
    if (by === 'us') this.#misconduct.note(peer, folder, what, clock.monotonicMs());
    this.#trouble({ message, ...(folder && { folder }), ...(node && { node }) });
    this.#soon();
  }

  #isWelcome(peer: PeerKey): boolean {
    const nowMs = this.#session.environment.clock.monotonicMs();
    return this.#directory.has(peer) && !this.#misconduct.isWaiting(peer, undefined, nowMs);
  }

  /** All folders of this node, and which this peer is spoken to about. */
  #localFolders(peer: PeerKey): readonly LocalFolder[] {
    const nowMs = this.#session.environment.clock.monotonicMs();
    const shared = this.#directory.get(peer)?.folders ?? new Set();
    let left = MAX_FOLDER_TOKENS;
    return [...this.#folders.values()].map(({ id, idBytes, state }) => {
      const isWaiting = this.#misconduct.isWaiting(peer, id, nowMs);
      const isShared = state === 'running' && shared.has(id) && !isWaiting && left > 0;
      if (isShared) left--;
      return { id: idBytes, isShared };
    });
  }

  /** Refreshes soon, once for all that happens until then. */
  #soon(): void {
    if (this.#isRefreshDue) return;
    this.#isRefreshDue = true;
    void Promise.resolve().then(() => this.#refresh());
  }

  /** Works out anew who the peers are and what is shared with whom, and cuts off who has no place any more. */
  #refresh(): void {
    this.#isRefreshDue = false;
    if (this.#closing !== undefined) return;
    const { home, environment } = this.#session;
    const { clock } = environment;
    const folders = [...this.#folders.values()].filter(({ state }) => state !== 'paused');
    const own = toHex(home.identity.exchangeKey);
    this.#directory = directoryOf(folders, home.peers.denials, own);
    const nowMs = clock.monotonicMs();
    const wanted = [...this.#directory.values()].filter(({ key }) => this.#isWelcome(key));
    this.#peers.foldersChanged();
    this.#peers.setPeers(
      new Map(wanted.map(({ key, node }) => [key, this.#addresses.of(node)] as const)),
    );
    this.#stopTimer();
    const next = this.#misconduct.nextMs(nowMs);
    if (next !== undefined) this.#stopTimer = clock.timer(next - nowMs, () => this.#refresh());
    this.#options.onChange?.();
  }

  /** That it is not known later when a peer was here keeps nobody from going on. */
  #saveSeen(): void {
    try {
      this.#addresses.save();
    } catch (error) {
      if (!isVaultError(error)) throw error;
      this.#trouble({ message: error.message, error });
    }
  }

  #trouble(trouble: Trouble): void {
    this.#options.onTrouble?.(trouble);
  }
}
