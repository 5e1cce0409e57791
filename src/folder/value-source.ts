/**
 * Sealed values of one folder, opened: read from the store's tables where it says where they lie, else
 * asked for.
 */

import { toHex } from '../bytes.ts';
import { valueTypes } from '../crypto/sealed-value.ts';
import { isVaultError, VaultError } from '../errors.ts';
import type { TableFile } from '../store/table-file.ts';
import type { TableReader } from '../store/table-reader.ts';
import type { TaskContext } from '../system/worker-pool.ts';
import type { ContentCodec } from './content-codec.ts';

/** Asks for sealed values; the answer has them one after another, with the length of each (0: missing). */
export interface ValuesQuestion {
  readonly ask: 'values';
  /** 32 bytes each. */
  readonly ids: Uint8Array;
}
export interface ValuesAnswer {
  readonly bytes: Uint8Array;
  readonly lengths: Uint32Array;
}

/** Asks where values lie. Only what was given places once may ask. */
export interface PlacesQuestion {
  readonly ask: 'places';
  /** 32 bytes each. */
  readonly ids: Uint8Array;
}
export interface ValuePlaces {
  /** Sequence numbers in the order asked, −1 for what is missing. */
  readonly seqs: Float64Array;
  /** Tables that may hold them. */
  readonly tables: readonly TableFile[];
}

/** Plain bytes of sealed values that are asked for at once, and of places. */
const VALUES_BYTES = 1024 * 1024;
const PLACES_BYTES = 32 * 1024 * 1024;
/** Above this many, places are forgotten before others are asked for. */
const MOST_PLACES = 4096;

/** Opens values of one folder, asking for many at once. */
export class ValueSource {
  readonly #codec: ContentCodec;
  readonly #context: Pick<TaskContext, 'ask'>;
  readonly #tables: TableReader | undefined;
  #fetched = new Map<string, Uint8Array | undefined>();
  /** By id in hex. */
  readonly #places = new Map<string, number>();
  readonly #kept = new Map<string, Uint8Array>();

  /** With `tables`, asks for places instead of values. */
  constructor(codec: ContentCodec, context: Pick<TaskContext, 'ask'>, tables?: TableReader) {
    this.#codec = codec;
    this.#context = context;
    this.#tables = tables;
  }

  /** Whether it reads tables, so that fetching ahead costs little. */
  get readsTables(): boolean {
    return this.#tables !== undefined;
  }

  /** Plain bytes of chunks that are best prefetched together. */
  get batchBytes(): number {
    return this.readsTables ? PLACES_BYTES : VALUES_BYTES;
  }

  /** Fetches what it does not know of these chunks in one question, and may forget what was fetched before. */
  async prefetch(ids: readonly Uint8Array[]): Promise<void> {
    if (this.#tables === undefined) {
      this.#fetched = await this.#fetch(ids);
      return;
    }
    const unknown = ids.filter((id) => !this.#places.has(toHex(id)));
    if (unknown.length === 0) return;
    if (this.#places.size > MOST_PLACES) this.#places.clear();
    const question: PlacesQuestion = { ask: 'places', ids: Buffer.concat(unknown) };
    this.know(unknown, (await this.#context.ask(question)) as ValuePlaces);
  }

  /** Takes it that these values lie at these places. */
  know(ids: readonly Uint8Array[], { seqs, tables }: ValuePlaces): void {
    this.#tables?.add(tables);
    ids.forEach((id, at) => this.#places.set(toHex(id), seqs[at] ?? -1));
  }

  /** Plain bytes of a chunk. Throws `VAULT_CHUNK_MISSING`, or what opening throws. */
  chunk(id: Uint8Array): Promise<Uint8Array> {
    return this.#open(valueTypes.chunk, id);
  }

  /** Plain bytes of a manifest node, as {@link chunk}. */
  async node(id: Uint8Array): Promise<Uint8Array> {
    return this.#kept.get(toHex(id)) ?? this.#open(valueTypes.node, id);
  }

  /** As {@link node}, and keeps it for the next call. */
  async keepNode(id: Uint8Array): Promise<Uint8Array> {
    const node = await this.node(id);
    this.#kept.set(toHex(id), node);
    return node;
  }

  async #open(type: 1 | 2, id: Uint8Array): Promise<Uint8Array> {
    const key = toHex(id);
    if (this.#tables !== undefined) {
      await this.prefetch([id]);
      const found = this.#openAt(this.#tables, this.#places.get(key) ?? -1, type, id);
      if (found !== undefined) return found;
    }
    const value = this.#fetched.has(key)
      ? this.#fetched.get(key)
      : (await this.#fetch([id])).get(key);
    if (value === undefined) {
      throw new VaultError('VAULT_CHUNK_MISSING', `chunk ${key} is missing`, {
        details: { id: key },
      });
    }
    return this.#codec.open(value, type, id);
  }

  /** What a table holds there, if that is the value; the store is to judge anything else. */
  #openAt(tables: TableReader, seq: number, type: 1 | 2, id: Uint8Array): Uint8Array | undefined {
    const value = tables.value(seq);
    if (value === undefined) return undefined;
    try {
      return this.#codec.open(value, type, id);
    } catch (error) {
      if (!isVaultError(error)) throw error;
      return undefined;
    }
  }

  async #fetch(ids: readonly Uint8Array[]): Promise<Map<string, Uint8Array | undefined>> {
    const fetched = new Map<string, Uint8Array | undefined>();
    if (ids.length === 0) return fetched;
    const question: ValuesQuestion = { ask: 'values', ids: Buffer.concat(ids) };
    const answer = (await this.#context.ask(question)) as ValuesAnswer;
    let at = 0;
    ids.forEach((id, index) => {
      const length = answer.lengths[index] ?? 0;
      const value = length === 0 ? undefined : answer.bytes.subarray(at, at + length);
      fetched.set(toHex(id), value);
      at += length;
    });
    return fetched;
  }
}
