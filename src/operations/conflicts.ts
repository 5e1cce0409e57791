/** `conflicts`: paths that more than one content claims. */

import type { OpenFolder } from '../home/open-folder.ts';
import { historyStep } from '../log/history.ts';
import { nameOf, versionId } from '../log/version-name.ts';
import type { ConflictsOptions, ConflictsResult } from './change-options.ts';
import type { Item, OperationContext } from './operation.ts';
import {
  conflictAt,
  conflictsBelow,
  type ConflictSearch,
  type OpenConflict,
} from './open-conflicts.ts';
import { pathInFolder } from './path-in-folder.ts';
import { folderOfPaths, withIndex, type Session } from './session.ts';
import { VersionItems } from './version-item.ts';

/**
 * An item for each conflict at or below the paths, in the whole folder where none is given. Throws
 * `VAULT_NOT_FOUND` for a path where nothing is.
 */
export async function conflicts(
  session: Session,
  options: ConflictsOptions,
  context: OperationContext,
): Promise<ConflictsResult> {
  const folder = await session.folders.open(folderOfPaths(session, options));
  let counts = { folder: folder.id, conflicts: 0, damaged: 0 };
  const run = async (): Promise<void> => {
    counts = { folder: folder.id, conflicts: 0, damaged: 0 };
    const tell = (path: string, message: string): void => {
      counts.damaged++;
      context.emit({ type: 'warning', message, ...(path === '' ? {} : { path }) });
    };
    const items = await VersionItems.make(session, folder, (path, { message }) =>
      tell(path, message),
    );
    const search: ConflictSearch = {
      signal: context.signal,
      onDamage: (directory, { path, error }) => tell(path ?? directory, error.message),
    };
    const told = new Set<string>();
    const emit = async (conflict: OpenConflict): Promise<void> => {
      if (told.has(conflict.path)) return;
      told.add(conflict.path);
      counts.conflicts++;
      context.emit({ type: 'item', item: await conflictItem(folder, items, conflict) });
      await context.ready?.();
    };
    for (const typed of options.paths.length === 0 ? [''] : options.paths) {
      const path = typed === '' ? '' : pathInFolder(session, folder, typed, options.cwd);
      const own = path === '' ? undefined : await conflictAt(folder.log, path);
      if (own !== undefined) await emit(own);
      for await (const conflict of conflictsBelow(folder.log, path, search)) await emit(conflict);
    }
  };
  await withIndex(folder, run, (message) => context.emit({ type: 'warning', message }));
  return counts;
}

async function conflictItem(
  folder: OpenFolder,
  items: VersionItems,
  { path, shown, copies }: OpenConflict,
): Promise<Item> {
  const rivals: Record<string, unknown>[] = [];
  for (const entry of [shown, ...copies]) {
    if (entry.version === undefined) continue;
    const step = await historyStep(folder.log, entry.version);
    const { version, kind, time, node, size, available } = await items.brief(step);
    rivals.push({ version, path: entry.path, kind, time, node, size, available });
  }
  return {
    type: 'conflict',
    path,
    versions: rivals.map(({ version }) => version),
    shown: shown.version === undefined ? null : versionId(nameOf(shown.version)),
    copies: copies.map((copy) => copy.path),
    rivals,
  };
}
