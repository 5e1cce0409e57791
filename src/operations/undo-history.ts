/**
 * This node's changes, newest first, and which of them the next `undo` takes back.
 *
 * Versions that were recorded together are one change: a run of them in this node's log, in which one
 * follows the other within two seconds and no snapshot comes between. A recording that is longer hands
 * over a thousand versions at a time, and what follows so many within a minute is more of the same; a
 * long revert ends with a snapshot that says so, and goes back to the snapshot before it.
 *
 * What an undo wrote follows a snapshot that says so; each of its paths stands for the newest change of
 * that path before it, and the two are passed over together. So undoing again goes further back, and
 * only the log has to be kept.
 */

import { equalBytes } from '../bytes.ts';
import type { FolderLog } from '../log/folder-log.ts';
import type { NamedLink, Parent, VersionKind } from '../log/types.ts';
import { compareVersions } from '../log/version-name.ts';

/** The message of the snapshot before what an undo writes. */
export const BEFORE_UNDO = 'before undo';
/** Messages of the snapshots after what a long undo or revert wrote. */
const AFTER_LONG: ReadonlySet<string> = new Set(['after undo', 'after revert']);

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

/** Longest pause within a change. */
export const TOGETHER_US = 2_000_000;
/** So many versions at once are a part of a recording that goes on, and how soon it does. */
const FULL = 1_000;
const GOES_ON_US = 60_000_000;

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
  /** Those that follow within two seconds, and what was gathered before. */
  let part: NamedLink[] = [];
  let links: NamedLink[] = [];
  let isLong = false;
  for (let seq = (log.clock.get(log.own) ?? 0) - 1; seq >= 0; seq--) {
    const entry = await log.entry(log.own, seq);
    const newest = entry.links.at(-1);
    if (newest === undefined || seq === since - 1) {
      yield* joined(links, part, newest === undefined && (await saysOne(log, seq, isBeforeUndo)));
      isLong = newest === undefined && (await saysOne(log, seq, isAfterLong));
      [links, part] = [[], []];
    }
    const apart = (part.at(-1)?.time ?? newest?.time ?? 0) - (newest?.time ?? 0);
    if (apart > TOGETHER_US && !isLong) {
      for (const link of part) links.push(link);
      part = [];
      const older = await countTogether(log, seq, since);
      if (older < FULL || apart > GOES_ON_US) {
        yield { links, isUndo: false };
        links = [];
      }
    }
    part.push(...entry.links.toReversed());
  }
  yield* joined(links, part, false);
}

function* joined(
  links: readonly NamedLink[],
  part: readonly NamedLink[],
  isUndo: boolean,
): Generator<Run> {
  if (links.length + part.length > 0) yield { links: [...links, ...part], isUndo };
}

/** How many versions up to this entry follow one another within two seconds; counted no further than matters. */
async function countTogether(
  log: HistoryParts['log'],
  last: number,
  since: number,
): Promise<number> {
  let count = 0;
  let time: number | undefined;
  for (let seq = last; seq >= 0 && count < FULL; seq--) {
    const { links } = await log.entry(log.own, seq);
    const newest = links.at(-1);
    if (newest === undefined || (seq === since - 1 && seq !== last)) break;
    if (time !== undefined && time - newest.time > TOGETHER_US) break;
    count += links.length;
    time = links[0]?.time ?? newest.time;
  }
  return count;
}

const isBeforeUndo = (message: string): boolean => message === BEFORE_UNDO;
const isAfterLong = (message: string): boolean => AFTER_LONG.has(message);

/** Whether an entry holds a snapshot with such a message. */
async function saysOne(
  log: HistoryParts['log'],
  seq: number,
  fits: (message: string) => boolean,
): Promise<boolean> {
  for (const { record } of await log.recordsOf(log.own, seq)) {
    if (record.type === 'snapshot' && 'message' in record && fits(record.message)) return true;
  }
  return false;
}

/** Whether two states look the same to a user. */
export function isSame(a: PathState, b: PathState): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.kind === b.kind && equalBytes(a.digest, b.digest);
}

function unlessDeletion(link: NamedLink | undefined): NamedLink | undefined {
  return link?.kind === 'deletion' ? undefined : link;
}
