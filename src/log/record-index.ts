/** Where records other than versions are: rows by type and time, and a sealed sum for each type. */

import type { SecretKey } from '../crypto/hash.ts';
import { VaultError } from '../errors.ts';
import type { RandomSource } from '../random.ts';
import { metaKey, metaPrefix, metaRange } from '../store/meta-keys.ts';
import type { MetaOperation, MetaReader } from '../store/meta-store.ts';
import type { LogNumbers } from './path-index.ts';
import { recordKey } from './record-rows.ts';
import { RowSum } from './row-sum.ts';
import type { Dot, HybridTime } from './types.ts';

export interface IndexedRecord {
  readonly type: number;
  readonly time: HybridTime;
  readonly dot: Dot;
}

export class RecordIndex {
  readonly #meta: MetaReader;
  readonly #secret: SecretKey;
  readonly #logs: LogNumbers;
  readonly #random: RandomSource;
  readonly #sums = new Map<number, RowSum>();

  constructor(meta: MetaReader, secret: SecretKey, logs: LogNumbers, random: RandomSource) {
    this.#meta = meta;
    this.#secret = secret;
    this.#logs = logs;
    this.#random = random;
  }

  /** Rows that add records. */
  async add(records: readonly IndexedRecord[]): Promise<MetaOperation[]> {
    const rows: MetaOperation[] = [];
    const changed = new Map<number, RowSum>();
    for (const { type, time, dot } of records) {
      const key = recordKey.encode(type, time, dot, this.#logs);
      const sum = this.#sums.get(type) ?? (await this.#stored(type));
      this.#sums.set(type, sum);
      sum.add(key);
      changed.set(type, sum);
      rows.push({ type: 'put', key, value: new Uint8Array(0) });
    }
    for (const [type, sum] of changed) {
      rows.push(sum.seal(this.#secret, sumKey(type), this.#random));
    }
    return rows;
  }

  /** Forgets what was computed; call it only when every row given so far is written. */
  settle(): void {
    this.#sums.clear();
  }

  /** All records of a type in order of time, with the times they were indexed under. Throws `VAULT_DAMAGED` where rows are missing or changed. */
  async all(type: number): Promise<IndexedRecord[]> {
    const expected = await this.#stored(type);
    const found = new RowSum();
    const records: IndexedRecord[] = [];
    for await (const { key } of this.#meta.scan(
      metaRange(metaKey(metaPrefix.record, Uint8Array.of(type))),
    )) {
      found.add(key);
      const dot = recordKey.dot(key, this.#logs);
      records.push({ type, time: recordKey.time(key), dot });
    }
    if (!found.equals(expected)) {
      throw new VaultError('VAULT_DAMAGED', 'the index of records is damaged');
    }
    return records;
  }

  async #stored(type: number): Promise<RowSum> {
    const key = sumKey(type);
    return RowSum.open(this.#secret, key, await this.#meta.get(key));
  }
}

function sumKey(type: number): Uint8Array {
  return metaKey(metaPrefix.recordSum, Uint8Array.of(type));
}
