/**
 * Which entries are known: for each log the part without a gap, and entries that wait for those
 * before them. Pure bookkeeping of places and hashes; never claims an entry whose past is missing.
 */

import { mapKey } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import { MAX_HELD_ENTRIES, MAX_LOOSE_HEADS } from '../limits.ts';
import {
  isForkEvidence,
  LogTree,
  type EntryPlace,
  type Fork,
  type ForkNames,
  type Place,
} from './forks.ts';
import type { Head, LogId, Parent, VectorClock } from './types.ts';

export interface LogSetOptions {
  /** The id of a branch from its log and the hash of its first entry: `branchLogId`. */
  readonly branchId: (log: LogId, firstHash: Uint8Array) => LogId;
  /** Entries that may wait for others at one time; default {@link MAX_HELD_ENTRIES}. */
  readonly maxHeld?: number;
}

export interface Added {
  /** `below`: before the place this log is known from; `held`: waits for the entry before it. */
  readonly outcome: 'added' | 'duplicate' | 'below' | 'held';
  /** What became part of its log, this entry first; each follows the entry before it. */
  readonly released: readonly EntryPlace[];
}

/** Numbers from `from` to below `to` of a log. */
export interface LogRange {
  readonly log: LogId;
  readonly from: number;
  readonly to: number;
}

export class LogSet implements ForkNames {
  readonly #options: LogSetOptions;
  readonly #trees = new Map<LogId, LogTree>();
  readonly #bases = new Map<LogId, number>();
  readonly #origins = new Map<LogId, LogId>();
  readonly #heads = new Map<LogId, Head[]>();
  /** By the entry they wait for. */
  readonly #held = new Map<string, EntryPlace[]>();
  #heldCount = 0;

  constructor(options: LogSetOptions) {
    this.#options = options;
  }

