/** `--fetch`: what an operation needs and is not here is had from other nodes first. */

import type { OpenFolder } from '../home/open-folder.ts';
import type { TreeEntry } from '../log/folder-tree.ts';
import { TreeView } from '../log/tree-view.ts';
import type { NamedLink } from '../log/types.ts';
import type { RestoreOptions } from './change-options.ts';
import type { Exchange } from './exchange.ts';
import { ExpectedContents } from './expected-contents.ts';
import type { CatOptions } from './look-options.ts';
import { valueSource } from './look.ts';
import { momentOf } from './moment.ts';
import type { OperationContext } from './operation.ts';
import { pathInFolder } from './path-in-folder.ts';
import { RestoreSelection } from './restore-selection.ts';
import { folderOfPaths, type Session } from './session.ts';

/** Puts the exchange of a folder with whoever can be reached at the disposal of `work`. */
export type WithExchange = <T>(
  folder: string,
  signal: AbortSignal,
  work: (exchange: Exchange, signal: AbortSignal) => Promise<T>,
) => Promise<T>;

/** Versions with content at and below these paths of a moment whose contents are not all here. */
async function contentsElsewhere(
  folder: OpenFolder,
  view: TreeView,
  paths: readonly string[],
  selection: RestoreSelection,
  signal: AbortSignal,
): Promise<NamedLink[]> {
  const expected = await ExpectedContents.open(folder);
  const values = await valueSource(folder);
  const found: NamedLink[] = [];
  const take = async ({ path, kind, version }: TreeEntry): Promise<void> => {
    if (version === undefined || kind === 'directory' || !selection.isWanted(path)) return;
    if (!(await expected.isHere(version, values))) found.push(version);
  };
  const walk = async (directory: string): Promise<void> => {
    signal.throwIfAborted();
    for (const entry of (await view.list(directory))?.entries ?? []) {
      if (entry.kind !== 'directory') await take(entry);
      else if (!selection.isExcluded(entry.path)) await walk(entry.path);
    }
  };
  for (const path of paths.length === 0 ? [''] : paths) {
    const entry = path === '' ? undefined : await view.find(path);
    if (path === '' || entry?.kind === 'directory') await walk(path);
    else if (entry !== undefined) await take(entry);
  }
  return found;
}

/**
 * Has what is not here from other nodes: verified, durable and kept. What none of those who could be reached
 * has is told by a warning. Throws `VAULT_NO_PEER` where something is needed and nobody could be reached.
 */
async function fetchContents(
  folder: OpenFolder,
  versions: readonly NamedLink[],
  withExchange: WithExchange,
  context: OperationContext,
): Promise<void> {
  if (versions.length === 0) return;
  context.emit({ type: 'progress', phase: 'fetch', files: versions.length, bytes: 0 });
  const isHere = await withExchange(folder.id, context.signal, (exchange, signal) =>
    exchange.fetch(versions, signal),
  );
  if (isHere) return;
  context.emit({ type: 'warning', message: 'no node that was reached has all that is needed' });
}

/** Has what a restore or `cat` needs and is not here, as {@link fetchContents} does. */
export async function fetchChosen(
  session: Session,
  options: CatOptions & Pick<RestoreOptions, 'include' | 'exclude'>,
  context: OperationContext,
  withExchange: WithExchange,
): Promise<void> {
  const folder = await session.folders.open(folderOfPaths(session, options));
  const moment = await momentOf(folder.log, options.at, session.environment.clock);
  const view = await TreeView.open(folder.log, moment);
  const paths = options.paths.map((typed) => pathInFolder(session, folder, typed, options.cwd));
  const selection = new RestoreSelection(options);
  const needed = await contentsElsewhere(folder, view, paths, selection, context.signal);
  await fetchContents(folder, needed, withExchange, context);
}
