/**
 * Entries that a head covers and that nobody here has: found out when `meta/` was made from `chunks/`
 * with values missing. Which names they spoke of is unknown, so their number is remembered.
 */

import { fromHex, toHex } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import { decodeSeq, encodeSeq, metaKey, metaPrefix, metaRange } from '../store/meta-keys.ts';
import type { MetaOperation, MetaReader } from '../store/meta-store.ts';
import type { Dot, LogId } from './types.ts';

/** An entry by its place. */
export type EntryName = Pick<Dot, 'log' | 'seq'>;

const LOG_BYTES = 32;

export class LostEntries {
  readonly #names = new Map<string, EntryName>();

  /** Those that are known. Throws `VAULT_DAMAGED` where a row is malformed. */
  static async load(meta: MetaReader): Promise<LostEntries> {
    const lost = new LostEntries();
    for await (const { key } of meta.scan(metaRange(metaKey(metaPrefix.lost)))) {
      const seq = decodeSeq(key.subarray(1 + LOG_BYTES));
      if (seq === undefined) throw new VaultError('VAULT_DAMAGED', 'malformed row of a lost entry');
      lost.#note(toHex(key.subarray(1, 1 + LOG_BYTES)), seq);
    }
    return lost;
  }

  get all(): readonly EntryName[] {
    return [...this.#names.values()];
  }

  has(log: LogId, seq: number): boolean {
    return this.#names.has(`${log}:${seq}`);
  }

  /** Remembers an entry; the row that does so for later. */
  add(log: LogId, seq: number): MetaOperation {
    this.#note(log, seq);
    const key = metaKey(metaPrefix.lost, fromHex(log), encodeSeq(seq));
    return { type: 'put', key, value: new Uint8Array(0) };
  }

  #note(log: LogId, seq: number): void {
    this.#names.set(`${log}:${seq}`, { log, seq });
  }
}
