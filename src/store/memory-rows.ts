/** Rows in memory with the durability of LevelDB: what both memory stores are made of. */

import { isVaultError, VaultError } from '../errors.ts';
import type { RandomSource } from '../random.ts';

/** One row to set, or to delete where `value` is undefined. */
export interface RowChange<K> {
  readonly key: K;
  readonly value: Uint8Array | undefined;
}

interface Batch<K> {
  readonly changes: readonly RowChange<K>[];
  readonly durable: boolean;
}

/** `compare` orders keys; equal keys are the same row. Keys must be values (numbers, strings). */
export class MemoryRows<K extends number | string> {
  readonly #compare: (a: K, b: K) => number;
  readonly #rows = new Map<K, Uint8Array>();
  /** Keys in order; undefined when one was added or removed since. */
  #order: K[] | undefined = [];
  /** Rows as they were at the last barrier, and what was written since. */
  #base: ReadonlyMap<K, Uint8Array> = new Map();
  #since: Batch<K>[] = [];
  #failure: Error | undefined;
  #closed = false;

  constructor(compare: (a: K, b: K) => number) {
    this.#compare = compare;
  }

  get(key: K): Uint8Array | undefined {
    this.assertOpen();
    const value = this.#rows.get(key);
    return value && new Uint8Array(value);
  }

  lastKey(): K | undefined {
    this.assertOpen();
    return this.#keys().at(-1);
  }

  /** Rows with `from <= key < to` in key order, as of the call. The arrays are the store's own. */
  range(from: K, to: K): [K, Uint8Array][] {
    this.assertOpen();
    const keys = this.#keys();
    const found: [K, Uint8Array][] = [];
    for (let at = this.#position(keys, from); at < keys.length; at++) {
      const key = keys[at] as K;
      if (this.#compare(key, to) >= 0) break;
      found.push([key, this.#rows.get(key) as Uint8Array]);
    }
    return found;
  }

  /** Applies all changes, in order. Throws what `hook` throws, and then refuses further writes. */
  write(changes: readonly RowChange<K>[], sync: boolean, hook: () => void): void {
    this.assertWritable();
    try {
      hook();
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    }
    this.#apply(changes);
    this.#since.push({ changes, durable: sync });
  }

  barrier(): void {
    this.assertWritable();
    this.#base = new Map(this.#rows);
    this.#since = [];
  }

  reopen(): void {
    this.assertOpen();
    this.#failure = undefined;
  }

  close(): void {
    this.#closed = true;
  }

  assertOpen(): void {
    if (this.#closed) throw new VaultError('VAULT_CLOSED', 'the store is closed');
  }

  assertWritable(): void {
    this.assertOpen();
    if (this.#failure === undefined) return;
    const code = isVaultError(this.#failure) ? this.#failure.code : 'VAULT_IO';
    throw new VaultError(code, 'the store takes no writes since one failed', {
      cause: this.#failure,
    });
  }

  /** The rows a power cut may leave. These here are closed. */
  crash(random: RandomSource): MemoryRows<K> {
    this.close();
    const left = new MemoryRows<K>(this.#compare);
    for (const [key, value] of this.#base) left.#rows.set(key, value);
    left.#order = undefined;
    for (const { changes, durable } of this.#since) {
      if (durable || ((random.bytes(1)[0] ?? 0) & 1) === 1) left.#apply(changes);
    }
    left.#base = new Map(left.#rows);
    return left;
  }

  #apply(changes: readonly RowChange<K>[]): void {
    for (const { key, value } of changes) {
      if (value === undefined) {
        if (this.#rows.delete(key)) this.#order = undefined;
        continue;
      }
      if (!this.#rows.has(key)) this.#append(key);
      this.#rows.set(key, value);
    }
  }

  /** Keys mostly come in rising order: that keeps the order known. */
  #append(key: K): void {
    const last = this.#order?.at(-1);
    if (this.#order && (last === undefined || this.#compare(last, key) < 0)) this.#order.push(key);
    else this.#order = undefined;
  }

  #keys(): readonly K[] {
    this.#order ??= [...this.#rows.keys()].sort(this.#compare);
    return this.#order;
  }

  /** The index of the first key that is not before `key`. */
  #position(keys: readonly K[], key: K): number {
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(keys[middle] as K, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
