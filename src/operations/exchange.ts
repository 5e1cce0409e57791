/**
 * A folder in step with other nodes, for as long as it is asked to be: the exchange with whoever is
 * connected, and the working copy brought to what came. Who is connected, over what, and whether they
 * may be, is the caller's business.
 */

import { deferred } from '../async.ts';
import { VaultError } from '../errors.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { NamedLink } from '../log/types.ts';
import type { Channel, ChannelEvents } from '../net/channels.ts';
import type { CreditPool } from '../net/credit-pool.ts';
import { ExchangeDriver } from '../net/exchange-driver.ts';
import type { PeerName } from '../net/exchange-event.ts';
import type { EndReason } from '../net/message.ts';
import type { FolderArgument, OperationContext } from './operation.ts';
import { bringInStep, type InStepOptions } from './bring-in-step.ts';
import type { InStepCounts } from './in-step-changes.ts';
import { ExchangeSide } from './exchange-side.ts';
import { chosenFolders, type Session } from './session.ts';

export interface ExchangeOptions {
  readonly folder: FolderArgument;
  /** Something came from others: the working copy may be behind. */
  readonly onNews?: () => void;
  /** A session ended by itself: its peer broke a rule or said goodbye. */
  readonly onEnded?: (peer: PeerName, reason: EndReason, detail: string, by: 'us' | 'peer') => void;
  /** The folder failed: the exchange is over and the folder released. Called at most once. */
  readonly onFailed: (error: unknown) => void;
}

export interface Exchange {
  /** Nothing is under way and nothing would happen by time passing. */
  readonly isQuiet: boolean;
  /** Grows with whatever happens in it. */
  readonly activity: number;
  /**
   * Begins a session with a member, named by a name that is never used again, over the channel that
   * `open` makes; nothing where the exchange is over. Throws `RangeError` for a name in use.
   */
  connect(peer: PeerName, open: (events: ChannelEvents) => Channel): void;
  /** Ends the session of this name, if there is one: its peer has no place in the folder any more, or is gone. */
  disconnect(peer: PeerName): void;
  /**
   * Tells peers what the logs gained by other operations. False where one that failed has released the
   * folder: the exchange is over then.
   */
  announce(): Promise<boolean>;
  /**
   * Records the working copy, brings it to what all logs show, and tells peers what was recorded. Throws as
   * `bringInStep` does; the exchange is then over and the folder released.
   */
  inStep(options: InStepOptions, context: OperationContext): Promise<InStepCounts>;
  /**
   * Asks connected peers for the contents of these versions, whether or not this node keeps them by itself, and
   * waits until they are here, verified and durable: true; or until all who are connected have answered that
   * they have not all of it: false. While nobody is connected it waits for somebody. Throws the signal's reason,
   * and `VAULT_CLOSED` where the exchange is over before.
   */
  fetch(versions: readonly NamedLink[], signal: AbortSignal): Promise<boolean>;
  /** Says goodbye to all peers; what came is durable then. Idempotent. */
  close(): Promise<void>;
}

/** Begins the exchange of one folder, connected to nobody; `onOver` once it is over. Throws as opening a folder does. */
export async function openExchange(
  session: Session,
  credit: CreditPool,
  options: ExchangeOptions,
  onOver: (exchange: Exchange) => void,
): Promise<Exchange> {
  const [listed] = chosenFolders(session, [options.folder]);
  if (listed === undefined) throw new RangeError('expected a folder that was found');
  const folder = await session.folders.open(listed);
  return RunningExchange.open({ session, folder, credit, options, onOver });
}

interface RunningParts {
  readonly session: Session;
  readonly folder: OpenFolder;
  readonly credit: CreditPool;
  readonly options: ExchangeOptions;
  readonly onOver: (exchange: Exchange) => void;
}

class RunningExchange implements Exchange {
  readonly #parts: RunningParts;
  readonly #side: ExchangeSide;
  readonly #driver: ExchangeDriver;
  /** What is called when a fetch may have come to its end. */
  readonly #fetching = new Set<() => void>();
  #ending: Promise<void> | undefined;

