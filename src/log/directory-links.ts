/** The links of the names in one directory, gathered from where the path index says they are. */

import { mapKey, equalBytes } from '../bytes.ts';
import { isLoss, unlessLost, type VaultError } from '../errors.ts';
import { directoryOf } from './folder-tree.ts';
import type { PathIndex } from './path-index.ts';
import type { Dot, Head, LogId, NamedLink } from './types.ts';

/** A version of a name in a directory whose link cannot be read any more. */
export interface UnreadVersion {
  readonly dot: Dot;
  /** Undefined where no other version tells the name. */
  readonly path: string | undefined;
  readonly error: VaultError;
}

/** Links of one directory by path, and those that could not be read. */
export interface DirectoryLinks {
  /** For each path: its links, and links elsewhere that superseded one of them. */
  readonly paths: ReadonlyMap<string, readonly NamedLink[]>;
  readonly unread: readonly UnreadVersion[];
}

/** Everything known of the names in a directory; undefined where it was never recorded. Throws as `paths` and `linkOf` do, but for what is lost. */
export async function directoryLinks(
  paths: PathIndex,
  linkOf: (dot: Dot) => Promise<NamedLink>,
  directory: string,
): Promise<DirectoryLinks | undefined> {
  const pointers = await paths.pointers(directory);
  if (pointers === undefined) return undefined;
  const byName = new Map<string, { path: string | undefined; links: NamedLink[] }>();
  const unread: { name: string; dot: Dot; error: VaultError }[] = [];
  pointers.sort((a, b) => a.dot.seq - b.dot.seq || a.dot.index - b.dot.index);
  for (const { nameKey, dot } of pointers) {
    const name = mapKey(nameKey);
    let found = byName.get(name);
    if (found === undefined) byName.set(name, (found = { path: undefined, links: [] }));
    try {
      const link = await linkOf(dot);
      found.links.push(link);
      if (
        found.path === undefined &&
        directoryOf(link.path) === directory &&
        equalBytes(paths.nameKey(link.path), nameKey)
      ) {
        found.path = link.path;
      }
    } catch (error) {
      if (!isLoss(error)) throw error;
      unread.push({ name, dot, error });
    }
  }
  const links = new Map<string, readonly NamedLink[]>();
  for (const known of byName.values())
    if (known.path !== undefined) links.set(known.path, known.links);
  return {
    paths: links,
    unread: unread.map(({ name, dot, error }) => ({ dot, error, path: byName.get(name)?.path })),
  };
}

/** The part of a folder's logs that can be read entry by entry. */
export interface EntrySource {
  readonly heads: ReadonlyMap<LogId, Pick<Head, 'seq'>>;
  entry(log: LogId, seq: number): Promise<{ readonly links: readonly NamedLink[] }>;
}

/** Every directory that something readable was ever in: for finding what a lost entry no longer names. */
export async function impliedDirectories(source: EntrySource): Promise<ReadonlySet<string>> {
  const directories = new Set<string>();
  for (const [log, { seq: last }] of source.heads) {
    for (let seq = 0; seq <= last; seq++) {
      const read = await source.entry(log, seq).catch(unlessLost);
      for (const { path } of read?.links ?? []) {
        let at = directoryOf(path);
        for (; at !== '' && !directories.has(at); at = directoryOf(at)) directories.add(at);
      }
    }
  }
  return directories;
}
