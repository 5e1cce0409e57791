/** What reading the values of a store has found so far, in memory that a bit for each value bounds. */

import { mapKey } from '../bytes.ts';
import { valueTypes } from '../crypto/sealed-value.ts';
import type { CheckedTable } from '../folder/check-table.ts';
import { chunkKey, decodeChunkRow } from '../store/meta-keys.ts';
import type { MetaStore } from '../store/meta-store.ts';

/** Sound values one after another: columns of the same length. */
export type SoundValues = Pick<CheckedTable, 'seqs' | 'types' | 'ids' | 'lengths'>;

export class ReadFindings {
  values = 0;
  bytes = 0;
  readonly good: SeqSet;
  /** Where sound entries lie. */
  readonly entries: number[] = [];
  /** What is wrong with the value at a sequence number. */
  readonly badValues = new Map<number, string>();
  /** Sound chunks and nodes whose row is missing or names another place. */
  readonly strays = new Map<string, { seq: number; bytes: number }>();
  /** Sequence numbers with more than one row in the tables: only the store knows which of them counts. */
  readonly contested = new Set<number>();
  readonly #seen: SeqSet;

  /** For sequence numbers below `size`. */
  constructor(size: number) {
    this.good = new SeqSet(size);
    this.#seen = new SeqSet(size);
  }

  /** Takes what one table holds. */
  async addTable(table: CheckedTable, meta: MetaStore): Promise<void> {
    for (const seq of table.deleted) this.contested.add(seq);
    for (const { seq, problem } of table.bad) {
      this.#see(seq);
      this.addBad(seq, problem);
    }
    table.seqs.forEach((seq) => this.#see(seq));
    await this.addSound(table, meta);
  }

  /** Takes sound values, and holds the rows of chunks and nodes against them. */
  async addSound(sound: SoundValues, meta: MetaStore): Promise<void> {
    const { seqs, types, ids, lengths } = sound;
    const idAt = (at: number): Uint8Array => ids.subarray(at * 32, at * 32 + 32);
    const isContent = (at: number): boolean => (types[at] ?? 0) < valueTypes.entry;
    const content = [...seqs.keys()].filter(isContent);
    const rows = await meta.getMany(content.map((at) => chunkKey(idAt(at))));
    content.forEach((at, place) => {
      const row = rows[place];
      const seq = seqs[at] ?? -1;
      if ((row && decodeChunkRow(row))?.seq === seq) return;
      this.strays.set(mapKey(idAt(at)), { seq, bytes: lengths[at] ?? 0 });
    });
    seqs.forEach((seq, at) => {
      this.good.add(seq);
      this.values++;
      this.bytes += lengths[at] ?? 0;
      if (types[at] === valueTypes.entry) this.entries.push(seq);
    });
  }

  addBad(seq: number, problem: string): void {
    this.values++;
    this.badValues.set(seq, problem);
  }

  /** Forgets what was found at contested places, and says which they are: they are to be read anew from the store. */
  takeContested(): number[] {
    const { contested } = this;
    const seqs = [...contested];
    for (const seq of seqs) {
      this.good.remove(seq);
      this.badValues.delete(seq);
    }
    for (const [id, { seq }] of this.strays) if (contested.has(seq)) this.strays.delete(id);
    const entries = this.entries.splice(0).filter((seq) => !contested.has(seq));
    for (const seq of entries) this.entries.push(seq);
    contested.clear();
    return seqs;
  }

  #see(seq: number): void {
    if (this.#seen.has(seq)) this.contested.add(seq);
    this.#seen.add(seq);
  }
}

/** A set of sequence numbers, one bit each. */
export class SeqSet {
  readonly #bits: Uint8Array;

  constructor(size: number) {
    this.#bits = new Uint8Array(Math.ceil(size / 8));
  }

  add(seq: number): void {
    const at = Math.floor(seq / 8);
    this.#bits[at] = (this.#bits[at] ?? 0) | (1 << (seq % 8));
  }

  remove(seq: number): void {
    const at = Math.floor(seq / 8);
    this.#bits[at] = (this.#bits[at] ?? 0) & ~(1 << (seq % 8));
  }

  has(seq: number): boolean {
    return ((this.#bits[Math.floor(seq / 8)] ?? 0) & (1 << (seq % 8))) !== 0;
  }
}
