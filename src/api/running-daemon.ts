/** A running daemon as commands see it: the home it has open, and the daemon itself. */

import { isVaultError, VaultError } from '../errors.ts';
import type { Clock } from '../clock.ts';
import { isRecoveryCode } from '../crypto/recovery-code.ts';
import { homeLayout } from '../home/home-layout.ts';
import { readHomeMarker } from '../home/home-marker.ts';
import type { VaultApi } from '../operations/api.ts';
import type { OpenOptions } from '../operations/home-options.ts';
import type { OperationContext } from '../operations/operation.ts';
import type { RandomSource } from '../random.ts';
import type { FileSystem } from '../system/file-system.ts';
import { ownerOf, userId } from '../system/local-socket.ts';
import {
  DaemonConnection,
  type DaemonConnectionParts,
  type Listener,
} from './daemon-connection.ts';
import { readDaemonFile } from './daemon-file.ts';
import { checkVersion, type Welcome } from './greeting.ts';
import { placeOf } from './home-place.ts';
import { shapes, type ServedName } from './operation-table.ts';

export interface ReachWorld {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Version of this program. */
  readonly program: string;
}

export class RunningDaemon {
  readonly #parts: DaemonConnectionParts;
  readonly #welcome: Welcome;
  #connections: DaemonConnection[];

  private constructor(parts: DaemonConnectionParts, welcome: Welcome, first: DaemonConnection) {
    this.#parts = parts;
    this.#welcome = welcome;
    this.#connections = [first];
  }

  /**
   * The daemon that has this home (an absolute path) open or waits to open it; undefined where none is. Throws
   * `VAULT_LOCKED` where it does not answer, `VAULT_REFUSED` where who answers is not the daemon of this home.
   */
  static async reach(home: string, world: ReachWorld): Promise<RunningDaemon | undefined> {
    const { fileSystem } = world;
    const layout = homeLayout(home);
    const file = readDaemonFile(fileSystem, layout.daemon);
    if (file === undefined) return undefined;
    const marker = readHomeMarker(fileSystem, layout.marker);
    if (marker === undefined) return undefined;
    const parts: DaemonConnectionParts = {
      ...world,
      socket: file.socket,
      owners: [userId(), ownerOf(layout.daemon)],
      keys: { secret: file.secret, homeId: marker.id },
    };
    const opened = await DaemonConnection.open(parts);
    if (opened === undefined) return undefined;
    const { connection, welcome } = opened;
    if (welcome.state.place !== placeOf(fileSystem, home)) {
      connection.end(); // this home is a copy of the one that it has
      return undefined;
    }
    return new RunningDaemon(parts, welcome, connection);
  }

  /** Whether a text is a recovery code, its check symbols included. */
  isRecoveryCode(text: string): boolean {
    return isRecoveryCode(text);
  }

  /** Whether it waits for something that opens the home. */
  get isLocked(): boolean {
    return this.#welcome.state.locked;
  }

  /**
   * The home it has open. Where it waits, with what opens it; else a secret is asked for as where a device
   * key is in place, and one that is given is proved. Throws `VAULT_KEY_WRONG`, `VAULT_FORMAT_UNSUPPORTED`.
   */
  async open({ secret, signal }: Pick<OpenOptions, 'secret' | 'signal'>): Promise<VaultApi> {
    checkVersion(this.#welcome, this.#parts.program);
    const { locked, deviceKey } = this.#welcome.state;
    const given = await secret({ deviceKey: !locked || deviceKey });
    const context = silent(signal);
    let openedBy: string | undefined;
    if (locked) await this.#call('unlock', [given ?? null], { context });
    else if (given !== undefined) {
      openedBy = (await this.#call('prove', [given], { context })) as string;
    }
    return this.#vault(openedBy);
  }

  /** Tells of what happens, as items, until it is interrupted or the daemon ends. */
  async events(context: OperationContext): Promise<void> {
    checkVersion(this.#welcome, this.#parts.program);
    try {
      await this.#call('events', [], { context });
    } catch (error) {
      if (!isVaultError(error, 'VAULT_CLOSED')) throw error;
    }
  }

  /** Has it end; resolves once its process has. A daemon of any version does. */
  async stop(signal: AbortSignal): Promise<void> {
    const connection = this.#idle() ?? (await this.#another());
    try {
      await connection.call('stop', [], { context: silent(signal) });
    } catch (error) {
      if (isVaultError(error, 'VAULT_CLOSED')) return; // it ended faster than it answered
      throw error;
    }
    const interrupted = new Promise<never>((_resolve, reject) => {
      const refuse = (): void => reject(new VaultError('VAULT_INTERRUPTED', 'interrupted'));
      if (signal.aborted) refuse();
      signal.addEventListener('abort', refuse, { once: true });
    });
    await Promise.race([connection.over, interrupted]);
  }

  /** Ends what is open to it. */
  close(): void {
    for (const connection of this.#connections.splice(0)) connection.end();
  }

  #vault(openedBy: string | undefined): VaultApi {
    const operations = Object.entries(shapes).map(([name, shape]) => {
      const call = (...args: unknown[]): Promise<unknown> => {
        const listener: { context?: OperationContext; write?: Listener['write'] } = {};
        if (shape !== 'plain') listener.context = args.pop() as OperationContext;
        if (shape === 'content') listener.write = args.pop() as NonNullable<Listener['write']>;
        if (name === ('keyChangePassphrase' satisfies ServedName) && openedBy !== undefined) {
          args[0] = { openedBy, ...(args[0] as object) };
        }
        return this.#call(name, args, listener as Listener);
      };
      return [name, call] as const;
    });
    const close = (): Promise<void> => {
      this.close();
      return Promise.resolve();
    };
    // The table has every operation, with the shape that its type says.
    return { ...Object.fromEntries(operations), close } as unknown as VaultApi;
  }

  async #call(operation: string, args: readonly unknown[], listener: Listener): Promise<unknown> {
    // Without a turn in between where one is idle: nobody else may take it.
    const connection = this.#idle() ?? (await this.#another());
    return connection.call(operation, args, listener);
  }

  /** A stream with no call on it. */
  #idle(): DaemonConnection | undefined {
    this.#connections = this.#connections.filter(({ isOver }) => !isOver);
    return this.#connections.find(({ isIdle }) => isIdle);
  }

  async #another(): Promise<DaemonConnection> {
    const opened = await DaemonConnection.open(this.#parts);
    if (opened === undefined) throw new VaultError('VAULT_CLOSED', 'the daemon has ended');
    this.#connections.push(opened.connection);
    return opened.connection;
  }
}

function silent(signal: AbortSignal): OperationContext {
  return { signal, emit: () => undefined, confirm: () => Promise.resolve(undefined) };
}
