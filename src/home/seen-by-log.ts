/**
 * What was last seen in a directory, made from the log where its rows are gone: in a form that no file on
 * disk equals, so that every file is read again and only real changes become versions.
 */

import { unlessLost } from '../errors.ts';
import type { SeenEntry } from '../folder/working-copy-row.ts';
import type { FolderLog } from '../log/folder-log.ts';
import type { LogId, LogStartRecord } from '../log/types.ts';

/** Undefined where the directory was never recorded. */
export async function seenByLog(
  log: FolderLog,
  directory: string,
): Promise<Map<string, SeenEntry> | undefined> {
  const known = await log.linksIn(directory);
  if (known === undefined) return undefined;
  const entries = new Map<string, SeenEntry>();
  // What others wrote may never have been brought here; no more what another copy of this home did, which
  // came under the log that this one has left.
  const ends = log.heads.size > 1 ? await seenLogs(log) : undefined;
  for (const [path, all] of known.paths) {
    const links = ends ? all.filter(({ dot }) => dot.seq <= (ends.get(dot.log) ?? -1)) : all;
    const superseded = new Set(links.flatMap(({ parents }) => parents.map(dotName)));
    const current = links.filter(({ dot }) => !superseded.has(dotName(dot)));
    const shown = current.findLast(({ path: at, kind }) => at === path && kind !== 'deletion');
    if (shown === undefined || shown.kind === 'deletion') continue;
    entries.set(path.slice(directory === '' ? 0 : directory.length + 1), {
      kind: shown.kind,
      size: 0,
      mtimeNs: 0n,
      ctimeNs: 0n,
      inode: 0n,
      executable: false,
      racy: true,
      digest: shown.digest,
      version: { ...shown.dot, hash8: shown.hash8 },
    });
  }
  return entries;
}

/**
 * The logs whose versions were in this working copy, with the last entry that was: this home's own,
 * and those it went on from.
 */
async function seenLogs(folder: FolderLog): Promise<ReadonlyMap<LogId, number>> {
  const ends = new Map<LogId, number>([[folder.own, Infinity]]);
  let before = await startedFrom(folder, folder.own);
  while (before !== undefined && !ends.has(before.log)) {
    ends.set(before.log, before.seq);
    before = await startedFrom(folder, before.log);
  }
  return ends;
}

/** The entry of another log that a log goes on from, where its first entry is here and says so. */
async function startedFrom(folder: FolderLog, log: LogId): Promise<LogStartRecord['previous']> {
  if (!folder.heads.has(log)) return undefined;
  const records = await folder.recordsOf(log, 0).catch(unlessLost);
  for (const { record } of records ?? []) {
    if (record.type === 'log-start') return record.previous;
  }
  return undefined;
}

function dotName(dot: { log: string; seq: number; index: number }): string {
  return `${dot.log}:${dot.seq}:${dot.index}`;
}
