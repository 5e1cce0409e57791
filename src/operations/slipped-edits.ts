/** Edits that slipped in while their paths were being replaced: none is lost. */

import { directoryOf, lastName } from '../folder-path.ts';
import type { LocalEdit } from '../folder/displaced-files.ts';
import type { DirectoryChange, PendingChanges } from '../folder/pending-changes.ts';
import { seenStat } from '../folder/seen-stat.ts';
import type { Parent } from '../log/types.ts';

export interface SlippedEditParts {
  readonly pending: PendingChanges;
  /** The change of a directory, begun with what is recorded of it. */
  readonly directory: (path: string) => Promise<DirectoryChange>;
  readonly currentOf: (path: string) => Promise<readonly Parent[]>;
  /** Told the path on this disk of each edit. */
  readonly onEdit: (path: string) => void;
}

/**
 * Records them as versions on top of what was recorded, since their author had seen nothing else. Durable
 * on return, so that what takes their place can name them.
 */
export async function recordSlippedEdits(
  edits: readonly LocalEdit[],
  { pending, directory: changeOf, currentOf, onEdit }: SlippedEditParts,
): Promise<void> {
  for (const { displaced, kind, body, digest, stat } of edits) {
    const { path } = displaced;
    const name = lastName(path);
    const directory = await changeOf(directoryOf(path));
    const before = directory.rows.get(name);
    pending.add({
      path,
      kind,
      parents: before === undefined ? await currentOf(path) : [before.version],
      digest,
      body,
      directory,
      name,
      seen: { ...seenStat(stat, true), kind, digest },
    });
    onEdit(path);
  }
  if (edits.length > 0) await pending.commit();
}
