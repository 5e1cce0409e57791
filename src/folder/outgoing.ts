/**
 * Plain chunks on their way out of a worker, a few MiB at a time: asks which are wanted, seals
 * those, and hands them over with the next question, so that one batch costs one round trip.
 */

import { want } from '../store/want.ts';
import { sealedBound } from '../crypto/sealed-value.ts';
import { Lender } from '../system/lent-bytes.ts';
import type { TaskContext } from '../system/worker-pool.ts';
import type { ContentCodec } from './content-codec.ts';

export interface OutgoingQuestion {
  /** Ids in question, 32 bytes each. */
  readonly ids: Uint8Array;
  /** Sealed values of earlier batches, one after another; lent, to be given back. */
  readonly sealed: Uint8Array | undefined;
}

/** One `want` for each id. */
export type OutgoingAnswer = Uint8Array;

/** Plain bytes gathered before asking. */
const BATCH_BYTES = 512 * 1024;

interface Piece {
  readonly type: 1 | 2;
  readonly id: Uint8Array;
  readonly start: number;
  readonly length: number;
}

/** Batch buffers that no task uses. */
const spare: Uint8Array[] = [];
/** Where batches are sealed. */
const lender = new Lender();

export class Outgoing {
  readonly #codec: ContentCodec;
  readonly #context: TaskContext;
  readonly #buffer: Uint8Array;
  #used = 0;
  #pieces: Piece[] = [];
  #sealed: Uint8Array | undefined;

  constructor(codec: ContentCodec, context: TaskContext) {
    this.#codec = codec;
    this.#context = context;
    const length = BATCH_BYTES + 2 * codec.params.max;
    const at = spare.findIndex((buffer) => buffer.length >= length);
    this.#buffer = spare.splice(at < 0 ? spare.length : at, 1)[0] ?? new Uint8Array(length);
  }

  /** Room for up to `length` plain bytes to be read into, at most `max` of the chunker's parameters. */
  reserve(length: number): Uint8Array {
    return this.#buffer.subarray(this.#used, this.#used + length);
  }

  /** Takes the first `length` bytes of what {@link reserve} gave; their id. */
  async addReserved(type: 1 | 2, length: number): Promise<Uint8Array> {
    const start = this.#used;
    const id = this.#codec.id(type, this.#buffer.subarray(start, start + length));
    this.#pieces.push({ type, id, start, length });
    this.#used += length;
    if (this.#used >= BATCH_BYTES) await this.#flush();
    return id;
  }

  /** Copies `plain`; its id. */
  async add(type: 1 | 2, plain: Uint8Array): Promise<Uint8Array> {
    this.#buffer.set(plain, this.#used);
    return this.addReserved(type, plain.length);
  }

  /** Sealed values still to be handed over, lent, or undefined where there are none. Ends the use of this object. */
  async finish(): Promise<Uint8Array | undefined> {
    await this.#flush();
    spare.push(this.#buffer);
    return this.#sealed;
  }

  async #flush(): Promise<void> {
    const pieces = this.#pieces;
    if (pieces.length === 0) return;
    const ids = new Uint8Array(pieces.length * 32);
    for (let at = 0; at < pieces.length; at++) ids.set((pieces[at] as Piece).id, at * 32);
    const sealed = this.#sealed;
    this.#sealed = undefined;
    const question: OutgoingQuestion = { ids, sealed };
    const wanted = (await this.#context.ask(question)) as OutgoingAnswer;
    const asked = pieces.filter((_, index) => wanted[index] === want.bring);
    if (asked.length > 0) this.#sealed = this.#seal(asked);
    this.#pieces = [];
    this.#used = 0;
  }

  #seal(pieces: readonly Piece[]): Uint8Array {
    let bound = 0;
    for (const { length } of pieces) bound += sealedBound(length);
    const room = lender.room(bound);
    let at = 0;
    for (const { type, id, start, length } of pieces) {
      const plain = this.#buffer.subarray(start, start + length);
      at += this.#codec.seal(type, id, plain, this.#context.random, room, at);
    }
    return lender.lend(at);
  }
}
