/** Sealed values in memory, for simulations: loses in a power cut what a disk may lose. */

import type { RandomSource } from '../random.ts';
import type { ChunkStore, ChunkWrite } from './chunk-store.ts';
import { MemoryRows } from './memory-rows.ts';

export class MemoryChunkStore implements ChunkStore {
  readonly #rows: MemoryRows<number>;
  /** Called before each write; what it throws is the write's failure. */
  onWrite: () => void = () => undefined;

  constructor(rows = new MemoryRows<number>((a, b) => a - b)) {
    this.#rows = rows;
  }

  /**
   * The store as a power cut at this moment may leave it: synced batches are there, and so is
   * everything before the last barrier; each later unsynced batch is or is not, in any combination.
   * This store is closed.
   */
  crash(random: RandomSource): MemoryChunkStore {
    return new MemoryChunkStore(this.#rows.crash(random));
  }

  async get(seq: number): Promise<Uint8Array | undefined> {
    return this.#rows.get(checked(seq));
  }

  async getMany(seqs: readonly number[]): Promise<(Uint8Array | undefined)[]> {
    return seqs.map((seq) => this.#rows.get(checked(seq)));
  }

  async *scan(
    from: number,
    to: number = Number.MAX_SAFE_INTEGER,
  ): AsyncGenerator<{ seq: number; value: Uint8Array }> {
    for (const [seq, value] of this.#rows.range(from, to)) {
      this.#rows.assertOpen();
      yield { seq, value: new Uint8Array(value) };
    }
  }

  async lastSeq(): Promise<number> {
    return this.#rows.lastKey() ?? -1;
  }

  async write({ puts = [], deletes = [] }: ChunkWrite, { sync }: { sync: boolean }): Promise<void> {
    this.#rows.write(
      [
        ...deletes.map((seq) => ({ key: checked(seq), value: undefined })),
        ...puts.map(({ seq, value }) => ({ key: checked(seq), value: new Uint8Array(value) })),
      ],
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

  async tables(): Promise<undefined> {
    return undefined;
  }

  async approximateBytes(from: number, to: number): Promise<number> {
    let bytes = 0;
    for (const [, value] of this.#rows.range(from, to)) bytes += value.length;
    return bytes;
  }

  async reopen(): Promise<void> {
    this.#rows.reopen();
  }

  async close(): Promise<void> {
    this.#rows.close();
  }
}

function checked(seq: number): number {
  if (!Number.isSafeInteger(seq) || seq < 0 || seq === Number.MAX_SAFE_INTEGER) {
    throw new RangeError(`expected a sequence number, got ${seq}`);
  }
  return seq;
}
