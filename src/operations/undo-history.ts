/**
 * This node's changes, newest first, and which of them the next `undo` takes back.
 *
 * Versions that were recorded together are one change: a run of them in this node's log, in which one
 * follows the other within two seconds and no snapshot comes between. What an undo wrote follows a
 * snapshot that says so; each of its paths stands for the newest change of that path before it, and the
 * two are passed over together. So undoing again goes further back, and only the log has to be kept.
 */

import { equalBytes } from '../bytes.ts';
import type { FolderLog } from '../log/folder-log.ts';
import type { NamedLink, Parent, VersionKind } from '../log/types.ts';
import { compareVersions } from '../log/version-name.ts';

/** The message of the snapshot before what an undo writes. */
export const BEFORE_UNDO = 'before undo';

/** What a path shows, as far as a user sees a difference; undefined for nothing. */
export type PathState = { readonly kind: VersionKind; readonly digest: Uint8Array } | undefined;

export interface PathEffect {
  readonly before: NamedLink | undefined;
  readonly after: NamedLink | undefined;
}

/** What was recorded together, by path. */
export interface OwnChange {
  /** Hybrid time of its newest version. */
  readonly time: number;
  readonly effects: ReadonlyMap<string, PathEffect>;
}

export interface HistoryParts {
  readonly log: Pick<FolderLog, 'own' | 'clock' | 'entry' | 'recordsOf'>;
  readonly linkOf: (name: Parent) => Promise<NamedLink>;
  /** What a rehearsed recording found: the newest change, oldest first. */
  readonly unwritten: readonly NamedLink[];
  /** Entries of this node's log from this one on were recorded just now: a change of their own. */
  readonly since: number;
}

interface Run {
  /** Newest first. */
  readonly links: readonly NamedLink[];
  readonly isUndo: boolean;
}

const TOGETHER_US = 2_000_000;

/**
 * The newest change with a path that `isMeant` and not undone, and that still shows (`now`) what the change
 * left there; with all paths of it that are not undone. Undefined where there is none. Throws where a
 * part of the log that is needed is lost.
 */
export async function newestChange(
  parts: HistoryParts,
  isMeant: (path: string) => boolean,
  now: (path: string) => Promise<PathState>,
): Promise<OwnChange | undefined> {
  const undone = new Map<string, number>();
  for await (const { links, isUndo } of runsOf(parts)) {
    const effects = await effectsOf(links, parts.linkOf, isMeant);
    let isLive = false;
    for (const [path, { before, after }] of effects) {
      const count = undone.get(path) ?? 0;
      if (isUndo) undone.set(path, count + 1);
      else if (count > 0) undone.set(path, count - 1);
      if (isUndo || count > 0 || isSame(before, after)) effects.delete(path);
      else isLive ||= isSame(await now(path), after);
    }
    if (isLive) return { time: links[0]?.time ?? 0, effects };
  }
  return undefined;
}

async function effectsOf(
  links: readonly NamedLink[],
  linkOf: HistoryParts['linkOf'],
  isMeant: (path: string) => boolean,
): Promise<Map<string, PathEffect>> {
  const effects = new Map<string, PathEffect>();
  const note = (path: string, { before, after }: PathEffect): void => {
    if (!isMeant(path)) return;
    const first = effects.get(path);
    effects.set(path, { before: first === undefined ? before : first.before, after });
  };
  for (const link of links.toReversed()) {
    const parents: NamedLink[] = [];
    for (const name of link.parents) parents.push(await linkOf(name));
    const own = parents.filter(({ path }) => path === link.path);
    const [before] = own.toSorted((a, b) => compareVersions(b, a));
    note(link.path, { before: unlessDeletion(before), after: unlessDeletion(link) });
    for (const moved of parents) {
      if (moved.path === link.path) continue;
      note(moved.path, { before: unlessDeletion(moved), after: undefined });
    }
  }
  return effects;
}

/** Versions of this node's log in runs, newest first. */
async function* runsOf({ log, unwritten, since }: HistoryParts): AsyncGenerator<Run> {
  if (unwritten.length > 0) yield { links: unwritten.toReversed(), isUndo: false };
  let links: NamedLink[] = [];
  for (let seq = (log.clock.get(log.own) ?? 0) - 1; seq >= 0; seq--) {
    const entry = await log.entry(log.own, seq);
    const newest = entry.links.at(-1);
    const apart = (links.at(-1)?.time ?? 0) - (newest?.time ?? 0);
    if (links.length > 0 && (newest === undefined || apart > TOGETHER_US || seq === since - 1)) {
      yield { links, isUndo: newest === undefined && (await namesUndo(log, seq)) };
      links = [];
    }
    links.push(...entry.links.toReversed());
  }
  if (links.length > 0) yield { links, isUndo: false };
}

async function namesUndo(log: HistoryParts['log'], seq: number): Promise<boolean> {
  const records = await log.recordsOf(log.own, seq);
  return records.some(
    ({ record }) =>
      record.type === 'snapshot' && 'message' in record && record.message === BEFORE_UNDO,
  );
}

/** Whether two states look the same to a user. */
export function isSame(a: PathState, b: PathState): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.kind === b.kind && equalBytes(a.digest, b.digest);
}

function unlessDeletion(link: NamedLink | undefined): NamedLink | undefined {
  return link?.kind === 'deletion' ? undefined : link;
}
