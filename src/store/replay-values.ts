/** The values above the last commit, after an unclean stop or where `meta/` is gone. */

import { parseHeader, valueTypes } from '../crypto/sealed-value.ts';
import { VaultError } from '../errors.ts';
import type { ChunkStore } from './chunk-store.ts';
import { chunkKey, encodeChunkRow } from './meta-keys.ts';
import type { MetaOperation, MetaStore } from './meta-store.ts';
import type { ReplayCounts, ReplayLog } from './replay-log.ts';

interface ReplayedStores {
  readonly chunks: ChunkStore;
  readonly meta: MetaStore;
  /** Runs what changes them. */
  readonly guard: <T>(run: () => Promise<T>) => Promise<T>;
}

/** Rows written at once. */
const ROWS = 10_000;

/**
 * Goes through the values from `from` on, as `FolderStore.replay` says: indexes chunks, hands log values
 * to `log`, deletes what no head covers.
 */
export async function replayValues(
  { chunks, meta, guard }: ReplayedStores,
  from: number,
  log: ReplayLog,
): Promise<ReplayCounts> {
  const damaged: number[] = [];
  let rows: MetaOperation[] = [];
  let indexed = 0;
  const flush = async (): Promise<void> => {
    if (rows.length > 0) await guard(() => meta.write(rows, { sync: true }));
    rows = [];
    log.settled();
  };
  for await (const { seq, value } of chunks.scan(from, undefined, (after) => {
    damaged.push(after);
  })) {
    let header;
    try {
      header = parseHeader(value);
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      damaged.push(seq);
      continue;
    }
    if (header.type >= valueTypes.entry) {
      for (const row of await log.accept(seq, value)) rows.push(row);
    } else {
      indexed++;
      rows.push({
        type: 'put',
        key: chunkKey(header.id.slice()),
        value: encodeChunkRow({ seq, bytes: value.length }),
      });
    }
    if (rows.length >= ROWS) await flush();
  }
  for (const row of await log.finish(damaged.length > 0)) rows.push(row);
  await flush();
  damaged.push(...log.damaged);
  // What seems to have no head may have one among what cannot be read.
  const leftover = damaged.length > 0 ? [] : log.leftover();
  if (leftover.length > 0) {
    await guard(() => chunks.write({ deletes: leftover }, { sync: true }));
  }
  return { chunks: indexed, dropped: leftover.length, damaged };
}
