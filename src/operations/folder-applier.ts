/** The applier of a folder's working copy, with what the folder hands it. */

import { ChangeApplier } from '../folder/change-applier.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { Session } from './session.ts';
import { answerValues } from './values.ts';

/** `root`: absolute path of the working copy. Throws `FileError` where nothing can be written there. */
export function folderApplier(
  session: Session,
  { store, secrets, keys }: OpenFolder,
  root: string,
  signal: AbortSignal,
): ChangeApplier {
  const { fileSystem, pool, clock } = session.environment;
  return new ChangeApplier({
    fileSystem,
    root,
    store,
    pool,
    secrets,
    clock,
    signal,
    digestKey: keys.digestKey,
    idKey: keys.idKey,
    answer: (question) => answerValues(store, question),
  });
}
