/** What changed between a clock and now, path by path, from the links written since. */

import { unlessLost } from '../errors.ts';
import type { FolderLog } from '../log/folder-log.ts';
import { hasContent } from '../log/link.ts';
import type { Dot, LogId, NamedLink, VectorClock, VersionKind } from '../log/types.ts';
import { covers } from '../log/vector-clock.ts';

/** What happened to one path. `moved`: its content was at `from`. */
export interface PathChange {
  readonly path: string;
  readonly kind: VersionKind;
  readonly change: 'added' | 'changed' | 'moved' | 'removed';
  readonly from?: string;
}

/** Files and symlinks added, changed and removed since `clock`, in this node's log. */
export async function countSince(
  log: FolderLog,
  clock: VectorClock,
): Promise<{ added: number; changed: number; removed: number }> {
  const counts = { added: 0, changed: 0, removed: 0 };
  for await (const { link, before } of outcomesSince(log, clock)) {
    const had = before !== undefined && hasContent(before.kind);
    if (hasContent(link.kind)) counts[had ? 'changed' : 'added']++;
    else if (had) counts.removed++;
  }
  return counts;
}

/** Each path that is not as it was at `clock`, in the order this node's log has them; directories too. */
export async function* changesSince(
  log: FolderLog,
  clock: VectorClock,
): AsyncGenerator<PathChange> {
  for await (const { link, before } of outcomesSince(log, clock)) {
    const { path, kind } = link;
    if (kind !== 'deletion') {
      if (before === undefined) yield { path, kind, change: 'added' };
      else if (before.path === path) yield { path, kind, change: 'changed' };
      else yield { path, kind, change: 'moved', from: before.path };
    } else if (before !== undefined) yield { path, kind: before.kind, change: 'removed' };
  }
}

interface Outcome {
  readonly link: NamedLink;
  /** What it took the place of at the clock: a content, if there was any, else a directory. */
  readonly before: NamedLink | undefined;
}

async function* outcomesSince(log: FolderLog, clock: VectorClock): AsyncGenerator<Outcome> {
  const own = log.own;
  const first = clock.get(own) ?? 0;
  const end = log.clock.get(own) ?? 0;
  // Only what was superseded since is kept in mind: nearly every path has one version in that time.
  const superseded = new Set<string>();
  for (let seq = first; seq < end; seq++) {
    for (const { parents } of await linksOf(log, own, seq)) {
      for (const parent of parents) if (!covers(clock, parent)) superseded.add(nameOf(parent));
    }
  }
  for (let seq = first; seq < end; seq++) {
    for (const link of await linksOf(log, own, seq)) {
      if (superseded.has(nameOf(link.dot))) continue;
      yield { link, before: await stateBefore(log, clock, link) };
    }
  }
}

/** Found through versions written since. */
async function stateBefore(
  log: FolderLog,
  clock: VectorClock,
  link: NamedLink,
): Promise<NamedLink | undefined> {
  let directory: NamedLink | undefined;
  let content: NamedLink | undefined;
  const open = [...link.parents];
  for (let parent = open.pop(); parent !== undefined; parent = open.pop()) {
    const known = await log.link(parent).catch(unlessLost);
    if (known === undefined) continue;
    if (!covers(clock, parent)) open.push(...known.parents);
    else if (hasContent(known.kind)) {
      // What was moved here is gone from where it was: that says more than what it replaced.
      if (known.path !== link.path) return known;
      content ??= known;
    } else if (known.kind === 'directory') directory = known;
  }
  return content ?? directory;
}

function nameOf({ log, seq, index }: Dot): string {
  return `${log}:${seq}:${index}`;
}

/** What is lost is not counted: verify tells of it. */
async function linksOf(log: FolderLog, id: LogId, seq: number): Promise<readonly NamedLink[]> {
  return (await log.entry(id, seq).catch(unlessLost))?.links ?? [];
}
