/** `snapshot`: scan, store what changed, record versions, and name the moment. */

import { toHex } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import type { ChangeCounts } from '../folder/change-tally.ts';
import type { ListedFolder } from '../home/folder-set.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { SnapshotRecord, VectorClock } from '../log/types.ts';
import type { OperationContext } from './operation.ts';
import type { SnapshotOptions, SnapshotResult } from './whole-folder-options.ts';
import { snapshotRecords } from './named-state.ts';
import { intoFolder, recordWorkingCopy } from './record-working-copy.ts';
import { recoverApply } from './recover-apply.ts';
import { changingFolder, chosenFolders, eachFolder, withIndex, type Session } from './session.ts';
import { changesSince, countSince } from './snapshot-counts.ts';
import { previewSnapshot } from './snapshot-preview.ts';

/** Snapshots each folder in turn; a result item for each, totals at the end. */
export async function snapshot(
  session: Session,
  options: SnapshotOptions,
  context: OperationContext,
): Promise<SnapshotResult> {
  const chosen = chosenFolders(session, options.folders);
  if (chosen.length === 0) {
    throw new VaultError('VAULT_NOT_FOUND', 'there are no folders yet', {
      hint: 'add one with: vault folder add PATH',
    });
  }
  const stored = chosen.find(({ state }) => state.path === undefined);
  if (options.folders.length > 0 && stored !== undefined) {
    throw new VaultError('VAULT_USAGE', `the folder ${stored.state.name} has no working copy here`);
  }
  const withCopy = chosen.filter(({ state }) => state.path !== undefined);
  if (withCopy.length === 0) {
    const message = 'no folder has a working copy here: there is nothing to take a snapshot of';
    context.emit({ type: 'warning', message });
  }
  const results = await eachFolder(withCopy, context, (listed) =>
    changingFolder(session, listed, async (folder) => {
      for (const message of folder.problems.splice(0)) context.emit({ type: 'warning', message });
      const result = await withIndex(
        folder,
        () =>
          options.dryRun === true
            ? previewSnapshot(session, folder, context)
            : snapshotFolder(session, folder, listed, options, context),
        (message) => context.emit({ type: 'warning', message }),
      );
      context.emit({ type: 'item', item: { type: 'result', name: listed.state.name, ...result } });
      return result;
    }),
  );
  return results.length === 1 && withCopy.length === 1
    ? (results[0] as SnapshotResult)
    : total(results);
}

async function snapshotFolder(
  session: Session,
  folder: OpenFolder,
  listed: ListedFolder,
  options: SnapshotOptions,
  context: OperationContext,
): Promise<SnapshotResult> {
  const { clock } = session.environment;
  const started = clock.monotonicMs();
  folder.store.takeStagedCounts();
  const previous = await lastSnapshot(folder);
  const clockBefore = folder.log.clock;
  await recoverApply(session, folder, context);
  const counts = await recordWorkingCopy(
    session,
    folder,
    intoFolder(folder),
    { phase: `snapshot ${listed.state.name}`, yes: options.yes === true },
    context,
  );
  const compared = await comparedCounts(folder, previous, clockBefore, counts);
  if (options.listChanges === true) await listChanges(folder, previous, context);
  const isUnchanged = compared.added + compared.changed + compared.removed === 0;
  let id: string | null = null;
  if (!(options.skipUnchanged === true && previous !== undefined && isUnchanged)) {
    id = await recordSnapshot(session, folder, options);
  }
  const staged = folder.store.takeStagedCounts();
  return {
    folder: folder.id,
    snapshot: id,
    files: counts.files,
    dirs: counts.dirs,
    bytes: counts.bytes,
    ...compared,
    newChunks: staged.chunks,
    newBytes: staged.plainBytes,
    storedBytes: staged.sealedBytes,
    errors: counts.errors,
    seconds: (clock.monotonicMs() - started) / 1000,
  };
}

/** Names the moment; the id of its snapshot. */
export async function recordSnapshot(
  { environment }: Session,
  folder: OpenFolder,
  options: Omit<SnapshotOptions, 'folders'>,
): Promise<string> {
  const id = environment.random.bytes(16);
  await folder.log.append({
    versions: [],
    records: (clock, time): [SnapshotRecord] => [
      {
        type: 'snapshot',
        id,
        time,
        clock,
        message: options.message ?? '',
        tags: [...new Set(options.tags ?? [])].sort(),
        pinned: options.pin === true,
      },
    ],
  });
  return toHex(id);
}

async function listChanges(
  folder: OpenFolder,
  previous: SnapshotRecord | undefined,
  context: OperationContext,
): Promise<void> {
  for await (const change of changesSince(folder.log, previous?.clock ?? new Map())) {
    context.emit({ type: 'item', item: { type: 'change', folder: folder.id, ...change } });
    await context.ready?.();
  }
}

/** The newest that can be read. */
export async function lastSnapshot(folder: OpenFolder): Promise<SnapshotRecord | undefined> {
  let last: SnapshotRecord | undefined;
  for await (const { record } of snapshotRecords(folder.log, () => undefined)) last = record;
  return last;
}

/** Counts against the previous snapshot: those of this run, unless an earlier run left versions behind. */
async function comparedCounts(
  folder: OpenFolder,
  previous: SnapshotRecord | undefined,
  clockBefore: VectorClock,
  counts: Readonly<ChangeCounts>,
): Promise<Pick<SnapshotResult, 'added' | 'changed' | 'removed' | 'unchanged'>> {
  const { added, changed, removed, unchanged } = counts;
  const own = folder.log.own;
  const recorded = (previous?.clock.get(own) ?? 0) + 1;
  if (recorded >= (clockBefore.get(own) ?? 0)) return { added, changed, removed, unchanged };
  const since = await countSince(folder.log, previous?.clock ?? new Map());
  return { ...since, unchanged: Math.max(0, counts.files - since.added - since.changed) };
}

function total(results: readonly SnapshotResult[]): SnapshotResult {
  const sum = (pick: (result: SnapshotResult) => number): number =>
    results.reduce((all, result) => all + pick(result), 0);
  return {
    folder: null,
    snapshot: null,
    files: sum(({ files }) => files),
    dirs: sum(({ dirs }) => dirs),
    bytes: sum(({ bytes }) => bytes),
    added: sum(({ added }) => added),
    changed: sum(({ changed }) => changed),
    removed: sum(({ removed }) => removed),
    unchanged: sum(({ unchanged }) => unchanged),
    newChunks: sum(({ newChunks }) => newChunks),
    newBytes: sum(({ newBytes }) => newBytes),
    storedBytes: sum(({ storedBytes }) => storedBytes),
    errors: sum(({ errors }) => errors),
    seconds: sum(({ seconds }) => seconds),
  };
}
