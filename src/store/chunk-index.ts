/** Where chunks and nodes lie, by id: in rows of `meta/`, or staged and not committed yet. */

import { mapKey } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import {
  chunkKey,
  decodeChunkRow,
  encodeChunkRow,
  isLostChunk,
  LOST_CHUNK,
  type ChunkRow,
} from './meta-keys.ts';
import type { MetaOperation, MetaStore } from './meta-store.ts';
import type { StagedValues } from './staged-values.ts';
import { want } from './want.ts';

export class ChunkIndex {
  readonly #meta: MetaStore;
  readonly #staged: Pick<StagedValues, 'nextSeq' | 'guard'>;
  /** `meta/` was made from `chunks/` since it was opened: what it lacks is not there. */
  readonly #isNew: boolean;
  /** The log speaks of what other nodes have: what the index lacks may not have come. */
  #mayLack = false;
  /** Rows of staged chunks that no commit has written yet. */
  readonly #pending = new Map<string, ChunkRow>();
  /** Ids that {@link wanted} answered yes to and that have not arrived. */
  readonly #promised = new Set<string>();

  constructor(meta: MetaStore, staged: Pick<StagedValues, 'nextSeq' | 'guard'>, isNew: boolean) {
    this.#meta = meta;
    this.#staged = staged;
    this.#isNew = isNew;
  }

  /** Chunks and nodes staged since the last commit. */
  get pendingChunks(): number {
    return this.#pending.size;
  }

  /**
   * For each 32-byte id in `ids` a {@link Want}. Who was told to bring a chunk must stage it or give up
   * the whole run; what speaks of a promised one must not be committed before {@link isPromised} is
   * false for it.
   */
  async wanted(ids: Uint8Array): Promise<Uint8Array> {
    const count = ids.length / 32;
    const answer = new Uint8Array(count);
    const open: { index: number; key: string }[] = [];
    for (let index = 0; index < count; index++) {
      const key = mapKey(ids.subarray(index * 32, index * 32 + 32));
      if (this.#pending.has(key)) continue;
      if (this.#promised.has(key)) {
        answer[index] = want.promised;
        continue;
      }
      this.#promised.add(key);
      open.push({ index, key });
    }
    const rows = await this.#meta.getMany(
      open.map(({ index }) => chunkKey(ids.subarray(index * 32, index * 32 + 32))),
    );
    for (const [at, { index, key }] of open.entries()) {
      const row = rows[at];
      if (row === undefined || decodeChunkRow(row) === undefined) answer[index] = want.bring;
      else this.#promised.delete(key);
    }
    return answer;
  }

  /** Whether somebody was told to bring a chunk of this id and did not yet. */
  isPromised(id: Uint8Array): boolean {
    return this.#promised.has(mapKey(id));
  }

  /** Takes a chunk's arrival, staged or not. Whether it is new: it then has to be staged and {@link add added}. */
  arrived(id: Uint8Array): boolean {
    const key = mapKey(id);
    this.#promised.delete(key);
    return !this.#pending.has(key);
  }

  add(id: Uint8Array, row: ChunkRow): void {
    this.#pending.set(mapKey(id), row);
  }

  /** From now on the log may speak of chunks that have not come yet: what the index lacks is not there. */
  expectGaps(): void {
    this.#mayLack = true;
  }

  /** Whether a value of each id lies here, whatever the log speaks of. */
  async holds(ids: readonly Uint8Array[]): Promise<boolean[]> {
    const staged = ids.map((id) => this.#pending.has(mapKey(id)));
    const rows = await this.#meta.getMany(ids.map(chunkKey));
    return rows.map(
      (row, at) => staged[at] === true || (row !== undefined && decodeChunkRow(row) !== undefined),
    );
  }

  /**
   * The sequence numbers under which values of chunks or nodes lie that the log speaks of, in the order
   * asked; −1 for those that are lost, which is remembered. Throws `VAULT_DAMAGED` where the index is wrong and was not made anew yet.
   */
  async placesOf(ids: readonly Uint8Array[]): Promise<number[]> {
    // Asked first: a commit may move what is pending to its row while that is being read.
    const staged = ids.map((id) => this.#pending.get(mapKey(id)));
    const rows = await this.#meta.getMany(ids.map(chunkKey));
    const lost: MetaOperation[] = [];
    const places = ids.map((id, at) => {
      const pending = staged[at];
      if (pending !== undefined) return pending.seq;
      const row = rows[at];
      if (row !== undefined && isLostChunk(row)) return -1;
      const found = row && decodeChunkRow(row);
      if (found !== undefined) {
        if (found.seq >= this.#staged.nextSeq && !this.#isNew) throw astray();
        return found.seq;
      }
      if (this.#mayLack) return -1;
      if (!this.#isNew) throw astray();
      lost.push({ type: 'put', key: chunkKey(id), value: LOST_CHUNK });
      return -1;
    });
    if (lost.length > 0) await this.#staged.guard(() => this.#meta.write(lost, { sync: false }));
    return places;
  }

  /** Whether it must lead to the value asked for; made anew since it was opened, it may lack what damage took. */
  get isTrusted(): boolean {
    return !this.#isNew;
  }

  /** Rows of what was staged up to a sequence number: to be written with a commit, then {@link settle settled}. */
  *rowsUpTo(last: number): Generator<MetaOperation> {
    for (const [key, row] of this.#pending) {
      if (row.seq > last) continue;
      const id = Buffer.from(key, 'latin1');
      yield { type: 'put', key: chunkKey(id), value: encodeChunkRow(row) };
    }
  }

  /** A commit wrote the rows up to a sequence number. */
  settle(last: number): void {
    for (const [key, row] of this.#pending) {
      if (row.seq <= last) this.#pending.delete(key);
    }
  }
}

/** The index leads elsewhere than to the value asked for. */
export function astray(): VaultError {
  return new VaultError('VAULT_DAMAGED', 'the index does not lead to a stored chunk');
}
