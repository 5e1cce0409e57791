/**
 * The conflict rule: what a path shows, as a pure function of the *set* of its current versions. A
 * rule that compares versions in pairs, in the order they arrive, lets nodes diverge; this one cannot.
 */

import { hasContent } from './link.ts';
import type { NamedLink, Parent } from './types.ts';
import { compareVersions, nameOf, noForks, sameContent, type LogOrigin } from './version-name.ts';

/** One content that current versions agree on. */
export interface Rival {
  /** The greatest version of this content: its time, attributes and name are what is shown. */
  readonly version: NamedLink;
  /** Other current versions of the same content, greatest first. */
  readonly equals: readonly NamedLink[];
  /** Moves that brought an older content here and yield to this one. */
  readonly yielded: readonly NamedLink[];
}

/** What a path shows. */
export interface PathState {
  readonly path: string;
  /** Whether a directory stands here: its versions, if it has any, are then what is shown. */
  readonly isDirectory: boolean;
  /** Undefined where nothing is, and for a directory that only exists through what lives under it. */
  readonly shown: Rival | undefined;
  /** Each other edit, greatest first: to be shown as derived copies. */
  readonly copies: readonly Rival[];
  /** Deletions that no version supersedes, greatest first. With anything shown they have lost. */
  readonly deletions: readonly NamedLink[];
}

export interface Circumstances {
  /** Whether anything is shown below the path. */
  readonly livesUnder: boolean;
  /** Moves among the versions that yield, and to which other version. */
  readonly yields?: ReadonlyMap<NamedLink, NamedLink>;
  readonly origin?: LogOrigin;
}

/**
 * Applies the rule to the current versions evaluated at `path`, given in any order: equal contents
 * merge; an edit beats a deletion; a directory beats files; then the greatest is shown and each other
 * content is a copy.
 */
export function decide(
  path: string,
  versions: Iterable<NamedLink>,
  { livesUnder, yields, origin = noForks }: Circumstances,
): PathState {
  const sorted = [...versions].toSorted((a, b) => compareVersions(b, a, origin));
  const deletions = sorted.filter(({ kind }) => kind === 'deletion');
  const directories = sorted.filter(({ kind }) => kind === 'directory');
  const contents = mergeEquals(
    sorted.filter((link) => hasContent(link.kind)),
    yields ?? new Map(),
  );
  const isDirectory = livesUnder || directories.length > 0;
  if (!isDirectory) {
    return { path, isDirectory, shown: contents[0], copies: contents.slice(1), deletions };
  }
  const shown = mergeEquals(directories, new Map())[0];
  return { path, isDirectory, shown, copies: contents, deletions };
}

/** Whether more than one content claims the path. A deletion that lost to an edit is no open conflict. */
export function isConflict(state: PathState): boolean {
  return state.copies.length > 0;
}

/**
 * What a new version at the path supersedes when a user edits, deletes or overwrites what is shown:
 * that, its equals and the deletions that lost. A conflict stays open: the copies are not named.
 */
export function parentsOfEdit(state: PathState): Parent[] {
  return names([...members(state.shown), ...state.deletions]);
}

/** What a version supersedes that a user writes at a copy's name, or to which a copy is renamed. */
export function parentsOfCopy(copy: Rival): Parent[] {
  return names(members(copy));
}

/**
 * What deleting a copy supersedes: the shown version and this copy, so that the conflict between the
 * two is closed. The new version goes to `state.path` and repeats what is shown there. Further copies
 * stay: nobody asked to drop them.
 */
export function parentsOfCopyDeletion(state: PathState, copy: Rival): Parent[] {
  return names([...members(state.shown), ...members(copy), ...state.deletions]);
}

/** What a version supersedes that resolves the conflict, whichever content it keeps: all rivals. */
export function parentsOfResolution(state: PathState): Parent[] {
  return names([
    ...members(state.shown),
    ...state.copies.flatMap((copy) => members(copy)),
    ...state.deletions,
  ]);
}

/** All versions that stand behind a rival. */
export function members(rival: Rival | undefined): NamedLink[] {
  return rival === undefined ? [] : [rival.version, ...rival.equals, ...rival.yielded];
}

function names(links: readonly NamedLink[]): Parent[] {
  return links.map(nameOf);
}

/** Groups by content, keeping the order; a version that yields joins the group of the one it yields to. */
function mergeEquals(
  sorted: readonly NamedLink[],
  yields: ReadonlyMap<NamedLink, NamedLink>,
): Rival[] {
  const groups: { version: NamedLink; equals: NamedLink[]; yielded: NamedLink[] }[] = [];
  for (const link of sorted) {
    if (yields.has(link)) continue;
    const group = groups.find(({ version }) => sameContent(version, link));
    if (group === undefined) groups.push({ version: link, equals: [], yielded: [] });
    else group.equals.push(link);
  }
  for (const [link, other] of yields) {
    groups.find(({ version }) => sameContent(version, other))?.yielded.push(link);
  }
  return groups;
}
