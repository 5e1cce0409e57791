/**
 * What an edit supersedes where several nodes write: what the user saw, with its equals, and nothing that
 * came here meanwhile and was never shown to him.
 */

import { equalBytes } from '../bytes.ts';
import { members, type PathState } from '../log/conflict-rule.ts';
import type { FolderLog } from '../log/folder-log.ts';
import { foldLinks } from '../log/folder-tree.ts';
import type { NamedLink, Parent } from '../log/types.ts';
import { nameOf } from '../log/version-name.ts';

/** Whether anybody but this node writes in the folder. */
export function isShared(log: FolderLog): boolean {
  return log.heads.size > 1;
}

/** The state of one path, as far as its own versions tell it. */
export async function stateOf(log: FolderLog, path: string): Promise<PathState | undefined> {
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
  if (state === undefined) return seen;
  const found = new Map(seen.map((one) => [keyOf(one), one]));
  const add = (links: readonly NamedLink[]): void => {
    for (const link of links) found.set(keyOf(nameOf(link)), nameOf(link));
  };
  for (const rival of [state.shown, ...state.copies]) {
    const behind = members(rival);
    if (!behind.some((link) => seen.some((one) => isSame(one, link)))) continue;
    add(behind);
    if (rival === state.shown) add(state.deletions);
  }
  return [...found.values()];
}

/**
 * The parents of a version at a path where the working copy showed nothing: deletions, and what this
 * node wrote there itself. A content of others that was not shown yet becomes a rival.
 */
export function parentsOfUnseen(log: FolderLog, state: PathState): Parent[] {
  return [...members(state.shown), ...state.deletions]
    .filter(({ dot, kind }) => kind === 'deletion' || kind === 'directory' || dot.log === log.own)
    .map(nameOf);
}

function isSame(name: Parent, link: NamedLink): boolean {
  const { dot, hash8 } = link;
  return (
    name.log === dot.log &&
    name.seq === dot.seq &&
    name.index === dot.index &&
    equalBytes(name.hash8, hash8)
  );
}

function keyOf({ log, seq, index, hash8 }: Parent): string {
  return `${log}:${seq}:${index}:${hash8.join()}`;
}
