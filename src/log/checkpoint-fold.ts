/**
 * Checkpoints and later links together: what a checkpoint's clock covers and its links do not list is
 * dead, for nodes that still hold the link as for those that never saw it. So both show the same.
 */

import { VersionGraph } from './current-versions.ts';
import { clockCovers, noForkNames, type ForkNames } from './forks.ts';
import type { CheckpointRecord, NamedLink, VectorClock } from './types.ts';
import { linkKey, nameOf, type VersionKey } from './version-name.ts';

interface Applied {
  readonly clock: VectorClock;
  readonly listed: ReadonlySet<VersionKey>;
}

/** A graph of links under checkpoints. The same after any order of calls. */
export class CheckpointFold {
  readonly graph: VersionGraph;
  readonly #forks: ForkNames;
  readonly #checkpoints: Applied[] = [];

  constructor(forks: ForkNames = noForkNames) {
    this.#forks = forks;
    this.graph = new VersionGraph((log) => forks.origin(log));
  }

  /** Adds a link; false where it was known or a checkpoint buried it. */
  add(link: NamedLink): boolean {
    return !this.isBuried(link) && this.graph.add(link);
  }

  /** Applies a checkpoint that `checkpointFaults` found nothing against. */
  addCheckpoint(record: CheckpointRecord): void {
    const listed = new Set(record.live.map((link) => this.#key(link)));
    const checkpoint = { clock: record.clock, listed };
    this.#checkpoints.push(checkpoint);
    const buried = [...this.graph.links()].filter((link) => this.#buries(checkpoint, link));
    for (const link of buried) this.graph.remove(link);
    for (const link of record.live) this.add(link);
  }

  /** Whether a checkpoint says that this version is dead. */
  isBuried(link: NamedLink): boolean {
    return this.#checkpoints.some((checkpoint) => this.#buries(checkpoint, link));
  }

  #buries({ clock, listed }: Applied, link: NamedLink): boolean {
    return clockCovers(clock, nameOf(link), this.#forks) && !listed.has(this.#key(link));
  }

  #key(link: NamedLink): VersionKey {
    return linkKey(link, (log) => this.#forks.origin(log));
  }
}

/** The links that no checkpoint buries, those that checkpoints list among them. */
export function livingLinks(
  links: Iterable<NamedLink>,
  checkpoints: Iterable<CheckpointRecord>,
  forks: ForkNames = noForkNames,
): NamedLink[] {
  const fold = new CheckpointFold(forks);
  for (const checkpoint of checkpoints) fold.addCheckpoint(checkpoint);
  for (const link of links) fold.add(link);
  return [...fold.graph.links()];
}
