/** One machine from a start to its end: its disk, databases, clock and randomness, and what goes wrong with them. */

import { VaultError } from '../../src/errors.ts';
import type { RandomSource } from '../../src/random.ts';
import { FileError } from '../../src/system/file-system.ts';
import { MemoryFileSystem } from '../../src/system/memory-file-system.ts';
import type { MemoryCall, MemoryFileSystemOptions } from '../../src/system/memory-volume.ts';
import { seededRandom } from '../../src/system/seeded-random.ts';
import type { VirtualClock } from '../../src/system/virtual-clock.ts';
import {
  memoryMachine,
  storesAfterCrash,
  type MemoryStores,
  type TestEnvironment,
} from '../helpers/test-environment.ts';
import { NodeClock } from './node-clock.ts';

/** What happens at a call of the disk: a power cut, a failure, or a user who is faster. */
export type Mishap = 'power cut' | 'kill' | 'EIO' | 'ENOSPC' | 'edit' | 'edit at a name';

export interface MachineParts {
  readonly world: VirtualClock;
  readonly seed: string;
  readonly skewMs: number;
  readonly disk: Pick<MemoryFileSystemOptions, 'granularityNs' | 'names'>;
}

/** What a machine leaves behind. */
export interface Remains {
  readonly fileSystem: (options: Partial<MemoryFileSystemOptions>) => MemoryFileSystem;
  /** A copy of its own each time. */
  readonly stores: () => MemoryStores;
}

const CHANGING: ReadonlySet<MemoryCall> = new Set([
  'open',
  'makeDirectory',
  'rename',
  'link',
  'makeSymlink',
  'file.write',
]);
const FAILING: ReadonlySet<MemoryCall> = new Set([
  ...CHANGING,
  'list',
  'removeFile',
  'file.read',
  'file.sync',
  'syncDirectory',
]);
const NAMING: ReadonlySet<MemoryCall> = new Set(['rename', 'link', 'removeFile']);
/** As a process that ended leaves it. */
const keepAll: RandomSource = { bytes: (length) => new Uint8Array(length).fill(0xff) };

export class Machine {
  readonly clock: NodeClock;
  readonly fileSystem: MemoryFileSystem;
  readonly environment: TestEnvironment;
  /** Called at the chosen call; only for `edit` does the call go on afterwards. */
  onMishap: (mishap: Mishap, path: string) => void = () => undefined;
  isOver = false;
  readonly #stores: MemoryStores;
  #planned: { readonly mishap: Mishap; left: number } | undefined;
  #isUser = false;

  constructor(parts: MachineParts, life: number, remains?: Remains) {
    this.clock = new NodeClock(parts.world, parts.skewMs);
    const options: MemoryFileSystemOptions = {
      ...parts.disk,
      clock: this.clock,
      beforeCall: (call, path) => this.#onCall(call, path),
    };
    this.fileSystem = remains?.fileSystem(options) ?? new MemoryFileSystem(options);
    const random = seededRandom(`${parts.seed} life ${life}`);
    const machine = memoryMachine(this.fileSystem, this.clock, random, remains?.stores());
    this.#stores = machine.stores;
    this.environment = machine.environment;
    this.environment.onStoreWrite = () => this.#onStoreWrite();
  }

  /** Lets this happen at the call after so many. */
  plan(mishap: Mishap, after: number): void {
    this.#planned = { mishap, left: after };
  }

  unplan(): void {
    this.#planned = undefined;
  }

  /** What somebody else does with the disk: nothing goes wrong with it, and it is not counted. */
  byUser<T>(work: () => T): T {
    const before = this.#isUser;
    this.#isUser = true;
    try {
      return work();
    } finally {
      this.#isUser = before;
    }
  }

  /** The end: after a power cut, `chance` decides what of the unsynced is there; else all is. */
  end(chance: RandomSource | undefined): Remains {
    this.isOver = true;
    this.clock.stop();
    const { fileSystem } = this;
    const stores = storesAfterCrash(this.#stores, chance ?? keepAll);
    // The disk as it is now, whatever goes on in the machine that is over.
    const left = fileSystem.crash(chance ?? keepAll);
    return {
      fileSystem: (options) => left.crash(keepAll, options),
      stores: () => storesAfterCrash(stores, keepAll),
    };
  }

  #onCall(call: MemoryCall, path: string): void {
    if (this.#isUser) return;
    if (this.isOver) throw new FileError('EIO', call, path);
    // Only around these is there a race for a name.
    if (this.#planned?.mishap === 'edit at a name' && !NAMING.has(call)) return;
    const mishap = this.#due((one) =>
      one === 'EIO' ? FAILING.has(call) : one === 'ENOSPC' ? CHANGING.has(call) : true,
    );
    if (mishap === undefined) return;
    this.byUser(() => this.onMishap(mishap, path));
    if (!isEdit(mishap)) throw new FileError(mishap === 'ENOSPC' ? mishap : 'EIO', call, path);
  }

  #onStoreWrite(): void {
    if (this.isOver) throw new VaultError('VAULT_IO', 'the machine is off');
    const mishap = this.#due(() => true);
    if (mishap === undefined) return;
    this.byUser(() => this.onMishap(mishap, ''));
    if (isEdit(mishap)) return;
    if (mishap === 'ENOSPC') throw new VaultError('VAULT_NO_SPACE', 'the disk is full');
    throw new VaultError('VAULT_IO', 'the disk failed');
  }

  /** What happens now, if anything does. */
  #due(canHappen: (mishap: Mishap) => boolean): Mishap | undefined {
    const planned = this.#planned;
    if (planned === undefined) return undefined;
    if (planned.left > 0) {
      planned.left--;
      return undefined;
    }
    if (!canHappen(planned.mishap)) return undefined;
    this.#planned = undefined;
    return planned.mishap;
  }
}

function isEdit(mishap: Mishap): boolean {
  return mishap === 'edit' || mishap === 'edit at a name';
}
