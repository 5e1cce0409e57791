/** Brings a folder's log to where its values say it is: after an unclean stop, and where heads are damaged. */

import { VaultError } from '../errors.ts';
import type { FolderStore } from '../store/folder-store.ts';
import type { ReplayCounts } from '../store/replay-log.ts';
import type { EntryReader } from './entry-reader.ts';
import { firstSeenAt } from './first-seen.ts';
import { lastEntrySeq, type LostHead } from './log-heads.ts';
import type { LogWriter } from './log-writer.ts';
import { replayOf, type ReplayedLog } from './replay-of.ts';

export interface RecoveryParts extends Omit<ReplayedLog, 'parts' | 'told'> {
  readonly parts: ReplayedLog['parts'] & { readonly store: FolderStore };
  readonly reader: EntryReader;
  readonly writer: LogWriter;
  /** Heads that were found though their values are lost. */
  readonly lost: readonly LostHead[];
}

export interface Recovered {
  /** What a replay of the values found; undefined where none was needed. */
  readonly replayed: ReplayCounts | undefined;
  /** How many heads were written anew. */
  readonly mended: number;
}

/** May be cut short anywhere and begun again. Throws `VAULT_DAMAGED` where the index is wrong. */
export async function recoverLog(recovery: RecoveryParts): Promise<Recovered> {
  const { parts, reader, rows, heads, writer, lost } = recovery;
  const { store, log: own } = parts;
  if (!heads.has(own) && (await lastEntrySeq(store, reader, own)) >= 0) {
    throw new VaultError('VAULT_DAMAGED', "the index lacks the head of this node's log");
  }
  let replayed: ReplayCounts | undefined;
  const unwritten = [...lost];
  if (store.needsReplay) {
    const replay = replayOf({ ...recovery, told: (clock) => writer.told(clock) });
    replayed = await store.replay(replay);
    rows.settle();
    if (replay.signed !== undefined) {
      unwritten.push({ line: own, head: replay.signed, damagedSeq: undefined });
    }
  }
  for (const { line, head, damagedSeq } of unwritten) {
    // One that was replayed since has a value of its own.
    if (heads.get(line) !== head) continue;
    await writer.commitHead(line, head, [], { seenAt: await firstSeenAt(store, line, head.seq) });
    if (damagedSeq !== undefined) {
      await store.chunks.write({ deletes: [damagedSeq] }, { sync: true });
    }
  }
  return { replayed, mended: unwritten.length };
}
