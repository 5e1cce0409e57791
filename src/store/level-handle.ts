/** LevelDB as its binding gives it: opened, written to in batches, repaired, removed. The only importer of `classic-level`. */

import { ClassicLevel, type Iterator as RowIterator } from 'classic-level';
import { storeFailure } from './store-failure.ts';

export interface LevelSettings {
  readonly compression: boolean;
  /** Bytes gathered in memory (twice that while one half is being written out). */
  readonly writeBufferSize: number;
  /** Bytes of one table a compaction writes. */
  readonly maxFileSize: number;
  /** Bytes of decoded blocks kept. */
  readonly cacheSize: number;
  /** Tables held open; LevelDB takes no less than 74. */
  readonly maxOpenFiles: number;
}

export type LevelOperation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

export type LevelHandle = ClassicLevel<Uint8Array, Uint8Array>;
export type LevelIterator = RowIterator<LevelHandle, Uint8Array, Uint8Array>;

/** Opens the database in a directory, made if missing. Throws `VAULT_LOCKED`, `VAULT_DAMAGED`, `VAULT_NO_SPACE`, `VAULT_IO`. */
export async function openHandle(path: string, settings: LevelSettings): Promise<LevelHandle> {
  const handle: LevelHandle = new ClassicLevel(path, {
    ...settings,
    keyEncoding: 'view',
    valueEncoding: 'view',
  });
  try {
    await handle.open();
  } catch (error) {
    throw storeFailure(error, path, 'open');
  }
  return handle;
}

/**
 * Rebuilds the description of the database at `path` from the tables and logs found there; keeps
 * wrong bytes as they are. Nobody may have it open. Throws `VAULT_DAMAGED`, `VAULT_NO_SPACE`, `VAULT_IO`.
 */
export async function repairLevel(path: string): Promise<void> {
  try {
    await ClassicLevel.repair(path);
  } catch (error) {
    throw storeFailure(error, path, 'repair');
  }
}

/** Removes the database at `path`. Throws `VAULT_LOCKED` if it is open, `VAULT_IO`. */
export async function destroyLevel(path: string): Promise<void> {
  try {
    await ClassicLevel.destroy(path);
  } catch (error) {
    throw storeFailure(error, path, 'remove');
  }
}

/** The binding hands out Buffers, whose `slice` shares memory: hide that behind the plain class. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Batches of larger values on average are written as arrays. */
const CHAINED_MEAN_BYTES = 4096;

/**
 * A chained batch costs a quarter of an array of operations: 2 µs for each instead of 8. But the binding
 * keeps its memory until the collector finds it, which is not for batches of a few large values.
 */
export async function writeBatch(
  db: LevelHandle,
  operations: readonly LevelOperation[],
  sync: boolean,
): Promise<void> {
  let bytes = 0;
  for (const one of operations) if (one.type === 'put') bytes += one.value.length;
  if (bytes > operations.length * CHAINED_MEAN_BYTES) {
    await db.batch([...operations], { sync });
    return;
  }
  const batch = db.batch();
  try {
    for (const operation of operations) {
      if (operation.type === 'put') batch.put(operation.key, operation.value);
      else batch.del(operation.key);
    }
    await batch.write({ sync });
  } finally {
    await batch.close();
  }
}