  private constructor(parts: RunningParts, side: ExchangeSide, driver: ExchangeDriver) {
    this.#parts = parts;
    this.#side = side;
    this.#driver = driver;
  }

  static async open(parts: RunningParts): Promise<RunningExchange> {
    const { session, folder, credit, options } = parts;
    const told = { failed: (_error: unknown): void => undefined, changed: (): void => undefined };
    const onNews = (): void => {
      told.changed();
      options.onNews?.();
    };
    const side = await ExchangeSide.open(folder, onNews, folder.state.history);
    const { onEnded } = options;
    const driver = await ExchangeDriver.open({
      side,
      clock: session.environment.clock,
      credit,
      ...(onEnded === undefined ? {} : { onEnded }),
      onQuiet: () => told.changed(),
      onFailed: (error) => told.failed(error),
    });
    const running = new RunningExchange(parts, side, driver);
    told.failed = (error) => running.#failed(error);
    told.changed = () => {
      for (const look of running.#fetching) look();
    };
    return running;
  }

  get isQuiet(): boolean {
    return this.#driver.isQuiet;
  }

  connect(peer: PeerName, open: (events: ChannelEvents) => Channel): void {
    this.#driver.connect(peer, open);
  }

  get activity(): number {
    return this.#driver.activity;
  }

  disconnect(peer: PeerName): void {
    this.#driver.disconnect(peer);
  }

  async announce(): Promise<boolean> {
    if (this.#ending === undefined && (await this.#isOpen())) {
      this.#driver.advanced(await this.#side.heads());
      return true;
    }
    await this.close();
    return false;
  }

  async inStep(options: InStepOptions, context: OperationContext): Promise<InStepCounts> {
    const { session, folder } = this.#parts;
    try {
      return await session.folders.inOrder(folder.id, async () => {
        const counts = await bringInStep(session, folder, options, context);
        await this.announce();
        return counts;
      });
    } catch (error) {
      await this.#end(false);
      throw error;
    }
  }

  async fetch(versions: readonly NamedLink[], signal: AbortSignal): Promise<boolean> {
    const changed = { next: deferred<void>() };
    const look = (): void => changed.next.resolve();
    this.#fetching.add(look);
    signal.addEventListener('abort', look);
    try {
      await this.#side.fetch(versions);
      this.#driver.wantsChanged();
      for (;;) {
        signal.throwIfAborted();
        if (this.#ending !== undefined || !(await this.#isOpen()))
          throw new VaultError('VAULT_CLOSED', 'the exchange of the folder has ended');
        const isHere = await this.#side.hasAll(versions);
        const isAnswered =
          this.#driver.isQuiet && [...this.#driver.peers.values()].some(({ isOpen }) => isOpen);
        if (isHere || isAnswered) {
          await this.#side.flush();
          return isHere;
        }
        await changed.next.promise;
        changed.next = deferred<void>();
      }
    } finally {
      this.#fetching.delete(look);
      signal.removeEventListener('abort', look);
    }
  }

  close(): Promise<void> {
    return this.#end(true);
  }

  #failed(error: unknown): void {
    const { onFailed } = this.#parts.options;
    this.#end(false).then(() => onFailed(error), onFailed);
  }

  #end(isSound: boolean): Promise<void> {
    this.#ending ??= this.#stop(isSound);
    return this.#ending;
  }

  async #stop(isSound: boolean): Promise<void> {
    const { session, folder, onOver } = this.#parts;
    for (const look of this.#fetching) look();
    try {
      await this.#driver.close();
      if (!(await this.#isOpen())) return;
      if (isSound) await this.#side.flush();
      else await session.folders.release(folder.id);
    } finally {
      onOver(this);
    }
  }

  /** Whether the folder is still the one that is open: an operation that failed released it. */
  #isOpen(): Promise<boolean> {
    const { session, folder } = this.#parts;
    return session.folders.isOpen(folder);
  }
}
