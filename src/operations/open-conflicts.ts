/** Open conflicts: paths that more than one content claims, with the copies that the others are shown as. */

import { directoryOf } from '../folder-path.ts';
import type { FolderLog } from '../log/folder-log.ts';
import type { TreeEntry } from '../log/folder-tree.ts';
import type { DirectoryDamage } from '../log/tree-view.ts';
import { compareVersions } from '../log/version-name.ts';
import { isShared, presentView } from './edit-parents.ts';
import { noSuchPath } from './path-in-folder.ts';

export interface OpenConflict {
  readonly path: string;
  /** What stands at the path. */
  readonly shown: TreeEntry;
  /** Each other content, the greatest first. */
  readonly copies: readonly TreeEntry[];
}

export interface ConflictSearch {
  readonly signal: AbortSignal;
  /** Told of names of which nothing certain can be told any more. */
  readonly onDamage: (directory: string, damage: DirectoryDamage) => void;
}

/** The conflicts of the names below a directory, at any depth, in order of path. */
export async function* conflictsBelow(
  log: FolderLog,
  directory: string,
  { signal, onDamage }: ConflictSearch,
): AsyncGenerator<OpenConflict> {
  // What one log has at a path names what it had there before.
  if (!isShared(log)) return;
  const view = await presentView(log);
  const walk = async function* (at: string): AsyncGenerator<OpenConflict> {
    signal.throwIfAborted();
    const listed = await view.list(at);
    for (const damage of listed?.damage ?? []) onDamage(at, damage);
    const entries = listed?.entries ?? [];
    const conflicts = conflictsAmong(entries);
    for (const entry of entries) {
      const conflict = conflicts.get(entry.path);
      if (conflict !== undefined) yield conflict;
      if (entry.kind === 'directory') yield* walk(entry.path);
    }
  };
  yield* walk(directory);
}

/**
 * The conflict at a path, or that one of which it is a copy; undefined where there is none. Throws as
 * `TreeView.find`, and `VAULT_NOT_FOUND` where nothing is at the path.
 */
export async function conflictAt(log: FolderLog, path: string): Promise<OpenConflict | undefined> {
  const view = await presentView(log);
  const found = await view.find(path);
  if (found === undefined) throw noSuchPath(path);
  const listed = await view.list(directoryOf(path));
  return conflictsAmong(listed?.entries ?? []).get(found.copyOf ?? path);
}

function conflictsAmong(entries: readonly TreeEntry[]): Map<string, OpenConflict> {
  const copies = new Map<string, TreeEntry[]>();
  for (const entry of entries) {
    if (entry.copyOf === undefined) continue;
    copies.set(entry.copyOf, [...(copies.get(entry.copyOf) ?? []), entry]);
  }
  const conflicts = new Map<string, OpenConflict>();
  for (const shown of copies.size === 0 ? [] : entries) {
    const others = shown.copyOf === undefined ? copies.get(shown.path) : undefined;
    if (others === undefined) continue;
    const { path } = shown;
    conflicts.set(path, { path, shown, copies: others.toSorted(greatestFirst) });
  }
  return conflicts;
}

function greatestFirst(a: TreeEntry, b: TreeEntry): number {
  if (a.version === undefined || b.version === undefined) return 0;
  return compareVersions(b.version, a.version);
}
