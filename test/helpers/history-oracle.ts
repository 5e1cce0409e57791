/** What must hold of every fold of a history, judged by who descends from whom and nothing else. */

import type { FolderTree, TreeEntry } from '../../src/log/folder-tree.ts';
import type { NamedLink } from '../../src/log/types.ts';
import { sameContent } from '../../src/log/version-name.ts';
import type { History } from './link-histories.ts';

/** What is wrong with a tree, or undefined. */
export function faultOf(tree: FolderTree, history: History): string | undefined {
  const numbers = new Map(history.links.map((link, number) => [link, number]));
  let superseded = 0;
  for (const ancestors of history.ancestors) superseded |= ancestors;
  let seen = 0;
  for (const entry of tree.entries.values()) {
    for (const link of entry.behind) {
      const number = numbers.get(link) ?? -1;
      if ((superseded >>> number) & 1) return `dead version ${number} is shown at ${entry.path}`;
      if (!mayStandBehind(link, entry, history, numbers)) {
        return `edit ${number} is hidden behind ${entry.path}`;
      }
      seen |= 1 << number;
    }
    const fault = placeFault(tree, entry);
    if (fault !== undefined) return fault;
  }
  let copies = 0;
  let shown = 0;
  for (const state of tree.states.values()) {
    copies += state.copies.length;
    if (state.isDirectory || state.shown !== undefined) shown++;
    for (const link of state.deletions) {
      const number = numbers.get(link) ?? -1;
      if ((superseded >>> number) & 1) return `dead deletion ${number} counts`;
      seen |= 1 << number;
    }
  }
  if (tree.entries.size !== copies + shown) return 'two entries under one name';
  for (let number = 0; number < history.links.length; number++) {
    const isCurrent = ((superseded >>> number) & 1) === 0;
    if (isCurrent && ((seen >>> number) & 1) === 0) return `current version ${number} is lost`;
  }
  return undefined;
}

/** Whether two trees show the same. Versions are compared by identity. */
export function isSameTree(a: FolderTree, b: FolderTree): boolean {
  if (a.entries.size !== b.entries.size) return false;
  for (const [path, entry] of a.entries) {
    const other = b.entries.get(path);
    if (other === undefined || other.kind !== entry.kind || other.version !== entry.version) {
      return false;
    }
    if (other.copyOf !== entry.copyOf || other.behind.length !== entry.behind.length) return false;
    if (!entry.behind.every((link) => other.behind.includes(link))) return false;
  }
  return true;
}

/** A version may stand behind another content only as a move of something that content replaced. */
function mayStandBehind(
  link: NamedLink,
  { version, behind }: TreeEntry,
  { links, ancestors }: History,
  numbers: ReadonlyMap<NamedLink, number>,
): boolean {
  if (version === undefined) return false;
  if (sameContent(link, version)) return true;
  const own = ancestors[numbers.get(link) ?? -1] ?? 0;
  const isOld = (old: NamedLink): boolean => sameContent(old, link);
  const isMove = links.some((old, i) => (own >>> i) & 1 && old.path !== link.path && isOld(old));
  return behind.some((other) => {
    if (!isMove || !sameContent(other, version)) return false;
    const common = own & (ancestors[numbers.get(other) ?? -1] ?? 0);
    return links.some((old, i) => (common >>> i) & 1 && isOld(old));
  });
}

function placeFault(tree: FolderTree, { path }: TreeEntry): string | undefined {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const parent = path.slice(0, end);
    if (tree.entries.get(parent)?.kind !== 'directory') return `${path} lies under no directory`;
  }
  return undefined;
}
