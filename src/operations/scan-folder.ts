/** A scan of an open folder's working copy. */

import { scan, type Scanned } from '../folder/scan.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { Session } from './session.ts';

/** What differs from what was recorded. Throws `VAULT_REFUSED` where the working copy is not there. */
export function scanFolder(
  { environment, home }: Session,
  folder: OpenFolder,
  signal: AbortSignal,
): AsyncGenerator<Scanned> {
  const { fileSystem, pool, clock } = environment;
  const ownHome = fileSystem.statIfPresent(home.layout.root);
  return scan({
    fileSystem,
    pool,
    clock,
    secrets: folder.secrets,
    root: folder.state.path ?? '',
    recorded: folder,
    excludes: folder.state.excludes,
    neverEnter: ownHome === undefined ? [] : [{ device: ownHome.device, inode: ownHome.inode }],
    signal,
  });
}
