/**
 * The visible folder as a fold over links: of a whole folder, or directory by directory. To see it as
 * of a clock or a time, fold only the links that existed then (`as-of.ts`).
 */

import { directoryOf } from '../folder-path.ts';
import { decide, members, type PathState, type Rival } from './conflict-rule.ts';
import { VersionGraph, type KnownVersion } from './current-versions.ts';
import { derivedName, foldName } from './derived-name.ts';
import { hasContent } from './link.ts';
import { seatOf, yieldingMoves } from './move-rule.ts';
import type { LogId, NamedLink, Parent } from './types.ts';
import { nameOf, noForks, type LogOrigin } from './version-name.ts';

/** One name that a user sees. */
export interface TreeEntry {
  readonly path: string;
  readonly kind: 'file' | 'symlink' | 'directory';
  /** Undefined for a directory that only exists through what lives under it. */
  readonly version: NamedLink | undefined;
  /** For a derived copy, the path at which it lost. */
  readonly copyOf: string | undefined;
  /** All current versions behind the entry: those it shows and those that yield to it. */
  readonly behind: readonly NamedLink[];
}

/** What is shown, and why. Both in order of path. */
export interface FolderTree {
  readonly entries: ReadonlyMap<string, TreeEntry>;
  /** Every path that has current versions, deletions among them. */
  readonly states: ReadonlyMap<string, PathState>;
}

/** Facts that derived copies are named by; they must be the same on every node. */
export interface CopyNaming {
  /** The name in the first record of the log. */
  nodeName(log: LogId): string;
  /** Hex digits; `versionId` of `version-name.ts`. */
  versionId(version: Parent): string;
  readonly origin?: LogOrigin;
}

/** The whole tree of the folder whose links are `graph`. */
export function foldFolder(graph: VersionGraph, naming: CopyNaming): FolderTree {
  const seats = seatsOf(graph);
  const living = new Set<string>();
  for (const [path, nodes] of seats) {
    if (!nodes.some(({ link }) => link.kind !== 'deletion')) continue;
    for (let at = directoryOf(path); at !== '' && !living.has(at); at = directoryOf(at)) {
      living.add(at);
    }
  }
  return fold(graph, seats, living, naming);
}

/**
 * What one directory shows: the names directly in it. `graph` holds all known links of these names,
 * with those elsewhere that supersede them or are superseded by them; where moves met edits, also the
 * links of the paths that contents were moved from. `living` lists the names under which anything is
 * shown, at any depth. The result has what `foldFolder` has for these names.
 */
export function foldDirectory(
  graph: VersionGraph,
  directory: string,
  living: Iterable<string>,
  naming: CopyNaming,
): FolderTree {
  const prefix = directory === '' ? '' : `${directory}/`;
  const seats = new Map<string, KnownVersion[]>();
  for (const [path, nodes] of seatsOf(graph)) {
    if (directoryOf(path) === directory) seats.set(path, nodes);
  }
  return fold(graph, seats, new Set([...living].map((name) => prefix + name)), naming);
}

/** The tree of a complete set of links: {@link foldFolder} over a graph of them. */
export function foldLinks(links: Iterable<NamedLink>, naming: CopyNaming): FolderTree {
  const graph = new VersionGraph(naming.origin ?? noForks);
  for (const link of links) graph.add(link);
  return foldFolder(graph, naming);
}

function seatsOf(graph: VersionGraph): Map<string, KnownVersion[]> {
  const seats = new Map<string, KnownVersion[]>();
  for (const [, nodes] of graph.current()) {
    for (const node of nodes) {
      const path = seatOf(graph, node);
      const seat = seats.get(path);
      if (seat === undefined) seats.set(path, [node]);
      else seat.push(node);
    }
  }
  return seats;
}

function fold(
  graph: VersionGraph,
  seats: ReadonlyMap<string, KnownVersion[]>,
  living: ReadonlySet<string>,
  naming: CopyNaming,
): FolderTree {
  const states = new Map<string, PathState>();
  for (const path of new Set([...seats.keys(), ...living].toSorted(byCodeUnits))) {
    const nodes = seats.get(path) ?? [];
    const yields = yieldingMoves(graph, nodes);
    states.set(
      path,
      decide(
        path,
        nodes.map((node) => node.link),
        {
          livesUnder: living.has(path),
          yields: new Map([...yields].map(([node, other]) => [node.link, other.link])),
          origin: naming.origin ?? noForks,
        },
      ),
    );
  }
  return { entries: entriesOf(states, naming), states };
}

function entriesOf(
  states: ReadonlyMap<string, PathState>,
  naming: CopyNaming,
): Map<string, TreeEntry> {
  const entries = new Map<string, TreeEntry>();
  const taken = new Set<string>();
  let copies = false;
  for (const [path, { isDirectory, shown, copies: losers }] of states) {
    copies ||= losers.length > 0;
    const version = shown?.version;
    if (isDirectory) {
      entries.set(path, entry(path, 'directory', version, shown));
    } else if (version !== undefined && hasContent(version.kind)) {
      entries.set(
        path,
        entry(path, version.kind === 'symlink' ? 'symlink' : 'file', version, shown),
      );
    }
  }
  if (!copies) return entries;
  for (const path of entries.keys()) taken.add(foldLastName(path));
  for (const [path, state] of states) {
    for (const copy of state.copies) {
      const copyPath = nameCopy(path, copy, naming, taken);
      taken.add(foldLastName(copyPath));
      const kind = copy.version.kind === 'symlink' ? 'symlink' : 'file';
      entries.set(copyPath, { ...entry(copyPath, kind, copy.version, copy), copyOf: path });
    }
  }
  return new Map([...entries].toSorted(([a], [b]) => byCodeUnits(a, b)));
}

function entry(
  path: string,
  kind: TreeEntry['kind'],
  version: NamedLink | undefined,
  rival: Rival | undefined,
): TreeEntry {
  return { path, kind, version, copyOf: undefined, behind: members(rival) };
}

function nameCopy(
  path: string,
  { version }: Rival,
  naming: CopyNaming,
  taken: ReadonlySet<string>,
): string {
  const directory = directoryOf(path);
  const prefix = directory === '' ? '' : `${directory}/`;
  const facts = {
    time: version.time,
    nodeName: naming.nodeName((naming.origin ?? noForks)(version.dot.log)),
    versionId: naming.versionId(nameOf(version)),
  };
  const isTaken = (name: string): boolean => taken.has(prefix + foldName(name));
  return prefix + derivedName(path.slice(prefix.length), facts, isTaken);
}

/** Names clash within one directory only, so the directory part stays as it is. */
function foldLastName(path: string): string {
  const end = path.lastIndexOf('/') + 1;
  return path.slice(0, end) + foldName(path.slice(end));
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
