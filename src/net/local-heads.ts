/** What this node has, as far as the exchange of one folder was told. */

import { equalBytes } from '../bytes.ts';
import type { Head, LogId } from '../log/types.ts';
import type { HeldHead } from './folder-side.ts';

export class LocalHeads {
  readonly #logs = new Map<LogId, readonly HeldHead[]>();

  /** Takes all heads of each log that is named; the logs. */
  advance(heads: readonly HeldHead[]): Set<LogId> {
    const logs = new Set(heads.map(({ head }) => head.log));
    for (const log of logs) {
      this.#logs.set(
        log,
        heads.filter(({ head }) => head.log === log),
      );
    }
    return logs;
  }

  of(log: LogId): readonly HeldHead[] {
    return this.#logs.get(log) ?? [];
  }

  all(): HeldHead[] {
    return [...this.#logs.values()].flat();
  }

  isForked(log: LogId): boolean {
    return this.of(log).length > 1;
  }

  /** The number after the last entry of the longest branch. */
  end(log: LogId): number {
    return this.of(log).reduce((end, { head }) => Math.max(end, head.seq + 1), 0);
  }

  /** Whether exactly this head is one of ours. */
  has({ log, hash }: Head): boolean {
    return this.of(log).some(({ head }) => equalBytes(head.hash, hash));
  }
}
