/**
 * What goes on in an open home beside the operations that are asked for: exchanges, being online, and folders kept
 * live. Each hears of what operations change.
 */

import { VaultError } from '../errors.ts';
import { MAX_PROCESS_CREDIT_BYTES } from '../limits.ts';
import { CreditPool } from '../net/credit-pool.ts';
import type { DialAs } from '../net/join-call.ts';
import { openExchange, type Exchange, type ExchangeOptions } from './exchange.ts';
import { failureText } from './failure-text.ts';
import type { WithExchange } from './fetch-contents.ts';
import { JoinDesk } from './join-desk.ts';
import { withDialing } from './join-dial.ts';
import { keepLive } from './keep-live.ts';
import type { Live, LiveOptions } from './live-types.ts';
import { goOnline } from './online.ts';
import type { Online, OnlineOptions } from './online-types.ts';
import type { FolderArgument } from './operation.ts';
import { withReached } from './reached-exchange.ts';
import type { Session } from './session.ts';

export class Background {
  readonly #session: Session;
  readonly #credit = new CreditPool(MAX_PROCESS_CREDIT_BYTES);
  readonly #exchanges = new Set<Exchange>();
  #online: Promise<Online> | undefined;
  #desk: JoinDesk | undefined;
  #live: Promise<Live> | undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  /** The node as it is online, if it is. */
  get online(): Promise<Online | undefined> {
    return Promise.resolve(this.#online);
  }

  /** Begins an exchange that is closed with the rest at the latest. Throws as `openExchange` does. */
  readonly exchange = async (options: ExchangeOptions): Promise<Exchange> => {
    const over = (exchange: Exchange): void => void this.#exchanges.delete(exchange);
    const exchange = await openExchange(this.#session, this.#credit, options, over);
    this.#exchanges.add(exchange);
    return exchange;
  };

  /** Goes online and receives joiners. Throws as `goOnline` does, and `VAULT_EXISTS` where the node is online already. */
  readonly goOnline = async (options: OnlineOptions): Promise<Online> => {
    if (this.#online !== undefined)
      throw new VaultError('VAULT_EXISTS', 'this node is online already');
    const desk = new JoinDesk({
      session: this.#session,
      onAdmitted: ({ folder }) => {
        this.#announce(folder, (message, error) => options.onTrouble?.({ folder, message, error }));
      },
      onFailed: (error) => options.onTrouble?.({ message: failureText(error), error }),
    });
    this.#desk = desk;
    this.#online = Promise.resolve(this.#live).then((live) => {
      const news = live === undefined ? {} : { onNews: (folder: string) => live.news(folder) };
      const given = { admissions: desk, ...news, ...options };
      return goOnline(this.#session, this.exchange, given, () => {
        this.#online = undefined;
        void desk.close();
      });
    });
    try {
      return await this.#online;
    } catch (error) {
      this.#online = undefined;
      throw error;
    }
  };

  /** Keeps folders live. Throws as `keepLive` does, and `VAULT_EXISTS` where they are already. */
  async keepLive(options: LiveOptions): Promise<Live> {
    if (this.#live !== undefined)
      throw new VaultError('VAULT_EXISTS', 'folders are kept live already');
    // Else both would bring working copies in step.
    if (this.#online !== undefined) throw new TypeError('expected a node that is not online yet');
    const onRecorded = (folder: string): void => {
      options.onRecorded?.(folder);
      this.#announce(folder, (message) => options.onEvent?.(folder, { type: 'warning', message }));
    };
    const over = (): void => (this.#live = undefined);
    this.#live = keepLive(this.#session, { ...options, onRecorded }, over);
    try {
      return await this.#live;
    } catch (error) {
      this.#live = undefined;
      throw error;
    }
  }

  /** Runs `work`, and tells peers what it wrote, also where it failed. */
  async telling<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      const online = await this.#online;
      for (const { folder } of online?.folders() ?? []) await online?.announce(folder);
    }
  }

  /** Runs `work`, which replaces what the folder lies in: it is not exchanged meanwhile. */
  async replacing<T>(folder: FolderArgument, work: () => Promise<T>): Promise<T> {
    const online = await this.#online;
    try {
      if (online === undefined) return await work();
      return await online.without(this.#session.folders.find(folder, '/').id, work);
    } finally {
      await (await this.#live)?.foldersChanged();
    }
  }

  /** Which folders there are, whether one is paused, or with whom one is shared is another than before. */
  async foldersChanged(): Promise<void> {
    await (await this.#online)?.foldersChanged();
    await (await this.#live)?.foldersChanged();
  }

  /** What dials as this node, online or not; closed after `work` where it is not. */
  async dialing<T>(work: (dial: DialAs) => Promise<T>): Promise<T> {
    const online = await this.#online;
    return online === undefined ? withDialing(this.#session, work) : work(online.dialAs);
  }

  /** Online for as long as `work` takes, where it is not already. */
  readonly withExchange: WithExchange = async (folder, signal, work) => {
    const { clock } = this.#session.environment;
    const there = await this.#online;
    const alone = { folders: [folder], onNews: () => undefined };
    const online = there ?? (await goOnline(this.#session, this.exchange, alone));
    try {
      return await withReached(online, folder, clock, signal, work);
    } finally {
      if (there === undefined) await online.close();
    }
  };

  /** Ends all of it; what came is durable then. */
  async close(): Promise<void> {
    await (await this.#live)?.close();
    await (await this.#online)?.close();
    await this.#desk?.close();
    for (const exchange of this.#exchanges) await exchange.close();
  }

  /** Tells peers what a folder gained; `failed` hears where that fails, as on a disk that does. */
  #announce(folder: string, failed: (message: string, error: unknown) => void): void {
    this.#online
      ?.then((online) => online.announce(folder))
      .catch((error: unknown) => failed(`peers were not told: ${failureText(error)}`, error));
  }
}
