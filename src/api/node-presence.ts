/** What a daemon does by itself: folders are kept live and exchanged with other nodes, and whoever listens is told. */

import type { Clock } from '../clock.ts';
import { isVaultError } from '../errors.ts';
import type { Live, LiveOptions } from '../operations/live-types.ts';
import type { Online, OnlineOptions, Trouble } from '../operations/online-types.ts';
import type { Vault } from '../vault.ts';
import type { DaemonLog } from './daemon-log.ts';
import type { EventHub } from './event-hub.ts';

/** What takes no connections. */
const OFF = 'off';

export interface PresenceParts {
  /** As `DaemonOptions` has it. */
  readonly listen: string | undefined;
  readonly watch: boolean;
  readonly clock: Clock;
  readonly events: EventHub;
  readonly log: DaemonLog;
}

export class NodePresence {
  readonly #parts: PresenceParts;
  #online: Online | undefined;
  #live: Live | undefined;
  #connected: ReadonlyMap<string, string | null> = new Map();

  private constructor(parts: PresenceParts) {
    this.#parts = parts;
  }

  /**
   * Goes online with the folders there are. Throws `VAULT_EXISTS` or `VAULT_NOT_PERMITTED` where it was told to listen
   * where it cannot; where only the setting says so, that is a trouble, and it goes on without.
   */
  static async begin(vault: Vault, parts: PresenceParts): Promise<NodePresence> {
    const presence = new NodePresence(parts);
    const live: LiveOptions = {
      onRecorded: (folder) => presence.#tell({ type: 'change', folder, operation: 'live' }),
      onProblems: (folder, problems) => presence.#problems(folder, problems),
    };
    // First: what comes from others is then brought in step by it.
    if (parts.watch) presence.#live = await vault.keepLive(live);
    const place = parts.listen ?? (await vault.configGet('listen')).value;
    const options: OnlineOptions = {
      onChange: () => presence.#changed(),
      onTrouble: (trouble) => presence.#trouble(trouble),
    };
    try {
      const listening = place === OFF ? options : { ...options, listen: place };
      presence.#online = await vault.online(listening);
    } catch (error) {
      if (parts.listen !== undefined || !isTaken(error)) throw error;
      presence.#trouble({ message: `${error.message}: other nodes are only dialed`, error });
      presence.#online = await vault.online(options);
    }
    const { address } = presence;
    parts.log.write(address === undefined ? 'takes no connections' : `listens at ${address}`);
    presence.#changed();
    return presence;
  }

  /** Where it takes connections, as `host:port`; undefined where it does not. */
  get address(): string | undefined {
    return this.#online?.address;
  }

  /** Looks again which folders there are, and dials everybody at once. */
  async reload(): Promise<void> {
    await this.#live?.foldersChanged();
    await this.#online?.foldersChanged();
    this.#online?.networkChanged();
  }

  #changed(): void {
    const before = this.#connected;
    const peers = this.#online?.peers() ?? [];
    this.#connected = new Map(
      peers.filter((peer) => peer.isConnected).map((peer) => [peer.node, peer.name ?? null]),
    );
    for (const [node, name] of this.#connected) {
      if (!before.has(node)) this.#tell({ type: 'peer', node, name, connected: true });
    }
    for (const [node, name] of before) {
      if (!this.#connected.has(node)) this.#tell({ type: 'peer', node, name, connected: false });
    }
  }

  #problems(folder: string, problems: readonly string[]): void {
    for (const message of problems) this.#trouble({ folder, message });
  }

  #trouble({ folder, node, message, error }: Trouble): void {
    this.#tell({ type: 'trouble', folder: folder ?? null, node: node ?? null, message });
    // The message may hold names, which do not belong into the log.
    const code = isVaultError(error) ? error.code : 'VAULT_FAILED';
    this.#parts.log.write(`trouble: ${code}${folder === undefined ? '' : ` in ${folder}`}`);
  }

  #tell(item: { readonly type: string } & Readonly<Record<string, unknown>>): void {
    const { type, ...fields } = item;
    const time = new Date(this.#parts.clock.wallMs()).toISOString();
    this.#parts.events.tell({ type, time, ...fields });
  }
}

function isTaken(error: unknown): error is Error {
  return isVaultError(error, 'VAULT_EXISTS') || isVaultError(error, 'VAULT_NOT_PERMITTED');
}
