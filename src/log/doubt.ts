/**
 * What can still be told of a path when versions of it are lost: a lost one may have superseded what
 * is known, and then showing that would be showing older content as if it were the right one.
 */

import { VaultError } from '../errors.ts';
import type { UnreadVersion } from './directory-links.ts';
import { hasContent } from './link.ts';
import type { EntryName } from './lost-entries.ts';
import type { Dot, NamedLink } from './types.ts';

export interface Undoubted {
  /** Links that nothing lost can have superseded, and directories, which hold no content. */
  readonly links: readonly NamedLink[];
  /** Why something may be missing; undefined where what is left tells all. */
  readonly doubt: VaultError | undefined;
}

/**
 * `links`: all that is known of a path; `unread`: versions of it that cannot be read; `lost`: entries
 * that may have had versions of any path.
 */
export function withoutDoubt(
  links: readonly NamedLink[],
  unread: readonly UnreadVersion[],
  lost: readonly EntryName[],
): Undoubted {
  if (unread.length === 0 && lost.length === 0) return { links, doubt: undefined };
  const isSure = (link: NamedLink): boolean =>
    unread.every(({ dot }) => comesAfter(link, dot) || isParent(dot, link)) &&
    lost.every((entry) => comesAfter(link, entry));
  const sure = links.filter(isSure);
  // What the author of a sure one wrote before it, that one has taken the place of.
  const doubted = links.find(
    (link) =>
      hasContent(link.kind) &&
      !sure.includes(link) &&
      !sure.some((other) => comesAfter(other, link.dot)),
  );
  const open = sure.length === 0 ? unread[0] : undefined;
  const kept = links.filter(({ kind }) => kind === 'directory');
  return {
    links: [...sure, ...kept.filter((link) => !sure.includes(link))],
    doubt: open?.error ?? (doubted && reason(doubted, unread, lost)),
  };
}

/** What cannot be told because a whole entry is lost. */
export function lostEntry({ log, seq }: EntryName): VaultError {
  return new VaultError(
    'VAULT_CHUNK_MISSING',
    `entry ${seq} of log ${log.slice(0, 8)} is lost: what did not change after it may be older than it should be`,
    { hint: 'a snapshot from before gives everything as it was then' },
  );
}

function reason(
  link: NamedLink,
  unread: readonly UnreadVersion[],
  lost: readonly EntryName[],
): VaultError | undefined {
  const open = unread.find(({ dot }) => !comesAfter(link, dot) && !isParent(dot, link));
  const entry = lost.find((name) => !comesAfter(link, name));
  return open?.error ?? (entry && lostEntry(entry));
}

/** Whether one author wrote the link after that entry, knowing what it says. */
function comesAfter({ dot }: NamedLink, entry: EntryName): boolean {
  return dot.log === entry.log && dot.seq > entry.seq;
}

function isParent(dot: Dot, { parents }: NamedLink): boolean {
  return parents.some(
    ({ log, seq, index }) => seq === dot.seq && index === dot.index && log === dot.log,
  );
}
