/** `restore`: the folder as of a moment, written to another place. */

import { TreeView } from '../log/tree-view.ts';
import type { RestoreOptions, RestoreResult } from './change-options.ts';
import type { OperationContext } from './operation.ts';
import { momentOf } from './moment.ts';
import { RestoreRun, throwIfFull, type RestoreCounts } from './restore-run.ts';
import { folderOfPaths, withIndex, type Session } from './session.ts';

/**
 * Writes what the moment shows directly into `to`, each file under a temporary name first. Nothing is
 * written through a symlink. What could not be restored is told and counted; the rest goes on.
 */
export async function restore(
  session: Session,
  options: RestoreOptions,
  context: OperationContext,
): Promise<RestoreResult> {
  const { clock } = session.environment;
  const started = clock.monotonicMs();
  const folder = await session.folders.open(folderOfPaths(session, options));
  let earlier: RestoreCounts | undefined;
  const counts = await withIndex(
    folder,
    async () => {
      const moment = await momentOf(folder.log, options.at, clock);
      const view = await TreeView.open(folder.log, moment);
      const run = new RestoreRun(session, folder, view, options, context);
      try {
        await run.run();
      } catch (error) {
        earlier = run.counts;
        throwIfFull(error, options.to);
        throw error;
      }
      return together(earlier, run.counts, options);
    },
    (message) => context.emit({ type: 'warning', message }),
  );
  return { folder: folder.id, ...counts, seconds: (clock.monotonicMs() - started) / 1000 };
}

/** What a run cut short by a wrong index has written, the one after it finds there. */
function together(
  earlier: RestoreCounts | undefined,
  counts: RestoreCounts,
  { overwrite, dryRun }: RestoreOptions,
): RestoreCounts {
  if (earlier === undefined || overwrite === 'always' || dryRun === true) return counts;
  return {
    ...counts,
    files: counts.files + earlier.files,
    bytes: counts.bytes + earlier.bytes,
    skipped: counts.skipped - earlier.files,
  };
}
