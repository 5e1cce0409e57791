/**
 * What an edit supersedes where several nodes write: what the user saw, with its equals, and nothing that
 * came here meanwhile and was never shown to him.
 */

import { members, type PathState } from '../log/conflict-rule.ts';
import { unlessLost } from '../errors.ts';
import type { FolderLog } from '../log/folder-log.ts';
import { foldLinks } from '../log/folder-tree.ts';
import { TreeView } from '../log/tree-view.ts';
import type { NamedLink, Parent } from '../log/types.ts';
import { isNamed, nameOf } from '../log/version-name.ts';

/** Whether anybody but this node writes in the folder. */
export function isShared(log: FolderLog): boolean {
  return log.heads.size > 1;
}

/** The folder as all logs show it now. */
export function presentView(log: FolderLog): Promise<TreeView> {
  return TreeView.open(log, { includes: () => true, mayInclude: () => true });
}

/** The state of one path, as far as its own versions tell it. */
async function stateOf(log: FolderLog, path: string): Promise<PathState | undefined> {
  const tree = foldLinks(await log.linksOf(path), { nodeName: () => '', versionId: () => '' });
  return tree.states.get(path);
}

/**
 * The parents of an edit of what lay at `path` as `seen`: with `seen`, all current versions of the same
 * content there, and deletions that lost to it. `seen` alone where it is not current any more.
 */
export async function parentsOnTop(
  log: FolderLog,
  path: string,
  seen: readonly Parent[],
): Promise<readonly Parent[]> {
  const state = await stateOf(log, path);
  const rivals = state === undefined ? [] : [state.shown, ...state.copies];
  const found = new Map(seen.map((one) => [keyOf(one), one]));
  const isSeen = (links: readonly NamedLink[]): boolean =>
    links.some((link) => seen.some((one) => isNamed(link, one)));
  const add = (links: readonly NamedLink[]): void => {
    for (const link of links) found.set(keyOf(nameOf(link)), nameOf(link));
  };
  let isHere = false;
  for (const rival of rivals) {
    const behind = members(rival);
    if (!isSeen(behind)) continue;
    isHere = true;
    add(behind);
    if (rival === state?.shown) add(state?.deletions ?? []);
  }
  if (!isHere && (await isFromElsewhere(log, path, seen))) {
    const copy = await (await presentView(log)).find(path).catch(unlessLost);
    if (copy !== undefined && isSeen(copy.behind)) add(copy.behind);
  }
  return [...found.values()];
}

/** Whether what was seen at a path was shown there as the copy of another. */
async function isFromElsewhere(
  log: FolderLog,
  path: string,
  seen: readonly Parent[],
): Promise<boolean> {
  const [first] = seen;
  if (first === undefined) return false;
  const link = await log.link(first).catch(unlessLost);
  return link !== undefined && link.path !== path;
}

/**
 * The parents of a version at a path where the working copy showed nothing: deletions, and what this
 * node wrote there itself. A content of others that was not shown yet becomes a rival.
 */
export function parentsOfUnseen(log: FolderLog, state: PathState): Parent[] {
  return [...members(state.shown), ...state.deletions]
    .filter(({ dot, kind }) => kind === 'deletion' || kind === 'directory' || log.isOwn(dot.log))
    .map(nameOf);
}

function keyOf({ log, seq, index, hash8 }: Parent): string {
  return `${log}:${seq}:${index}:${hash8.join()}`;
}

/**
 * What names a directory that nobody made, or made again: it only exists through what lives in it. A
 * version of its path that is over, so that nothing is superseded by what names it; undefined without one.
 */
export async function formerVersion(log: FolderLog, path: string): Promise<Parent | undefined> {
  const links = await log.linksOf(path);
  const state = foldLinks(links, { nodeName: () => '', versionId: () => '' }).states.get(path);
  const shown = [state?.shown, ...(state?.copies ?? [])].flatMap((rival) => members(rival));
  const current = new Set(shown.map((link) => keyOf(nameOf(link))));
  const former = links.findLast((link) => link.path === path && !current.has(keyOf(nameOf(link))));
  return former && nameOf(former);
}