  /**
   * Takes the log as known up to this entry: from a checkpoint, or from what the store holds. Throws
   * `RangeError` where entries of it were added before.
   */
  startAfter(log: LogId, base: { readonly seq: number; readonly hash: Uint8Array }): void {
    if (this.#trees.has(log)) throw new RangeError('expected a log without entries');
    this.#trees.set(log, new LogTree(log, this.#options.branchId, base));
    this.#bases.set(log, base.seq + 1);
  }

  /** Adds an entry, in any order. Throws `VAULT_LIMIT_EXCEEDED` when too many wait for others. */
  add(entry: EntryPlace): Added {
    const tree = this.#tree(entry.log);
    const outcome = tree.add(entry);
    if (outcome === 'held back') return { outcome: this.#hold(entry), released: [] };
    if (outcome !== 'added') return { outcome, released: [] };
    const released = [entry];
    for (const at of released) {
      const key = waitKey(at.log, at.seq, at.hash);
      const waiting = this.#held.get(key) ?? [];
      this.#held.delete(key);
      this.#heldCount -= waiting.length;
      for (const next of waiting) if (tree.add(next) === 'added') released.push(next);
    }
    for (const { id } of tree.branches()) this.#origins.set(id, entry.log);
    return { outcome, released };
  }

  /** What is known without a gap: branches of forked logs under their own ids. */
  clock(): VectorClock {
    const clock = new Map<LogId, number>();
    for (const tree of this.#trees.values()) {
      for (const { id, end } of tree.branches()) if (end > 0) clock.set(id, end);
    }
    return clock;
  }

  /** What is missing before entries that wait: as far as numbers tell. Ascending by log id. */
  gaps(): LogRange[] {
    const first = new Map<LogId, number>();
    for (const waiting of this.#held.values()) {
      for (const { log, seq } of waiting) first.set(log, Math.min(first.get(log) ?? seq, seq));
    }
    return [...first]
      .map(([log, to]) => {
        const ends = this.#tree(log)
          .branches()
          .map(({ end }) => end);
        return { log, from: Math.min(Math.max(...ends), to - 1), to };
      })
      .toSorted((a, b) => (a.log < b.log ? -1 : 1));
  }

  /** How many entries wait for others. */
  get held(): number {
    return this.#heldCount;
  }

  /**
   * Keeps a verified head: the newest of each branch, and the newest {@link MAX_LOOSE_HEADS} whose
   * entries are not known yet.
   */
  noteHead(head: Head): void {
    const tree = this.#tree(head.log);
    const kept = new Map<LogId, Head>();
    const loose = new Map<string, Head>();
    for (const one of [...this.heads(head.log), head]) {
      const branch = tree.branchOf(one.seq, one.hash);
      if (branch === undefined) loose.set(waitKey(one.log, one.seq, one.hash), one);
      else if (one.seq >= (kept.get(branch)?.seq ?? 0)) kept.set(branch, one);
    }
    const newest = [...loose.values()].toSorted(byPlace).slice(-MAX_LOOSE_HEADS);
    this.#heads.set(head.log, [...kept.values(), ...newest]);
  }

  /** Kept heads of a log by number and hash: of a forked one, the evidence. */
  heads(log: LogId): Head[] {
    return (this.#heads.get(log) ?? []).toSorted(byPlace);
  }

  /** Every fork known from entries, ascending by log. */
  forks(): Fork[] {
    const logs = [...this.#trees].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return logs.flatMap(([, tree]) => tree.forks());
  }

  /** Whether a log is forked as far as entries or heads prove: then its owner has to start a new one. */
  isForked(log: LogId): boolean {
    if ((this.#trees.get(log)?.forks().length ?? 0) > 0) return true;
    const heads = this.#heads.get(log) ?? [];
    return heads.some((a, at) => heads.slice(at + 1).some((b) => isForkEvidence(a, b)));
  }

  /** The hash of a known entry of a log or branch. */
  hashAt(log: LogId, seq: number): Uint8Array | undefined {
    return this.#trees.get(this.origin(log))?.hashAt(log, seq);
  }

  /** Whether entry `a` of a log is `b` or comes before it on `b`'s branch; undefined where either is unknown. */
  leadsTo(log: LogId, a: Place, b: Place): boolean | undefined {
    return this.#trees.get(this.origin(log))?.leadsTo(a, b);
  }

  /** Where the log is known from: entries before are history that is not here. */
  knownFrom(log: LogId): number {
    return this.#bases.get(this.origin(log)) ?? 0;
  }

  origin(log: LogId): LogId {
    return this.#origins.get(log) ?? log;
  }

  branchOf(name: Parent): LogId {
    const { log, seq, hash8 } = name;
    return this.#trees.get(this.origin(log))?.branchOf(seq, hash8) ?? log;
  }

  #tree(log: LogId): LogTree {
    let tree = this.#trees.get(log);
    if (tree === undefined) {
      tree = new LogTree(log, this.#options.branchId);
      this.#trees.set(log, tree);
    }
    return tree;
  }

  #hold(entry: EntryPlace): 'held' | 'duplicate' {
    const key = waitKey(entry.log, entry.seq - 1, entry.previous);
    const waiting = this.#held.get(key) ?? [];
    const own = mapKey(entry.hash);
    if (waiting.some(({ hash }) => mapKey(hash) === own)) return 'duplicate';
    if (this.#heldCount >= (this.#options.maxHeld ?? MAX_HELD_ENTRIES)) {
      throw new VaultError('VAULT_LIMIT_EXCEEDED', 'too many entries wait for earlier ones', {
        details: { log: entry.log, held: this.#heldCount },
      });
    }
    this.#held.set(key, [...waiting, entry]);
    this.#heldCount++;
    return 'held';
  }
}

function byPlace(a: Head, b: Head): number {
  return a.seq - b.seq || Buffer.compare(a.hash, b.hash);
}

function waitKey(log: LogId, seq: number, hash: Uint8Array): string {
  return `${log}/${seq}/${mapKey(hash)}`;
}
