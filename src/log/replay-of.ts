/** A replay of a folder's log: what it asks and what it changes there. */

import type { EntryPlaceRow } from '../store/meta-keys.ts';
import type { MetaOperation } from '../store/meta-store.ts';
import { noEntry } from './entry-builder.ts';
import type { EntryReader } from './entry-reader.ts';
import type { EntryRows } from './entry-rows.ts';
import type { Entry } from './entry.ts';
import { branchLogId } from './log-id.ts';
import { LogReplay } from './log-replay.ts';
import type { LogSealer } from './log-sealer.ts';
import { lineHolding } from './log-stretches.ts';
import type { Head, LogId, VectorClock } from './types.ts';

export interface ReplayedLog {
  readonly parts: { readonly log: LogId };
  readonly reader: EntryReader;
  readonly rows: EntryRows;
  /** By line; added to. */
  readonly heads: Map<LogId, Head>;
  readonly sealer: LogSealer;
  readonly isSigned: (head: Head) => boolean;
  /** Notes what an entry of this node's log told of others; the row for it. */
  readonly told: (clock: VectorClock) => MetaOperation;
}

export function replayOf(replayed: ReplayedLog): LogReplay {
  const { reader, rows, heads, sealer, isSigned } = replayed;
  const { log: own } = replayed.parts;
  // Ours that have no page here lost it: another's has perhaps not come.
  const placeOf = (entry: Entry, { chunkSeq, pageSeq }: EntryPlaceRow): EntryPlaceRow => {
    const isNeeded = entry.records.some(({ hash }) => hash !== undefined);
    const expected = entry.log === own || !isNeeded ? chunkSeq + 1 : undefined;
    return { chunkSeq, pageSeq: pageSeq ?? expected };
  };
  return new LogReplay({
    open: (value) => reader.open(value),
    rowsOf: async (line, entry, page, place) => {
      const records = page === undefined ? undefined : reader.openRecords(entry, page);
      const links = reader.openLinks(entry);
      const made = await rows.of(line, entry, links, records, placeOf(entry, place));
      // What others wrote is not what lies in the working copy.
      if (entry.log !== own) return made;
      made.push(...rows.unseen(links));
      if (entry.clock.size > 0) made.push(replayed.told(entry.clock));
      return made;
    },
    rowsOfPage: async (page, pageSeq) => {
      const wanted = await rows.wantedPage(page.entry);
      if (wanted === undefined) return [];
      const { line, seq } = wanted;
      const entry = await reader.entryAlone(line, seq);
      const place = await reader.placeOf(line, seq);
      if (place === undefined) return [];
      const records = reader.openRecords(entry, page);
      return rows.ofPage(line, entry, records, { chunkSeq: place.chunkSeq, pageSeq });
    },
    settled: () => rows.settle(),
    lose: (line, seq) => reader.lost.add(line, seq),
    nextSeq: (line) => (heads.get(line)?.seq ?? -1) + 1,
    lastHash: (line) => heads.get(line)?.hash ?? noEntry,
    takeHead: (line, head) => {
      heads.set(line, head);
    },
    verifyHead: isSigned,
    linesOf: (log) => reader.lines.of(log),
    holderOf: (log, seq, hash) => lineHolding({ reader, heads }, { log, seq, hash }),
    branch: (parent, { log: origin, seq: from, hash }) => {
      const line = branchLogId(origin, hash);
      return { line, rows: [reader.lines.add({ id: line, origin, parent, from })] };
    },
    own,
    sign: (seq, hash) => sealer.signed(own, seq, hash),
  });
}
