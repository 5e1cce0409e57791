/** Reads stretches of logs for other nodes: entries as they were written, up to a signed head. */

import { equalBytes } from '../bytes.ts';
import { encodeEntry } from './entry.ts';
import { isLoss, isVaultError } from '../errors.ts';
import type { FolderStore } from '../store/folder-store.ts';
import type { EntryReader } from './entry-reader.ts';
import { signedFrom } from './log-heads.ts';
import type { Head, LogId } from './types.ts';

export interface StretchAsk {
  /** The id its author wrote it under, fork or not. */
  readonly log: LogId;
  readonly from: number;
  /** The head that the entries are to lead to: of a forked log, it says which branch. */
  readonly toward: { readonly seq: number; readonly hash: Uint8Array };
}

export interface ReadStretch {
  /** The line that the last entry lies in. */
  readonly line: LogId;
  readonly from: number;
  readonly head: Head;
  /** Canonical bytes of each entry. */
  readonly entries: readonly Uint8Array[];
}

export interface StretchSource {
  readonly store: FolderStore;
  readonly reader: EntryReader;
  /** By line. */
  readonly heads: ReadonlyMap<LogId, Head>;
  /** A signed head of an entry of a line that is not its last, if one can be had. */
  readonly earlier: (line: LogId, place: StretchAsk['toward']) => Head | undefined;
}

/** The line whose history holds entry `seq` with this hash; undefined where none does, as far as it is not lost. */
export async function lineHolding(
  { reader, heads }: Pick<StretchSource, 'reader' | 'heads'>,
  { log, seq, hash }: { readonly log: LogId; readonly seq: number; readonly hash: Uint8Array },
): Promise<LogId | undefined> {
  for (const line of reader.lines.of(log)) {
    const head = heads.get(line);
    if (head === undefined || seq > head.seq || seq < reader.lines.from(line)) continue;
    if (head.seq === seq) {
      if (equalBytes(head.hash, hash)) return line;
      continue;
    }
    try {
      if (equalBytes((await reader.entryAlone(line, seq)).hash, hash)) return line;
    } catch (error) {
      if (!isLoss(error)) throw error;
    }
  }
  return undefined;
}

/**
 * Entries from `from` on that lead to `toward`, ending at the first place whose head is kept, or at
 * `toward` itself. Undefined where they are not here, or not all, or not signed.
 */
export async function readStretch(
  source: StretchSource,
  { log, from, toward }: StretchAsk,
): Promise<ReadStretch | undefined> {
  const { reader, heads } = source;
  if (from > toward.seq) return undefined;
  const line = await lineHolding(source, { log, ...toward });
  if (line === undefined) return undefined;
  const kept = await signedPlace(source, line, from, toward.seq);
  const last = heads.get(line);
  const isLast = last?.seq === toward.seq;
  const head = kept ?? (isLast ? last : source.earlier(line, toward));
  if (head === undefined) return undefined;
  const entries: Uint8Array[] = [];
  try {
    for (let seq = from; seq <= head.seq; seq++) {
      entries.push(encodeEntry(await reader.entryAlone(line, seq)));
    }
  } catch (error) {
    if (!isLoss(error) && !isVaultError(error, 'VAULT_NOT_FOUND')) throw error;
    return undefined;
  }
  return { line: reader.lines.holder(line, head.seq), from, head, entries };
}

/** The first head that is kept in a line's history from `from` through `to`. */
async function signedPlace(
  { store, reader: { lines } }: StretchSource,
  line: LogId,
  from: number,
  to: number,
): Promise<Head | undefined> {
  for (let seq = from; seq <= to;) {
    const holder = lines.holder(line, seq);
    const kept = await signedFrom(store, holder, seq);
    // A head kept in an older line belongs to this history only before this one left it.
    if (kept !== undefined && kept.seq <= to && lines.holder(line, kept.seq) === holder)
      return kept;
    if (holder === line) return undefined;
    seq = lines.end(line, holder);
  }
  return undefined;
}
