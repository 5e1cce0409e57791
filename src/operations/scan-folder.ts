/** A scan of an open folder's working copy. */

import type { DirectoryIdentity } from '../folder/look.ts';
import { scan, type Scanned } from '../folder/scan.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { Session } from './session.ts';

/** What differs from what was recorded. Throws `VAULT_REFUSED` where the working copy is not there. */
export function scanFolder(
  session: Session,
  folder: OpenFolder,
  signal: AbortSignal,
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
  });
}

/** Directories that are no part of a working copy they lie in: this home. */
export function neverEntered({ environment, home }: Session): readonly DirectoryIdentity[] {
  const found = environment.fileSystem.statIfPresent(home.layout.root);
  return found === undefined ? [] : [{ device: found.device, inode: found.inode }];
}
