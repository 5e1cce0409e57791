/**
 * Forks: two different entries at one number of a log. Each branch goes on as a log of its own, whose
 * id comes from the log and the first entry of the branch, so that every node names it alike whatever
 * it learned first. Nothing stops and nothing is dropped; only the log's owner has to start anew.
 */

import { equalBytes } from '../bytes.ts';
import { HashList } from './hash-list.ts';
import type { Head, LogId, Parent, VectorClock } from './types.ts';
import { covers } from './vector-clock.ts';

/** The place of an entry in a log as its author wrote it: under the log's own id, fork or not. */
export interface EntryPlace {
  readonly log: LogId;
  readonly seq: number;
  /** 32 bytes. */
  readonly hash: Uint8Array;
  /** Hash of the entry before; not looked at where `seq` is 0. */
  readonly previous: Uint8Array;
}

/** A run of entries without a fork in it: a log, or a branch of one. */
export interface Branch {
  readonly id: LogId;
  /** Number of its first entry. */
  readonly from: number;
  /** Number after its last known entry. */
  readonly end: number;
}

/** Where a log divides. */
export interface Fork {
  readonly log: LogId;
  readonly seq: number;
  /** Ids of what goes on from here, ascending. */
  readonly branches: readonly LogId[];
}

/** How rules that compare dots with clocks see through forks. `LogSet` is one. */
export interface ForkNames {
  /** The log a branch came out of; any other log is its own origin. */
  origin(log: LogId): LogId;
  /** The branch or log that holds this version as far as known. */
  branchOf(name: Parent): LogId;
}

export const noForkNames: ForkNames = { origin: (log) => log, branchOf: ({ log }) => log };

/**
 * Whether `clock` covers a version. A clock whose author did not know of a fork counts the log under
 * its own id: it then covers every branch up to that number, so that nothing is hidden.
 */
export function clockCovers(clock: VectorClock, name: Parent, forks: ForkNames): boolean {
  const { seq } = name;
  return (
    covers(clock, { log: forks.branchOf(name), seq }) ||
    covers(clock, { log: forks.origin(name.log), seq })
  );
}

/** Whether two signed heads prove a fork by themselves. */
export function isForkEvidence(a: Head, b: Head): boolean {
  return a.log === b.log && a.seq === b.seq && !equalBytes(a.hash, b.hash);
}

/** An entry of a log; a beginning of its hash will do. */
export interface Place {
  readonly seq: number;
  readonly hash: Uint8Array;
}

interface Segment {
  id: LogId;
  parent: Segment | undefined;
  readonly from: number;
  readonly hashes: HashList;
  children: Segment[];
}

/** The known entries of one log that hang together, from its first entry or a known place on. */
export class LogTree {
  readonly #log: LogId;
  readonly #branchId: (log: LogId, firstHash: Uint8Array) => LogId;
  readonly #base: number;
  readonly #baseHash: Uint8Array | undefined;
  readonly #segments: Segment[];

  /** `base`: number and hash of the last entry taken as known; entries up to it are not looked at. */
  constructor(
    log: LogId,
    branchId: (log: LogId, firstHash: Uint8Array) => LogId,
    base?: { readonly seq: number; readonly hash: Uint8Array },
  ) {
    this.#log = log;
    this.#branchId = branchId;
    this.#base = base === undefined ? 0 : base.seq + 1;
    this.#baseHash = base?.hash;
    this.#segments = [];
    this.#segment(this.#base, new HashList());
  }

  /**
   * Adds an entry whose predecessor is known. `below`: at or before the base, compare it with what
   * is stored; `held back`: its predecessor is not known, so it is not added.
   */
  add(entry: EntryPlace): 'added' | 'duplicate' | 'below' | 'held back' {
    const { seq, hash, previous } = entry;
    if (seq < this.#base) return 'below';
    if (this.#find(seq, hash) !== undefined) return 'duplicate';
    const segment = seq === this.#base ? this.#segments[0] : this.#find(seq - 1, previous);
    const follows =
      seq > this.#base || this.#baseHash === undefined || equalBytes(this.#baseHash, previous);
    if (segment === undefined || !follows) return 'held back';
    const at = seq - segment.from;
    if (at < segment.hashes.length) this.#split(segment, at);
    else if (segment.children.length === 0) {
      segment.hashes.push(hash);
      return 'added';
    }
    const branch = this.#segment(seq, new HashList(), segment);
    branch.hashes.push(hash);
    branch.id = this.#branchId(this.#log, hash);
    segment.children.push(branch);
    return 'added';
  }

  /** Every branch, and the log itself as far as it is common to all. */
  branches(): Branch[] {
    return this.#segments.map(({ id, from, hashes }) => ({ id, from, end: from + hashes.length }));
  }

  forks(): Fork[] {
    return this.#segments
      .filter(({ children }) => children.length > 0)
      .map(({ from, hashes, children }) => ({
        log: this.#log,
        seq: from + hashes.length,
        branches: children.map(({ id }) => id).toSorted(),
      }))
      .toSorted(
        (a, b) => a.seq - b.seq || ((a.branches[0] ?? '') < (b.branches[0] ?? '') ? -1 : 1),
      );
  }

  /** The branch that holds the entry with this number whose hash begins so. */
  branchOf(seq: number, hash: Uint8Array): LogId | undefined {
    return this.#find(seq, hash)?.id;
  }

  /** The hash of an entry of a branch; undefined where it is not known. */
  hashAt(branch: LogId, seq: number): Uint8Array | undefined {
    const segment = this.#segments.find(({ id }) => id === branch);
    if (segment === undefined || seq < segment.from) return undefined;
    return seq - segment.from < segment.hashes.length
      ? segment.hashes.at(seq - segment.from)
      : undefined;
  }

  /** Whether entry `a` is entry `b` or comes before it on the same branch. Undefined where either is unknown. */
  leadsTo(a: Place, b: Place): boolean | undefined {
    const first = this.#find(a.seq, a.hash);
    let at = this.#find(b.seq, b.hash);
    if (first === undefined || at === undefined) return undefined;
    while (at !== undefined && at !== first) at = at.parent;
    return at === first && a.seq <= b.seq;
  }

  #find(seq: number, hash: Uint8Array): Segment | undefined {
    return this.#segments.find(({ from, hashes }) => hashes.startsWith(seq - from, hash));
  }

  #split(segment: Segment, at: number): void {
    const rest = segment.hashes.splitAt(at);
    const tail = this.#segment(segment.from + at, rest, segment);
    tail.id = this.#branchId(this.#log, rest.at(0));
    tail.children = segment.children;
    for (const child of tail.children) child.parent = tail;
    segment.children = [tail];
  }

  #segment(from: number, hashes: HashList, parent?: Segment): Segment {
    const segment: Segment = { id: this.#log, parent, from, hashes, children: [] };
    this.#segments.push(segment);
    return segment;
  }
}
