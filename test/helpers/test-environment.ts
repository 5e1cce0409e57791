/** Worlds in which the whole of vault runs inside a test: `openVault(options, environment)` and all below it. */

import type { TestContext } from 'node:test';
import { deferred } from '../../src/async.ts';
import { systemClock, type Clock } from '../../src/clock.ts';
import { VaultError } from '../../src/errors.ts';
import { tasks } from '../../src/folder/tasks.ts';
import type { Environment, Lock, LockOptions, OpenedStore } from '../../src/home/environment.ts';
import type { RandomSource } from '../../src/random.ts';
import { MemoryChunkStore } from '../../src/store/memory-chunk-store.ts';
import { MemoryMetaStore } from '../../src/store/memory-meta-store.ts';
import type { FileSystem } from '../../src/system/file-system.ts';
import { inlinePool } from '../../src/system/inline-pool.ts';
import { MemoryWeb } from '../../src/system/memory-web.ts';
import { webNetwork, type WebNetwork } from '../../src/system/web-network.ts';
import { MemoryFileSystem } from '../../src/system/memory-file-system.ts';
import type { MemoryFileSystemOptions } from '../../src/system/memory-volume.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { seededRandom } from '../../src/system/seeded-random.ts';
import { MemoryWatches } from '../../src/system/memory-watch.ts';
import { systemWatch } from '../../src/system/system-watch.ts';
import type { StartWatch } from '../../src/system/tree-watch.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import type { WorkerPool } from '../../src/system/worker-pool.ts';
import { tempDir } from './temp-dir.ts';

/** Any number of homes, opened one after another. */
export interface TestEnvironment extends Environment {
  /** Called before each write to a store, as a disk that may fail would; it throws what the disk says. */
  onStoreWrite: () => void;
}

export interface MemoryEnvironment extends TestEnvironment {
  readonly fileSystem: MemoryFileSystem;
  readonly clock: VirtualClock;
  readonly watches: MemoryWatches;
  /** The world as found after a power cut now; this one is at its end. */
  crash(random: RandomSource): MemoryEnvironment;
}

export type MemoryEnvironmentOptions = Omit<MemoryFileSystemOptions, 'clock'> & {
  /** The network it is on, as one machine; default one of its own. Its clock is that of the network. */
  readonly web?: {
    readonly web: MemoryWeb;
    readonly machine: string;
    readonly clock: VirtualClock;
  };
  /** Seeds all randomness, keys included. */
  readonly seed?: string | number;
};

/** A machine in memory: nothing of it outlives the test, and time stands still until told to pass. */
export function memoryEnvironment(options: MemoryEnvironmentOptions = {}): MemoryEnvironment {
  const { seed = 'test environment', web, ...disk } = options;
  const clock = web?.clock ?? new VirtualClock();
  const fileSystem = new MemoryFileSystem({ clock, ...disk });
  const network = (web?.web ?? new MemoryWeb(clock)).network(web?.machine ?? 'machine');
  return memoryWorld(fileSystem, clock, seededRandom(seed), new Map(), network);
}

/** The real disk and clock below a directory of the test's own, with stores in memory and no threads. */
export function realEnvironment(
  t: TestContext,
  seed: string | number = 'test environment',
): TestEnvironment & { readonly directory: string } {
  const stores = new Map<string, AnyStore>();
  const disk = { fileSystem: realFileSystem(), watch: systemWatch };
  const environment = world(disk, systemClock, seededRandom(seed), stores, true);
  environment.openNetwork = (limits) => Promise.resolve(webNetwork(limits));
  return Object.assign(environment, { directory: tempDir(t) });
}

type AnyStore = MemoryChunkStore | MemoryMetaStore;

/** The cheapest that is accepted: a hundredth of what people's passphrases get. */
const scryptCost = { log2N: 10, r: 1, p: 1 } as const;
/** In a database's directory: says which store in memory is its content, wherever it is moved. */
const MARKER = 'memory-store';
const keepAll: RandomSource = { bytes: (length) => new Uint8Array(length).fill(0xff) };

function memoryWorld(
  fileSystem: MemoryFileSystem,
  clock: VirtualClock,
  random: RandomSource,
  stores: Map<string, AnyStore>,
  network: WebNetwork,
): MemoryEnvironment {
  const watches = new MemoryWatches(fileSystem);
  const disk = { fileSystem, watch: watches.start };
  const environment = world(disk, clock, random, stores, true, network);
  return Object.assign(environment, {
    fileSystem,
    clock,
    watches,
    crash(chance: RandomSource): MemoryEnvironment {
      const left = storesAfterCrash(stores, chance);
      return memoryWorld(fileSystem.crash(chance), clock, random, left, network);
    },
  });
}

