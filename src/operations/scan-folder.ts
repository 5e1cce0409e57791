/** Scans of an open folder's working copy. */

import { ArrivedDirectories } from '../folder/arrived-directories.ts';
import type { GoneFile } from '../folder/gone-files.ts';
import type { DirectoryIdentity } from '../folder/look.ts';
import { packedStat } from '../folder/packed-stats.ts';
import {
  scan,
  wholeFolder,
  type Scanned,
  type ScanScope,
  type ScanWatcher,
} from '../folder/scan.ts';
import type { Survey } from '../folder/survey.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import { isMassDeletion } from './mass-deletion.ts';
import type { Session } from './session.ts';

/** What was a directory when it was recorded: all that can be gone from anywhere. */
export const recordedDirectories: ScanScope = { ...wholeFolder, entersNew: false };

/** What differs from what was recorded. Throws `VAULT_REFUSED` where the working copy is not there. */
export function scanFolder(
  session: Session,
  folder: OpenFolder,
  signal: AbortSignal,
  scope: ScanScope = wholeFolder,
  watcher?: ScanWatcher,
): AsyncGenerator<Scanned> {
  const { fileSystem, pool, clock } = session.environment;
  return scan({
    fileSystem,
    pool,
    clock,
    secrets: folder.secrets,
    root: folder.state.path ?? '',
    recorded: folder,
    excludes: folder.state.excludes,
    neverEnter: neverEntered(session),
    signal,
    scope,
    ...(watcher === undefined ? {} : { watcher }),
  });
}

/** Directories that are no part of a working copy they lie in: this home. */
export function neverEntered({ environment, home }: Session): readonly DirectoryIdentity[] {
  const found = environment.fileSystem.statIfPresent(home.layout.root);
  return found === undefined ? [] : [{ device: found.device, inode: found.inode }];
}

/** The directories in which a survey of {@link recordedDirectories} found changes, and all new ones. */
export function changedPlaces(
  { places, goneFiles }: Survey,
  within?: ScanScope['within'],
): ScanScope {
  const withStats = goneFiles.size > 0;
  return { ...wholeFolder, places, entersRecorded: false, withStats, within };
}

/**
 * How many of the files that a survey missed were not moved elsewhere in the folder, by what stats say.
 * Looks for them only where so much is missing that it matters.
 */
export async function stillGone(
  session: Session,
  folder: OpenFolder,
  survey: Survey,
  signal: AbortSignal,
): Promise<number> {
  if (!isMassDeletion(survey)) return survey.gone;
  const { goneFiles, goneDirectories } = survey;
  const moved = new Set<number>();
  const arrived = new ArrivedDirectories();
  for await (const { changed } of scanFolder(session, folder, signal, changedPlaces(survey))) {
    for (const directory of changed) {
      const { path, files, stats, symlinks } = directory;
      arrived.add(directory);
      // Not every file is known by itself: what moved with its directory is counted there.
      const inode = goneFiles.isShort ? arrived.inodeOf(path) : undefined;
      if (inode !== undefined && goneDirectories.has(inode)) continue;
      for (const [index, name] of files.entries()) {
        const stat = packedStat(stats, index);
        note(stat && goneFiles.find(stat, path, name));
      }
      for (const { name, stat } of symlinks) note(goneFiles.find(stat, path, name));
    }
  }
  let withDirectories = 0;
  if (goneFiles.isShort) {
    for (const [inode, gone] of goneDirectories) {
      withDirectories += Math.min(gone, arrived.filesIn(inode));
    }
  }
  return survey.gone - moved.size - withDirectories;

  function note(file: GoneFile | undefined): void {
    if (file !== undefined) moved.add(file.id);
  }
}
