/** `verify`: is everything that the log speaks of there, and with `--read`, is it what it should be. */

import { VaultError } from '../errors.ts';
import type { ListedFolder } from '../home/folder-set.ts';
import type { OperationContext } from './operation.ts';
import type { VerifyOptions, VerifyResult } from './whole-folder-options.ts';
import { readCheck } from './read-check.ts';
import { chosenFolders, eachFolder, withIndex, type Session } from './session.ts';
import { StructureCheck } from './structure-check.ts';

/** Verifies each folder in turn; damage as items, chunk → files → versions. */
export async function verify(
  session: Session,
  options: VerifyOptions,
  context: OperationContext,
): Promise<VerifyResult> {
  const { clock } = session.environment;
  const started = clock.monotonicMs();
  const chosen = chosenFolders(session, options.folders);
  const results = await eachFolder(chosen, context, async (listed) => {
    const result = await verifyFolder(session, listed, options, context);
    context.emit({
      type: 'item',
      item: { type: 'result', folder: listed.id, name: listed.state.name, ...result },
    });
    return result;
  });
  for (const name of session.folders.list().unreadable) {
    const problem = `the folder kept in ${name} cannot be read`;
    context.emit({
      type: 'item',
      item: { type: 'damage', chunk: null, problem, files: [], versions: [] },
    });
    results.push({ chunks: 0, bytes: 0, versions: 0, damaged: 1, mended: 0, complete: true });
  }
  const sum = (pick: (result: (typeof results)[number]) => number): number =>
    results.reduce((all, result) => all + pick(result), 0);
  return {
    folders: results.length,
    chunks: sum(({ chunks }) => chunks),
    bytes: sum(({ bytes }) => bytes),
    versions: sum(({ versions }) => versions),
    damaged: sum(({ damaged }) => damaged),
    mended: sum(({ mended }) => mended),
    complete: results.every(({ complete }) => complete),
    seconds: (clock.monotonicMs() - started) / 1000,
  };
}

async function verifyFolder(
  session: Session,
  listed: ListedFolder,
  options: VerifyOptions,
  context: OperationContext,
): Promise<Omit<VerifyResult, 'folders' | 'seconds'>> {
  const folder = await session.folders.open(listed);
  let mended = 0;
  for (const message of folder.problems.splice(0)) {
    context.emit({ type: 'warning', message });
    mended++;
  }
  const read =
    options.read === true ? await readCheck(session, folder, options, context) : undefined;
  const mend = (message: string): void => {
    context.emit({ type: 'warning', message });
    mended++;
  };
  if (read?.hasStrayEntries === true) {
    mend('the index leads to fewer entries than there are: the index is made again');
    await folder.rebuild();
  }
  return withIndex(
    folder,
    async () => {
      const check = new StructureCheck(folder, session.environment.pool, read, context);
      await check.run();
      const damage = check.damage.all;
      if (check.elsewhere > 0) {
        const message = `the contents of ${check.elsewhere} versions are not kept here or have not come yet`;
        context.emit({ type: 'warning', message });
      }
      for (const one of damage) {
        context.emit({ type: 'item', item: one.item(folder.id) });
        await context.ready?.();
      }
      return {
        chunks: read?.values ?? check.chunks,
        bytes: read?.bytes ?? 0,
        versions: check.versions,
        damaged: damage.length,
        mended: mended + (read?.mended ?? 0),
        complete: read?.complete ?? true,
      };
    },
    mend,
  );
}

/** Throws `VAULT_USAGE` for options that contradict one another. */
export function checkVerifyOptions(options: VerifyOptions): void {
  if (options.read === true) return;
  if (options.sample !== undefined || options.maxDurationMs !== undefined) {
    throw new VaultError('VAULT_USAGE', '--sample and --max-duration go with --read');
  }
}
