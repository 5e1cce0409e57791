/**
 * When entries that other nodes gave were first seen here: kept where the clock of their author was ahead,
 * and always for entries of a log that this node writes, because those were written by another copy of
 * its home: that there is such a row is what tells them from entries that this home wrote.
 */

import { concat, fromHex, toHex } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import type { FolderStore } from '../store/folder-store.ts';
import { decodeSeq, encodeSeq, metaKey, metaPrefix, metaRange } from '../store/meta-keys.ts';
import type { MetaOperation } from '../store/meta-store.ts';
import type { HybridTime, LogId, NamedLink } from './types.ts';

/** Of entries whose head was lost: whether and when they came from elsewhere is not known. */
export const SEEN_UNKNOWN: HybridTime = Number.MAX_SAFE_INTEGER;

interface FirstSeen {
  readonly line: LogId;
  readonly first: number;
  readonly last: number;
  readonly time: HybridTime;
}

/** The row that says when the entries of a line from `first` to `last` were first seen here. */
export function firstSeenRow(
  line: LogId,
  { first, last }: { readonly first: number; readonly last: number },
  time: HybridTime,
): MetaOperation {
  const key = metaKey(metaPrefix.firstSeen, fromHex(line), encodeSeq(first));
  return { type: 'put', key, value: concat(encodeSeq(time), encodeSeq(last)) };
}

/**
 * When links were first seen here, as far as that differs from what their authors say: where an
 * author's clock was ahead. For any other link, its own time.
 */
export async function loadFirstSeen(
  store: FolderStore,
  originOf: (line: LogId) => LogId,
): Promise<(link: NamedLink) => HybridTime> {
  const seen = new Map<LogId, FirstSeen[]>();
  for await (const row of firstSeenRows(store)) {
    const log = originOf(row.line);
    seen.set(log, [...(seen.get(log) ?? []), row]);
  }
  return ({ dot, time }) => {
    const found = seen.get(dot.log)?.find(({ first, last }) => dot.seq >= first && dot.seq <= last);
    return Math.min(time, found?.time ?? time);
  };
}

/** When entry `seq` of a line was first seen here, where that is kept. */
export async function firstSeenAt(
  store: FolderStore,
  line: LogId,
  seq: number,
): Promise<HybridTime | undefined> {
  for await (const { first, last, time } of firstSeenRows(store, line)) {
    if (seq >= first && seq <= last) return time;
  }
  return undefined;
}

/**
 * Whether entries of one of these lines, which are those of a log that this node writes, came from
 * elsewhere; `unknown` where a head of them was lost that would tell.
 */
export async function cameFromElsewhere(
  store: FolderStore,
  lines: readonly LogId[],
): Promise<boolean | 'unknown'> {
  let found: boolean | 'unknown' = false;
  for (const line of lines) {
    for await (const { time } of firstSeenRows(store, line)) {
      if (time !== SEEN_UNKNOWN) return true;
      found = 'unknown';
    }
  }
  return found;
}

async function* firstSeenRows(store: FolderStore, line?: LogId): AsyncGenerator<FirstSeen> {
  const parts = line === undefined ? [] : [fromHex(line)];
  const range = metaRange(metaKey(metaPrefix.firstSeen, ...parts));
  for await (const { key, value } of store.meta.scan(range)) {
    const first = decodeSeq(key.subarray(33));
    const time = decodeSeq(value.subarray(0, 8));
    const last = decodeSeq(value.subarray(8));
    if (first === undefined || time === undefined || last === undefined) {
      throw new VaultError('VAULT_DAMAGED', 'the index of when entries came is damaged');
    }
    yield { line: toHex(key.subarray(1, 33)), first, last, time };
  }
}
