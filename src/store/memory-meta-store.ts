/** Derived rows in memory, for simulations: loses in a power cut what a disk may lose. */

import { mapKey } from '../bytes.ts';
import type { RandomSource } from '../random.ts';
import { MemoryRows } from './memory-rows.ts';
import type { MetaOperation, MetaRange, MetaStore } from './meta-store.ts';

/** Latin-1 text of a key: one character a byte, so that text order is byte order. */
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export class MemoryMetaStore implements MetaStore {
  readonly #rows: MemoryRows<string>;
  /** Called before each write; what it throws is the write's failure. */
  onWrite: () => void = () => undefined;

  constructor(rows = new MemoryRows<string>(byText)) {
    this.#rows = rows;
  }

  /**
   * The store as a power cut at this moment may leave it: synced batches are there, and so is
   * everything before the last barrier; each later unsynced batch is or is not, in any combination.
   * This store is closed.
   */
  crash(random: RandomSource): MemoryMetaStore {
    return new MemoryMetaStore(this.#rows.crash(random));
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#rows.get(mapKey(key));
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map((key) => this.#rows.get(mapKey(key)));
  }

  scan({ gte, lt, reverse = false, limit = Infinity }: MetaRange): AsyncGenerator<{
    key: Uint8Array;
    value: Uint8Array;
  }> {
    const rows = this.#rows.range(mapKey(gte), mapKey(lt));
    if (reverse) rows.reverse();
    return this.#rowsOf(rows.slice(0, limit));
  }

  async *#rowsOf(
    rows: readonly (readonly [string, Uint8Array])[],
  ): AsyncGenerator<{ key: Uint8Array; value: Uint8Array }> {
    for (const [key, value] of rows) {
      this.#rows.assertOpen();
      yield { key: new Uint8Array(Buffer.from(key, 'latin1')), value: new Uint8Array(value) };
    }
  }

  async write(operations: readonly MetaOperation[], { sync }: { sync: boolean }): Promise<void> {
    this.#rows.write(
      operations.map((operation) => ({
        key: mapKey(operation.key),
        value: operation.type === 'put' ? new Uint8Array(operation.value) : undefined,
      })),
      sync,
      this.onWrite,
    );
  }

  async barrier(): Promise<void> {
    this.#rows.barrier();
  }

  async compact(): Promise<void> {
    this.#rows.assertWritable();
  }

  async reopen(): Promise<void> {
    this.#rows.reopen();
  }

  async close(): Promise<void> {
    this.#rows.close();
  }
}
