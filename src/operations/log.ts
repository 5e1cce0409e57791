/** `log`: what happened to a path, the newest first. */

import { VaultError } from '../errors.ts';
import { history } from '../log/history.ts';
import type { LogOptions, LogResult } from './look-options.ts';
import type { OperationContext } from './operation.ts';
import { sinceOf } from './moment.ts';
import { pathInFolder } from './path-in-folder.ts';
import { folderOfPaths, withIndex, type Session } from './session.ts';
import { VersionItems } from './version-item.ts';

/**
 * An item for each version of the path and, of a directory, of all below it, with those elsewhere that
 * moves led from or to. Throws `VAULT_NOT_FOUND` where there never was anything.
 */
export async function log(
  session: Session,
  options: LogOptions,
  context: OperationContext,
): Promise<LogResult> {
  const [typed = '', ...more] = options.paths;
  if (more.length > 0) throw new VaultError('VAULT_USAGE', 'log is about one path at a time');
  const folder = await session.folders.open(folderOfPaths(session, options));
  const path = typed === '' ? '' : pathInFolder(session, folder, typed, options.cwd);
  let told = 0;
  let damaged = 0;
  const run = async (): Promise<void> => {
    // Where the index was made again on the way, what was told before is not told twice.
    const skip = told;
    let count = 0;
    damaged = 0;
    const onLost = (at: string, { message }: VaultError): void => {
      damaged++;
      context.emit({ type: 'warning', message, ...(at === '' ? {} : { path: at }) });
    };
    const items = await VersionItems.make(session, folder, onLost);
    const since = await sinceOf(folder.log, options.since, session.environment.clock);
    const steps = history(folder.log, path, {
      isBefore: (link) => since.includes(link),
      onLost: (error) => onLost('', error),
    });
    if (options.limit === 0) return;
    for await (const step of steps) {
      context.signal.throwIfAborted();
      if (++count > skip) {
        const item = await items.brief(step);
        told++;
        context.emit({ type: 'item', item });
        await context.ready?.();
      }
      if (count === options.limit) break;
    }
    if (count === 0 && damaged === 0) await assertKnown(folder.log, path);
  };
  await withIndex(folder, run, (message) => context.emit({ type: 'warning', message }));
  return { versions: told, damaged };
}

async function assertKnown({ paths }: Parameters<typeof history>[0], path: string): Promise<void> {
  if (path === '' || (await paths.has(path)) || (await paths.pointersOf(path)).length > 0) return;
  throw new VaultError('VAULT_NOT_FOUND', `there never was anything at ${JSON.stringify(path)}`, {
    hint: 'look for it with: vault find --all NAME; what was never in a snapshot has no versions',
  });
}
