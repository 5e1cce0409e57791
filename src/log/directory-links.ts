/** The links of the names in one directory, gathered from where the path index says they are. */

import { mapKey, equalBytes } from '../bytes.ts';
import { isLoss, unlessLost, type VaultError } from '../errors.ts';
import { directoryOf } from '../folder-path.ts';
import type { PathIndex, Pointer } from './path-index.ts';
import { releaseBuiltOn } from './standing.ts';
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

/** What is current in one directory of a folder with one log. */
export interface CurrentLinks {
  /** For each path its current version; none where a move took it away. */
  readonly paths: ReadonlyMap<string, readonly NamedLink[]>;
  /** Paths that have earlier versions. */
  readonly changed: ReadonlySet<string>;
}

/** Where links are read. Dots name versions by their lines. */
export interface LinkSource {
  readonly linkOf: (dot: Dot) => Promise<NamedLink>;
  /** Whether what a version's author published there counts; undefined where everything does. */
  readonly counts: ((dot: Dot) => boolean) | undefined;
}

/** Links that can be read and that count: what was set aside does once one that counts builds on it. */
export async function linksAt(
  pointers: readonly { readonly dot: Dot }[],
  { linkOf, counts }: LinkSource,
): Promise<NamedLink[]> {
  const links: NamedLink[] = [];
  const aside: NamedLink[] = [];
  for (const { dot } of pointers) {
    const link = await linkOf(dot).catch(unlessLost);
    if (link !== undefined) (counts?.(dot) === false ? aside : links).push(link);
  }
  return aside.length === 0 ? links : [...links, ...releaseBuiltOn(links, aside).released];
}

/** Everything known of the names in a directory; undefined where it was never recorded. Throws as `paths` and `linkOf` do, but for what is lost. */
export async function directoryLinks(
  paths: PathIndex,
  { linkOf, counts }: LinkSource,
  directory: string,
): Promise<DirectoryLinks | undefined> {
  const pointers = await paths.pointers(directory);
  if (pointers === undefined) return undefined;
  const byName = new Map<string, { path: string | undefined; links: NamedLink[] }>();
  const aside = new Map<NamedLink, string>();
  const unread: { name: string; dot: Dot; error: VaultError }[] = [];
  pointers.sort((a, b) => a.dot.seq - b.dot.seq || a.dot.index - b.dot.index);
  for (const { nameKey, dot } of pointers) {
    const name = mapKey(nameKey);
    let found = byName.get(name);
    if (found === undefined) byName.set(name, (found = { path: undefined, links: [] }));
    try {
      const link = await linkOf(dot);
      if (counts?.(dot) === false) aside.set(link, name);
      else found.links.push(link);
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
  if (aside.size > 0) {
    const counted = [...byName.values()].flatMap((known) => known.links);
    for (const link of releaseBuiltOn(counted, aside.keys()).released) {
      byName.get(aside.get(link) ?? '')?.links.push(link);
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

/**
 * What was current in one directory among the versions that `isThere` lets in, of a folder with one log,
 * whose author always knew what he superseded: so of each name only the last versions are read,
 * however many there were; with `only`, of that path alone. Undefined where the directory was never
 * recorded, `unclear` where that is not how it was written. Throws as `paths` and `linkOf` do, also for
 * what is lost.
 */
export async function currentLinks(
  paths: PathIndex,
  linkOf: (dot: Dot) => Promise<NamedLink>,
  directory: string,
  isThere: (dot: Dot) => boolean,
  only?: string,
): Promise<CurrentLinks | 'unclear' | undefined> {
  const pointers = await paths.pointers(directory);
  if (pointers === undefined) return undefined;
  const wanted = only === undefined ? undefined : mapKey(paths.nameKey(only));
  const byName = new Map<string, Pointer[]>();
  for (const pointer of pointers) {
    if (!isThere(pointer.dot)) continue;
    const name = mapKey(pointer.nameKey);
    if (wanted !== undefined && name !== wanted) continue;
    const found = byName.get(name);
    if (found === undefined) byName.set(name, [pointer]);
    else found.push(pointer);
  }
  const names = [...byName.values()].map(newestFirst);
  // In the order of the log, so that an entry is opened once.
  names.sort(([a], [b]) => (a === undefined || b === undefined ? 0 : compareDots(a.dot, b.dot)));
  const links = new Map<string, readonly NamedLink[]>();
  const changed = new Set<string>();
  for (const versions of names) {
    const last = await lastOf(versions, linkOf);
    if (last === undefined) continue;
    if (last.current.length > 1) return 'unclear';
    links.set(last.path, last.current);
    if (versions.length > 1) changed.add(last.path);
  }
  return { paths: links, changed };
}

/** The current ones of one name, read from the newest to one that took the place of the one before it. */
async function lastOf(
  versions: readonly Pointer[],
  linkOf: (dot: Dot) => Promise<NamedLink>,
): Promise<{ readonly path: string; readonly current: readonly NamedLink[] } | undefined> {
  const read: NamedLink[] = [];
  const current: NamedLink[] = [];
  let path: string | undefined;
  for (const [at, { dot, isElsewhere }] of versions.entries()) {
    const link = await linkOf(dot);
    const isSuperseded = read.some(({ parents }) => parents.some((one) => isSame(one, dot)));
    read.push(link);
    if (isElsewhere) continue;
    path = link.path;
    if (!isSuperseded) current.push(link);
    const before = versions[at + 1];
    if (before !== undefined && link.parents.some((one) => isSame(one, before.dot))) break;
  }
  return path === undefined ? undefined : { path, current };
}

function newestFirst(pointers: readonly Pointer[]): Pointer[] {
  return pointers.toSorted((a, b) => compareDots(b.dot, a.dot));
}

/** Within one log. */
function compareDots(a: Dot, b: Dot): number {
  return a.seq - b.seq || a.index - b.index;
}

function isSame(a: Dot, b: Dot): boolean {
  return a.seq === b.seq && a.index === b.index && a.log === b.log;
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
