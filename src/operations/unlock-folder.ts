/** `folder unlock`: the plain files of a locked folder come back, and it goes on. */

import { VaultError } from '../errors.ts';
import { rootIdentity } from '../folder/root-identity.ts';
import type { FolderUnlockOptions, FolderUnlockResult } from './folder-options.ts';
import type { OperationContext } from './operation.ts';
import { intoFolder, recordWorkingCopy } from './record-working-copy.ts';
import { recoverApply } from './recover-apply.ts';
import { restore } from './restore.ts';
import { changingFolder, type Session } from './session.ts';
import { checkedPlace } from './working-copy-place.ts';

/**
 * Writes what is current to where the working copy lay, or to `to`, never over a file that is there, and
 * records it. Only once everything is back the folder is unlocked; until then it can be tried again.
 * Throws `VAULT_USAGE` for a folder that is not locked, `VAULT_REFUSED` for a place that overlaps another
 * or holds anything else.
 */
export async function unlockFolder(
  session: Session,
  options: FolderUnlockOptions,
  context: OperationContext,
): Promise<FolderUnlockResult> {
  const { fileSystem, clock } = session.environment;
  const started = clock.monotonicMs();
  const listed = session.folders.find(options.folder, '/');
  const { lockedAt, name } = listed.state;
  if (lockedAt === undefined) {
    throw new VaultError('VAULT_USAGE', `the folder ${name} is not locked`);
  }
  const to = checkedPlace(session, options.to ?? lockedAt, listed.id);
  if (to !== lockedAt) demandEmpty(session, to);
  return changingFolder(session, listed, async (folder) => {
    await recoverApply(session, folder, context);
    const all = { folder: listed.id, paths: [], cwd: '/', to, overwrite: 'never' } as const;
    const { files, dirs, bytes, skipped, errors, damaged } = await restore(session, all, context);
    const counts = { files, dirs, bytes, skipped, errors, damaged };
    const isWhole = errors + damaged === 0;
    if (isWhole) {
      fileSystem.makeDirectories(to);
      const root = rootIdentity(fileSystem.stat(to));
      folder.update({ path: to, lockedAt: undefined, root });
      // What was written is read once: the next snapshot then knows every file.
      const recording = { phase: `unlock ${name}`, yes: true };
      await recordWorkingCopy(session, folder, intoFolder(folder), recording, context);
    }
    const seconds = (clock.monotonicMs() - started) / 1000;
    const path = isWhole ? to : null;
    return { folder: listed.id, name, path, locked: !isWhole, ...counts, seconds };
  });
}

function demandEmpty({ environment }: Session, path: string): void {
  const { fileSystem } = environment;
  const there = fileSystem.statIfPresent(path);
  if (there === undefined) return;
  if (there.kind === 'directory' && fileSystem.list(path).length === 0) return;
  throw new VaultError('VAULT_REFUSED', `${JSON.stringify(path)} is there and not empty`, {
    hint: 'give a directory that does not exist yet',
  });
}
