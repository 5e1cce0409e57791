/** What the log does while the values of a store are gone through anew. */

import type { MetaOperation } from './meta-store.ts';

/** The log's part in a replay. */
export interface ReplayLog {
  /** A log value, in the order of sequence numbers; the rows that it makes true. */
  accept(seq: number, value: Uint8Array): Promise<readonly MetaOperation[]>;
  /** All rows answered so far are written. */
  settled(): void;
  /** Rows that are written once at the end; `isDamaged`: some values could not be read. */
  finish(isDamaged: boolean): Promise<readonly MetaOperation[]>;
  /** Log values that could not be opened, by sequence number. */
  readonly damaged: readonly number[];
  /** Values that no head covers. */
  leftover(): readonly number[];
}

export interface ReplayCounts {
  readonly chunks: number;
  /** Log values that no head covered. */
  readonly dropped: number;
  /** Sequence numbers at or after which a value could not be read. */
  readonly damaged: readonly number[];
}
