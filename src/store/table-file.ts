/** Tables of a chunk store as files, for threads that cannot share a LevelDB: see `table-reader.ts`. */

import { readU64be } from '../bytes.ts';
import type { KeySpan } from './level-manifest.ts';

export interface TableFile {
  readonly path: string;
  /** No row of the table has a sequence number outside of these two. */
  readonly first: number;
  readonly last: number;
}

const MOST = BigInt(Number.MAX_SAFE_INTEGER);

/** The greatest sequence number whose key is not behind `key`, −1 where there is none. */
export function lastSeqUpTo(key: Uint8Array): number {
  const padded = new Uint8Array(8);
  padded.set(key.subarray(0, 8));
  const value = Buffer.from(padded.buffer).readBigUInt64BE();
  if (value > MOST) return Number.MAX_SAFE_INTEGER;
  return key.length < 8 ? Number(value) - 1 : readU64be(padded);
}

/** The table at `path` whose keys lie in `span`; anywhere, where that is not known. */
export function tableFile(path: string, span: KeySpan | undefined): TableFile {
  if (span === undefined) return { path, first: 0, last: Number.MAX_SAFE_INTEGER };
  return { path, first: Math.max(0, lastSeqUpTo(span.first)), last: lastSeqUpTo(span.last) };
}

/** Which tables may hold which sequence numbers. */
export class TableMap {
  readonly #tables: readonly TableFile[];
  /** For each table the greatest `last` up to it. */
  readonly #reach: readonly number[];

  constructor(tables: readonly TableFile[]) {
    this.#tables = tables.toSorted((a, b) => a.first - b.first);
    let reach = -1;
    this.#reach = this.#tables.map(({ last }) => (reach = Math.max(reach, last)));
  }

  /**
   * The tables that may hold at least `values` of these sequence numbers (−1 is none), those with the most
   * first, and at most `most` of them.
   */
  covering(seqs: Iterable<number>, values = 1, most = Infinity): TableFile[] {
    const found = new Map<TableFile, number>();
    for (const seq of seqs) {
      for (let at = this.#upTo(seq); at >= 0 && (this.#reach[at] ?? -1) >= seq; at--) {
        const table = this.#tables[at];
        if (table !== undefined && table.last >= seq) found.set(table, (found.get(table) ?? 0) + 1);
      }
    }
    return [...found]
      .filter(([, count]) => count >= values)
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, most)
      .map(([table]) => table);
  }

  /** The last table that begins at `seq` or before. */
  #upTo(seq: number): number {
    let low = 0;
    let high = this.#tables.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#tables[middle]?.first ?? Infinity) <= seq) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
