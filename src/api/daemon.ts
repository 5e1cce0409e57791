/**
 * The daemon: one process that has a home open, does what commands ask, and goes on while none runs. It takes the home's
 * lock first, so that there is one of it; then it answers, and then it opens the home.
 */

import { deferred } from '../async.ts';
import { VaultError } from '../errors.ts';
import type { Environment } from '../home/environment.ts';
import { homeLayout } from '../home/home-layout.ts';
import { systemEnvironment } from '../home/system-environment.ts';
import { MAX_API_CONNECTIONS } from '../limits.ts';
import type { Secret } from '../operations/home-options.ts';
import { listenLocal, type LocalListener } from '../system/local-socket.ts';
import { holdHome, type HeldHome, type Vault } from '../vault.ts';
import { CommandConnection } from './command-connection.ts';
import { removeDaemonFile, writeDaemonFile } from './daemon-file.ts';
import type { DaemonLog } from './daemon-log.ts';
import { DaemonService } from './daemon-service.ts';
import { EventHub } from './event-hub.ts';
import { NodePresence } from './node-presence.ts';
import { placeOf } from './home-place.ts';
import { socketPath, type SocketPlaces } from './socket-place.ts';

export interface DaemonOptions {
  /** Absolute. */
  readonly home: string;
  readonly waitLockMs: number;
  /** Ends the start. */
  readonly signal: AbortSignal;
  /** What opens the home; undefined: its device key where it has one, else it waits for a command that gives something. */
  readonly secret: Secret | undefined;
  readonly places: SocketPlaces;
  /** `host:port` to take connections of other nodes at, `off`: this node only dials. Undefined: as the setting says, and without where that cannot be. */
  readonly listen: string | undefined;
  /** Keep folders live: record what changes in them as it does. Else it is recorded when a command says so. */
  readonly watch: boolean;
  /** Version of this program. */
  readonly program: string;
  readonly log: DaemonLog;
}

export class Daemon {
  readonly #environment: Environment;
  readonly #options: DaemonOptions;
  readonly #held: HeldHome;
  readonly #service: DaemonService;
  readonly #connections = new Set<CommandConnection>();
  readonly #events = new EventHub();
  readonly #stopAsked = deferred<void>();
  #presence: NodePresence | undefined;
  #listener: LocalListener | undefined;
  #closing: Promise<void> | undefined;

  private constructor(environment: Environment, options: DaemonOptions, held: HeldHome) {
    const { fileSystem } = environment;
    this.#environment = environment;
    this.#options = options;
    this.#held = held;
    this.#service = new DaemonService({
      held,
      place: placeOf(fileSystem, options.home),
      events: this.#events,
      onOpened: (vault) => this.#opened(vault),
      onChanged: (folder, operation) => {
        const time = new Date(environment.clock.wallMs()).toISOString();
        this.#events.tell({ type: 'change', time, folder, operation });
      },
      onStop: () => this.#stopAsked.resolve(),
    });
  }

  /**
   * Takes the home, answers commands, and opens it. Throws `VAULT_NOT_FOUND`, `VAULT_LOCKED`,
   * `VAULT_KEY_WRONG` for a secret that opens nothing, `VAULT_REFUSED` where there is no private place for the
   * socket, `VAULT_IO`.
   */
  static async start(options: DaemonOptions, given?: Environment): Promise<Daemon> {
    const environment = given ?? systemEnvironment();
    const held = await holdHome(options, given);
    const daemon = new Daemon(environment, options, held);
    try {
      await daemon.#listen();
      await daemon.#service.begin(options.secret, options.signal);
      return daemon;
    } catch (error) {
      await daemon.close();
      throw error;
    }
  }

  /** Whether it waits for something that opens the home. */
  get isLocked(): boolean {
    return this.#service.vault === undefined;
  }

  /** Where it takes connections of other nodes, as `host:port`; undefined where it takes none. */
  get address(): string | undefined {
    return this.#presence?.address;
  }

  /** Looks again at folders and addresses. */
  async reload(): Promise<void> {
    await this.#presence?.reload();
  }

  /** Resolves when a command asks for the end. */
  get stopAsked(): Promise<void> {
    return this.#stopAsked.promise;
  }

  /** Ends what commands have it do, and gives the home up. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #listen(): Promise<void> {
    const { fileSystem, random, clock } = this.#environment;
    const { home, places, program } = this.#options;
    const root = fileSystem.realPath(home);
    const socket = socketPath({ homeId: this.#held.id, root }, places);
    const secret = random.bytes(32);
    const parts = {
      keys: { secret, homeId: this.#held.id },
      program,
      service: this.#service,
      clock,
      random,
      onClosed: (connection: CommandConnection) => this.#connections.delete(connection),
    };
    this.#listener = await listenLocal(
      socket,
      CommandConnection.serve(parts, (connection) => {
        this.#connections.add(connection);
        if (this.#connections.size > MAX_API_CONNECTIONS) connection.end();
      }),
    );
    // Only now: who finds the file can connect.
    writeDaemonFile(fileSystem, homeLayout(home).daemon, { socket, secret });
  }

  async #opened(vault: Vault): Promise<void> {
    this.#options.log.write('the home is open');
    this.#presence = await NodePresence.begin(vault, {
      listen: this.#options.listen,
      watch: this.#options.watch,
      clock: this.#environment.clock,
      events: this.#events,
      log: this.#options.log,
    });
  }

  async #close(): Promise<void> {
    const { fileSystem } = this.#environment;
    if (this.#listener !== undefined) {
      removeDaemonFile(fileSystem, homeLayout(this.#options.home).daemon);
      this.#listener.close();
    }
    const ending = new VaultError('VAULT_CLOSED', 'the daemon was stopped before this was done', {
      hint: 'everything durable stays so; run the command again to go on',
    });
    const connections = [...this.#connections];
    for (const connection of connections) connection.interrupt(ending);
    await Promise.all(connections.map(({ idle }) => idle));
    try {
      await this.#service.vault?.close();
    } finally {
      await this.#held.close();
      // Whoever asked for the end waits for this.
      for (const connection of this.#connections) connection.end();
    }
  }
}
