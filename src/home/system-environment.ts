/** The world as it really is: this machine's disk, clock, randomness, threads and databases. */

import { hostname, availableParallelism } from 'node:os';
import { systemClock } from '../clock.ts';
import type { Environment } from './environment.ts';
import { systemRandom } from '../random.ts';
import { HomeLock } from '../store/home-lock.ts';
import { LevelChunkStore } from '../store/level-chunk-store.ts';
import { LevelMetaStore } from '../store/level-meta-store.ts';
import { keepHeapSmall } from '../system/frugal-heap.ts';
import { realFileSystem } from '../system/real-file-system.ts';
import { systemWatch } from '../system/system-watch.ts';
import { threadPool } from '../system/thread-pool.ts';
import type { WorkerPool } from '../system/worker-pool.ts';

const tasks = [new URL('../folder/tasks.js', import.meta.url)];

/** Threads for bulk work; 0 takes one for each processor. None starts before it is used. */
export function systemPool(workers: number): WorkerPool {
  return threadPool({ modules: tasks, lanes: workers === 0 ? availableParallelism() : workers });
}

/** This machine, with the default number of threads. Nothing starts before it is used. */
export function systemEnvironment(): Environment {
  keepHeapSmall();
  const fileSystem = realFileSystem();
  return {
    fileSystem,
    clock: systemClock,
    random: systemRandom(),
    pool: systemPool(0),
    watch: systemWatch,
    machineName: hostname(),
    async openChunks(path) {
      const store = await LevelChunkStore.open(fileSystem, path);
      return { store, repaired: store.repaired };
    },
    async openMeta(path) {
      const store = await LevelMetaStore.open(fileSystem, path);
      return { store, repaired: store.repaired };
    },
    async openNetwork(limits) {
      const { webNetwork } = await import('../system/web-network.ts');
      return webNetwork(limits);
    },
    lock: (path, { waitMs, signal }) =>
      HomeLock.acquire(fileSystem, path, { clock: systemClock, waitMs, signal }),
  };
}
