/** Making a checkpoint, and testing one against what is known: a false or forged one is evidence. */

import { equalBytes } from '../bytes.ts';
import { VersionGraph, isKnown, type KnownVersion, type VersionNode } from './current-versions.ts';
import { clockCovers, noForkNames, type ForkNames } from './forks.ts';
import type { LogRange } from './log-set.ts';
import type { CheckpointRecord, HybridTime, LogId, NamedLink, VectorClock } from './types.ts';
import { compareVersions, linkKey, nameOf } from './version-name.ts';

export interface CheckpointInput {
  /** Every link known, quarantined ones included: what is left out is dead afterwards. */
  readonly links: Iterable<NamedLink>;
  /** What to cover, closed under parents: see {@link closedClock}. */
  readonly clock: VectorClock;
  /** Hash of the last entry covered, for each log of the clock. */
  readonly hashes: ReadonlyMap<LogId, Uint8Array>;
  readonly time: HybridTime;
  /**
   * Whether a superseded link is older than every retention and known as superseded everywhere.
   * `moved`: its content went on at another path; while such links stay, edits of the old path that
   * turn up late still find their way to the new one.
   */
  readonly mayCollapse: (link: NamedLink, moved: boolean) => boolean;
  readonly forks?: ForkNames;
}

/**
 * The checkpoint of these links at this clock. Lists every covered link that is current, may not
 * collapse or descends from one that stays: a listed link never lies below one left out. Throws
 * `RangeError` where the clock is not closed or a log has no hash.
 */
export function makeCheckpoint(input: CheckpointInput): CheckpointRecord {
  const forks = input.forks ?? noForkNames;
  for (const log of input.clock.keys()) {
    if (!input.hashes.has(log)) throw new RangeError(`expected a hash for log ${log}`);
  }
  const graph = coveredGraph(input.links, input.clock, forks);
  const kept = new Set<VersionNode>();
  const open: KnownVersion[] = [];
  for (const node of graph.nodes()) {
    for (const parent of node.link.parents) {
      if (!clockCovers(input.clock, parent, forks)) {
        throw new RangeError('expected a clock that covers the parents of what it covers');
      }
    }
    const moved = node.children.some((child) => child.link?.path !== node.link.path);
    const collapses = node.children.length > 0 && input.mayCollapse(node.link, moved);
    if (!collapses) open.push(node);
  }
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (kept.has(at)) continue;
    kept.add(at);
    open.push(...at.children.filter(isKnown));
  }
  const live = [...graph.nodes()].filter((node) => kept.has(node)).map((node) => node.link);
  return {
    type: 'checkpoint',
    clock: input.clock,
    hashes: input.hashes,
    live: live.toSorted((a, b) => compareVersions(a, b, (log) => forks.origin(log))),
    time: input.time,
  };
}

/** The greatest part of `clock` that covers the parents of every link it covers. */
export function closedClock(
  clock: VectorClock,
  links: Iterable<NamedLink>,
  forks: ForkNames = noForkNames,
): VectorClock {
  const closed = new Map(clock);
  const all = [...links];
  for (let changed = true; changed;) {
    changed = false;
    for (const link of all) {
      const name = nameOf(link);
      if (!clockCovers(closed, name, forks)) continue;
      if (link.parents.every((parent) => clockCovers(closed, parent, forks))) continue;
      for (const log of new Set([forks.branchOf(name), forks.origin(name.log)])) {
        const count = closed.get(log);
        if (count === undefined || count <= name.seq) continue;
        if (name.seq === 0) closed.delete(log);
        else closed.set(log, name.seq);
      }
      changed = true;
    }
  }
  return closed;
}

export type CheckpointFault =
  /** The checkpoint stands on another entry than ours: a fork, or a forgery. */
  | { readonly kind: 'hash differs'; readonly log: LogId; readonly seq: number }
  /** Clock and hashes do not name the same logs. */
  | { readonly kind: 'hash missing'; readonly log: LogId }
  /** It lists a link that its clock does not cover. */
  | { readonly kind: 'lists uncovered'; readonly link: NamedLink }
  /** It covers a link but not what that superseded, which could then come back. */
  | { readonly kind: 'not closed'; readonly link: NamedLink }
  /** It leaves out a version that nothing it covers supersedes. */
  | { readonly kind: 'buries current'; readonly link: NamedLink }
  /** It lists a version but leaves out what superseded it. */
  | { readonly kind: 'revives'; readonly link: NamedLink };

/** What is known here to hold a checkpoint against. */
export interface CheckpointWitness {
  /** Hash of a known entry. */
  hashAt(log: LogId, seq: number): Uint8Array | undefined;
  /** Known links; the more, the more is found. */
  readonly links: Iterable<NamedLink>;
  readonly forks?: ForkNames;
}

/** Everything that speaks against a checkpoint. With any fault it is not applied, and kept as evidence. */
export function checkpointFaults(
  record: CheckpointRecord,
  witness: CheckpointWitness,
): CheckpointFault[] {
  const forks = witness.forks ?? noForkNames;
  const faults: CheckpointFault[] = [];
  for (const log of new Set([...record.clock.keys(), ...record.hashes.keys()])) {
    const seq = (record.clock.get(log) ?? 0) - 1;
    const stated = record.hashes.get(log);
    if (stated === undefined || seq < 0) {
      faults.push({ kind: 'hash missing', log });
      continue;
    }
    const found = witness.hashAt(log, seq);
    if (found !== undefined && !equalBytes(found, stated)) {
      faults.push({ kind: 'hash differs', log, seq });
    }
  }
  const key = (link: NamedLink): string => linkKey(link, (log) => forks.origin(log));
  const listed = new Set(record.live.map(key));
  for (const link of record.live) {
    if (!clockCovers(record.clock, nameOf(link), forks)) {
      faults.push({ kind: 'lists uncovered', link });
    }
  }
  const known = coveredGraph([...witness.links, ...record.live], record.clock, forks);
  for (const node of known.nodes()) {
    const { link } = node;
    const isListed = listed.has(key(link));
    if (!link.parents.every((parent) => clockCovers(record.clock, parent, forks))) {
      faults.push({ kind: 'not closed', link });
    }
    if (!isListed && node.children.length === 0) faults.push({ kind: 'buries current', link });
    const left = node.children.filter((child) => isKnown(child) && !listed.has(key(child.link)));
    if (isListed && left.length > 0) faults.push({ kind: 'revives', link });
  }
  return faults;
}

/**
 * Entries that a checkpoint stands for and that are not known here: history that is not here, which a
 * peer may still have. `known` counts the entries held without a gap.
 */
export function missingHistory(record: CheckpointRecord, known: VectorClock): LogRange[] {
  return [...record.clock]
    .map(([log, to]) => ({ log, from: known.get(log) ?? 0, to }))
    .filter(({ from, to }) => from < to)
    .toSorted((a, b) => (a.log < b.log ? -1 : 1));
}

function coveredGraph(
  links: Iterable<NamedLink>,
  clock: VectorClock,
  forks: ForkNames,
): VersionGraph {
  const graph = new VersionGraph((log) => forks.origin(log));
  for (const link of links) if (clockCovers(clock, nameOf(link), forks)) graph.add(link);
  return graph;
}