/** A machine in memory whose every part is given: for simulations, which take over what a crash leaves. */
export interface MemoryMachine {
  readonly fileSystem: MemoryFileSystem;
  readonly stores: MemoryStores;
  readonly watches: MemoryWatches;
  readonly environment: TestEnvironment;
}

/** Databases by the ids that mark their directories. */
export type MemoryStores = Map<string, AnyStore>;

export function memoryMachine(
  fileSystem: MemoryFileSystem,
  clock: Clock,
  random: RandomSource,
  stores: MemoryStores = new Map(),
): MemoryMachine {
  const watches = new MemoryWatches(fileSystem);
  const disk = { fileSystem, watch: watches.start };
  return { fileSystem, stores, watches, environment: world(disk, clock, random, stores, false) };
}

/** What a power cut leaves of all databases. */
export function storesAfterCrash(stores: MemoryStores, chance: RandomSource): MemoryStores {
  return new Map([...stores].map(([id, store]) => [id, store.crash(chance)] as const));
}

function world(
  { fileSystem, watch }: { readonly fileSystem: FileSystem; readonly watch: StartWatch },
  clock: Clock,
  random: RandomSource,
  stores: Map<string, AnyStore>,
  isolate: boolean,
  network: WebNetwork = new MemoryWeb(clock).network('machine'),
): TestEnvironment {
  const locks = new Map<string, Promise<void>>();
  const open = <S extends AnyStore>(path: string, make: () => S): Promise<OpenedStore<S>> => {
    fileSystem.makeDirectories(path);
    const id = storeId(fileSystem, random, path);
    // As a process that ended leaves it: whole, whether or not it was synced.
    const store = (stores.get(id)?.crash(keepAll) as S | undefined) ?? make();
    store.onWrite = () => environment.onStoreWrite();
    stores.set(id, store);
    return Promise.resolve({ store, repaired: false });
  };
  const environment: TestEnvironment = {
    fileSystem,
    clock,
    random,
    watch,
    pool: renewedPool(() => inlinePool({ tasks, fileSystem, random, isolate })),
    machineName: 'test machine',
    scryptCost,
    onStoreWrite: () => undefined,
    openChunks: (path) => open(path, () => new MemoryChunkStore()),
    openMeta: (path) => open(path, () => new MemoryMetaStore()),
    openNetwork: () => Promise.resolve(network),
    lock: (path, options) => takeLock(locks, clock, path, options),
  };
  return environment;
}

function storeId(fileSystem: FileSystem, random: RandomSource, directory: string): string {
  const path = `${directory}/${MARKER}`;
  if (fileSystem.statIfPresent(path) !== undefined) {
    return Buffer.from(fileSystem.readFile(path)).toString('latin1');
  }
  const id = Buffer.from(random.bytes(16)).toString('hex');
  const file = fileSystem.open(path, { mode: 'create' });
  file.write(Buffer.from(id, 'latin1'), 0);
  file.sync();
  file.close();
  fileSystem.syncDirectory(directory);
  fileSystem.syncDirectory(directory.replace(/\/[^/]*$/, '') || '/');
  return id;
}

async function takeLock(
  locks: Map<string, Promise<void>>,
  clock: Clock,
  path: string,
  { waitMs, signal }: LockOptions,
): Promise<Lock> {
  const deadline = clock.monotonicMs() + waitMs;
  for (let held = locks.get(path); held !== undefined; held = locks.get(path)) {
    signal.throwIfAborted();
    const left = deadline - clock.monotonicMs();
    if (left <= 0) throw new VaultError('VAULT_LOCKED', 'another opening has this home open');
    const waited = deferred<void>();
    const cancel = clock.timer(left, () => waited.resolve());
    await Promise.race([held, waited.promise]);
    cancel();
  }
  const freed = deferred<void>();
  locks.set(path, freed.promise);
  return {
    close() {
      if (locks.get(path) === freed.promise) locks.delete(path);
      freed.resolve();
      return Promise.resolve();
    },
  };
}

/** A pool that begins anew once it was closed, so that one environment serves many openings. */
export function renewedPool(make: () => WorkerPool): WorkerPool {
  let pool = make();
  return {
    get lanes() {
      return pool.lanes;
    },
    run: (task, input, options) => pool.run(task, input, options),
    configure: (key, value) => pool.configure(key, value),
    warm: () => pool.warm(),
    async close() {
      const closing = pool;
      pool = make();
      await closing.close();
    },
  };
}
