/** What one peer is known to have: what it stated, and what it was told or sent. Known heads only grow. */

import { equalBytes } from '../bytes.ts';
import { MAX_LOGS, MAX_LOOSE_HEADS } from '../limits.ts';
import type { Head, LogId } from '../log/types.ts';
import type { HeldHead } from './folder-side.ts';
import { Violation } from './violation.ts';

interface Known {
  readonly seq: number;
  readonly hash: Uint8Array;
}

export class PeerHeads {
  readonly #known = new Map<LogId, readonly Known[]>();
  /** Entries and contents that the peer said it holds: numbers below. */
  readonly #entries = new Map<LogId, number>();
  readonly #contents = new Map<LogId, number>();

  /** The peer says that it has this. Throws {@link Violation} above {@link MAX_LOGS} logs. */
  state({ head, through }: HeldHead): void {
    const { log, seq } = head;
    this.#entries.set(log, Math.max(this.#entries.get(log) ?? 0, seq + 1));
    this.#contents.set(log, Math.max(this.#contents.get(log) ?? 0, through));
    if (this.#entries.size > MAX_LOGS) throw new Violation('limit', 'too many logs');
    this.learn(head);
  }

  /** The peer has this head, or was told of it. */
  learn({ log, seq, hash }: Pick<Head, 'log' | 'seq' | 'hash'>): void {
    const others = (this.#known.get(log) ?? []).filter((one) => !equalBytes(one.hash, hash));
    this.#known.set(log, [...others, { seq, hash }].slice(-MAX_LOOSE_HEADS));
  }

  /** Whether to be told of this head would be news to the peer. On a forked log a greater number says nothing. */
  lacks(head: Head, isForked: boolean): boolean {
    return !(this.#known.get(head.log) ?? []).some(
      ({ seq, hash }) => equalBytes(hash, head.hash) || (!isForked && seq > head.seq),
    );
  }

  /** The peer holds entries of the log below this number. */
  entriesThrough(log: LogId): number {
    return this.#entries.get(log) ?? 0;
  }

  /** The peer holds what entries of the log below this number speak of, or has dropped it. */
  contentsThrough(log: LogId): number {
    return this.#contents.get(log) ?? 0;
  }
}
