/** What a daemon does for commands: the operations of the home it has open, and what opens it where it waits. */

import { deferred, Mutex } from '../async.ts';
import { isVaultError, VaultError } from '../errors.ts';
import type { Secret } from '../operations/home-options.ts';
import type { HeldHome, Vault } from '../vault.ts';
import type { Caller, Service } from './command-connection.ts';
import type { EventHub } from './event-hub.ts';
import type { DaemonState } from './greeting.ts';
import { shapes, type ServedName } from './operation-table.ts';

export interface DaemonServiceParts {
  readonly held: HeldHome;
  readonly place: string;
  readonly events: EventHub;
  /** The home was opened. What this throws is told to whoever opened it. */
  readonly onOpened: (vault: Vault) => Promise<void>;
  /** An operation changed a folder, its settings or its place. */
  readonly onChanged: (folder: string, operation: ServedName) => void;
  /** A command asks for the end. */
  readonly onStop: () => void;
}

type Operation = (...args: unknown[]) => Promise<unknown>;

/** Operations that change a folder, and say which. */
const changing: ReadonlySet<ServedName> = new Set([
  'snapshot',
  'revert',
  'undo',
  'resolve',
  'folderAdd',
  'folderSet',
  'folderMove',
  'folderLock',
  'folderUnlock',
  'folderRemove',
] as const);

function noteFolder(value: unknown, into: Set<string>): void {
  if (typeof value !== 'object' || value === null || 'error' in value) return;
  if ('folder' in value && typeof value.folder === 'string') into.add(value.folder);
}

export class DaemonService implements Service {
  readonly versionless = 'stop';
  readonly #parts: DaemonServiceParts;
  readonly #opening = new Mutex();
  readonly #settled = deferred<void>();
  #vault: Vault | undefined;

  constructor(parts: DaemonServiceParts) {
    this.#parts = parts;
  }

  get vault(): Vault | undefined {
    return this.#vault;
  }

  async state(): Promise<DaemonState> {
    await this.#settled.promise;
    const { held, place } = this.#parts;
    return { locked: this.#vault === undefined, deviceKey: held.hasDeviceKey(), place };
  }

  /**
   * Opens the home at the start: with what `secret` gives, else with its device key. Without either it stays
   * locked; so it does where the device key opens nothing. Throws as opening does.
   */
  async begin(secret: Secret | undefined, signal: AbortSignal): Promise<void> {
    try {
      if (secret !== undefined || this.#parts.held.hasDeviceKey()) await this.#open(secret, signal);
    } catch (error) {
      if (secret !== undefined || !isVaultError(error, 'VAULT_KEY_WRONG')) throw error;
    } finally {
      this.#settled.resolve();
    }
  }

  call(operation: string, args: readonly unknown[], caller: Caller): Promise<unknown> {
    const { events, onStop } = this.#parts;
    switch (operation) {
      case 'stop':
        onStop();
        return Promise.resolve(null);
      case 'unlock':
      case 'prove':
        return this.#proved((args[0] as Secret | null) ?? undefined, caller.context.signal);
      case 'events':
        return events.listen(caller.context);
      default:
        return this.#perform(operation, args, caller);
    }
  }

  async #perform(operation: string, args: readonly unknown[], caller: Caller): Promise<unknown> {
    if (!Object.hasOwn(shapes, operation)) {
      throw new VaultError('VAULT_USAGE', `the daemon does not know the operation ${operation}`, {
        hint: 'it may be of an older vault: run vault stop, then vault start',
      });
    }
    const name = operation as keyof typeof shapes;
    const vault = this.#vault;
    if (vault === undefined) throw locked();
    const all = [...args];
    if (shapes[name] === 'content') all.push((piece: Uint8Array) => caller.write(piece));
    if (shapes[name] !== 'plain') all.push(caller.context);
    const folders = new Set<string>();
    if (changing.has(name)) {
      const { context } = caller;
      const emit: typeof context.emit = (event) => {
        // Of several folders, each is told as a result.
        if (event.type === 'item' && event.item.type === 'result') noteFolder(event.item, folders);
        context.emit(event);
      };
      all[all.length - 1] = { ...context, emit };
    }
    // What a command sends has the types of the same program's other end; a mistake is a failed operation.
    const result = await (vault[name] as unknown as Operation)(...all);
    if (changing.has(name)) {
      noteFolder(result, folders);
      for (const folder of folders) this.#parts.onChanged(folder, name);
    }
    return result;
  }

  /** The slot that a secret opens; with it, a home that is locked is opened. */
  async #proved(secret: Secret | undefined, signal: AbortSignal): Promise<string> {
    const opened = await this.#opening.run(async () => {
      if (this.#vault !== undefined) return undefined;
      await this.#open(secret, signal);
      return true;
    });
    if (opened === true || secret === undefined) return '';
    if (this.#vault === undefined) throw locked();
    return this.#vault.prove(secret);
  }

  async #open(secret: Secret | undefined, signal: AbortSignal): Promise<void> {
    const vault = await this.#parts.held.open({ secret: () => Promise.resolve(secret), signal });
    this.#vault = vault;
    await this.#parts.onOpened(vault);
  }
}

function locked(): VaultError {
  return new VaultError('VAULT_KEY_WRONG', 'the daemon waits locked: nothing has opened its home', {
    hint: 'give --passphrase-file, --passphrase-command or VAULT_PASSPHRASE with any command',
  });
}
