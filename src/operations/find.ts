/** `find`: names that match a pattern, also those that are no longer there. */

import type { VaultError } from '../errors.ts';
import type { OpenFolder } from '../home/open-folder.ts';
import type { TreeEntry } from '../log/folder-tree.ts';
import { TreeView, type Moment } from '../log/tree-view.ts';
import type { NamedLink } from '../log/types.ts';
import { compareVersions, nameOf, versionKey } from '../log/version-name.ts';
import type { FindOptions, FindResult } from './look-options.ts';
import type { Item, OperationContext } from './operation.ts';
import { nameMatcher } from './glob.ts';
import { entryItem } from './look.ts';
import { momentOf } from './moment.ts';
import { folderOfPaths, withIndex, type Session } from './session.ts';
import { timeText } from './time-text.ts';

/** What one directory has and had, in order of path. */
interface Found {
  readonly path: string;
  /** Undefined where nothing is there any more. */
  readonly entry: TreeEntry | undefined;
  /** All known of the path. */
  readonly links: readonly NamedLink[];
}

/**
 * An item for each name that the pattern names, in order of path; nothing below a directory that it
 * names. With `all` also those of names that are gone, with their last version. Throws `VAULT_USAGE`
 * for what is no pattern.
 */
export async function find(
  session: Session,
  options: FindOptions,
  context: OperationContext,
): Promise<FindResult> {
  const { ignoreCase = false } = options;
  const matches = nameMatcher(options.pattern, ignoreCase);
  const folder = await session.folders.open(folderOfPaths(session, { ...options, paths: [] }));
  let result = { entries: 0, deleted: 0, damaged: 0 };
  const run = async (): Promise<void> => {
    // Where the index was made again on the way, what was told before is not told twice.
    const skip = result.entries;
    result = { entries: 0, deleted: 0, damaged: 0 };
    const tell = (path: string, { message }: VaultError): void => {
      result.damaged++;
      context.emit({ type: 'warning', message, ...(path === '' ? {} : { path }) });
    };
    const moment = await momentOf(folder.log, options.at, session.environment.clock);
    const view = await TreeView.open(folder.log, moment);
    for (const error of view.lostEntries) tell('', error);
    const take = async ({ path, entry, links }: Found): Promise<void> => {
      if (!matches(path)) return;
      const gone = entry === undefined ? goneFrom(path, links, moment) : undefined;
      if (entry === undefined && gone === undefined) return;
      result.entries++;
      if (gone !== undefined) result.deleted++;
      if (result.entries <= skip) return;
      if (entry !== undefined) {
        context.emit({ type: 'item', item: await entryItem(folder, entry, tell) });
      } else if (gone !== undefined) {
        context.emit({ type: 'item', item: await goneItem(folder, path, gone, tell) });
      }
      await context.ready?.();
    };
    const walk = async (directory: string): Promise<void> => {
      context.signal.throwIfAborted();
      for (const found of await namesIn(folder, view, directory, options.all === true, tell)) {
        await take(found);
        const isDirectory = found.entry?.kind === 'directory';
        const wasDirectory = options.all === true && (await folder.log.paths.has(found.path));
        if (isDirectory || wasDirectory) await walk(found.path);
      }
    };
    await walk('');
  };
  await withIndex(folder, run, (message) => context.emit({ type: 'warning', message }));
  return result;
}

async function namesIn(
  folder: OpenFolder,
  view: TreeView,
  directory: string,
  all: boolean,
  tell: (path: string, error: VaultError) => void,
): Promise<Found[]> {
  const listed = await view.list(directory);
  for (const { path, error } of listed?.damage ?? []) tell(path ?? directory, error);
  const found = new Map<string, Found>();
  for (const entry of listed?.entries ?? []) {
    found.set(entry.path, { path: entry.path, entry, links: [] });
  }
  if (!all) return [...found.values()];
  const known = await folder.log.linksIn(directory);
  for (const [path, links] of known?.paths ?? []) {
    if (!found.has(path)) found.set(path, { path, entry: undefined, links });
  }
  return [...found.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** What was last at a path where nothing is, and what took it away. */
interface Gone {
  readonly last: NamedLink;
  readonly after: NamedLink | undefined;
}

/** Undefined where nothing was at the path yet at the moment. */
function goneFrom(path: string, links: readonly NamedLink[], moment: Moment): Gone | undefined {
  const there = links.filter((link) => moment.includes(link)).toSorted(compareVersions);
  const last = there.findLast((link) => link.path === path && link.kind !== 'deletion');
  if (last === undefined) return undefined;
  const name = versionKey(nameOf(last));
  const after = there.find(({ parents }) => parents.some((one) => versionKey(one) === name));
  return { last, after };
}

async function goneItem(
  folder: OpenFolder,
  path: string,
  { last, after }: Gone,
  tell: (path: string, error: VaultError) => void,
): Promise<Item> {
  const kind = last.kind === 'deletion' ? 'file' : last.kind;
  const entry = { path, kind, version: last, copyOf: undefined, behind: [] };
  return {
    ...(await entryItem(folder, entry, tell)),
    deleted: true,
    ...(after === undefined ? {} : { deletedAt: timeText(after.time) }),
    ...(after === undefined || after.path === path ? {} : { movedTo: after.path }),
  };
}
