/**
 * Where contents of one directory were moved from: what was edited at an old place by somebody who did
 * not know of the move belongs to the new one (`move-rule.ts`), so a directory alone does not tell all.
 */

import { isVaultError, unlessLost } from '../errors.ts';
import type { Dot, NamedLink } from './types.ts';

export interface LinkSource {
  link(dot: Dot): Promise<NamedLink>;
  linksOf(path: string): Promise<readonly NamedLink[]>;
}

/**
 * All links of the paths that `links` were moved from, through any number of moves, but for those of
 * paths that `isWhole` says are known in full already. Moves between such paths cost nothing.
 */
export async function moveSources(
  source: LinkSource,
  links: Iterable<NamedLink>,
  isWhole: (path: string) => boolean,
): Promise<readonly NamedLink[]> {
  const known = new Map<string, string | undefined>();
  const found: NamedLink[] = [];
  const paths = new Set<string>();
  const open: NamedLink[] = [];
  const note = (all: Iterable<NamedLink>): void => {
    for (const link of all) {
      known.set(keyOf(link.dot), link.path);
      open.push(link);
    }
  };
  note(links);
  for (let link = open.pop(); link !== undefined; link = open.pop()) {
    // A link that is only known because it left one of these paths is another directory's affair.
    if (!isWhole(link.path) && !paths.has(link.path)) continue;
    for (const parent of link.parents) {
      const key = keyOf(parent);
      if (!known.has(key)) known.set(key, await pathOf(source, parent));
      const path = known.get(key);
      if (path === undefined || paths.has(path) || isWhole(path)) continue;
      paths.add(path);
      const more = await source.linksOf(path);
      found.push(...more);
      note(more);
    }
  }
  return found;
}

async function pathOf(source: LinkSource, dot: Dot): Promise<string | undefined> {
  try {
    return (await source.link(dot).catch(unlessLost))?.path;
  } catch (error) {
    // A name that no version has, or whose version has not come yet, supersedes nothing.
    if (isVaultError(error, 'VAULT_NOT_FOUND')) return undefined;
    throw error;
  }
}

function keyOf({ log, seq, index }: Dot): string {
  return `${log}:${seq}:${index}`;
}
