/** A content of any size, pulled through one window, into chunks whose cuts depend on its bytes only. */

import { asBuffer } from '../bytes.ts';
import { FastCdc } from './fastcdc.ts';
import type { ChunkerParams } from './params.ts';

/** Fills `into` from its start with the next bytes; returns how many, 0 only at the content's end. */
export type ReadInto = (into: Uint8Array) => number;

export interface ChunkerOptions {
  /** Bytes held at a time: at least twice the longest chunk, at most 64 MiB. Default 1 MiB. */
  readonly windowBytes?: number;
}

const MAX_WINDOW_BYTES = 64 * 1024 * 1024;

/**
 * Cuts contents, one after the other, in constant memory: the window and one longest chunk of zeros.
 * Where the cuts fall depends on the parameters, the table and the bytes; never on the window's size
 * or on how the reads were split.
 */
export class Chunker {
  /**
   * The chunk that zeros are cut into while at least a longest chunk of them is to come. Every such
   * chunk is yielded as this very object, so that a caller can recognize it and hash it once.
   */
  readonly zeroChunk: Uint8Array;
  readonly #engine: FastCdc;
  readonly #zeros: Buffer;
  /** Counts calls of {@link chunks}: the window belongs to the newest. */
  #turn = 0;

  /** `gearTable`: see {@link FastCdc}. Throws what that throws, and `RangeError` for the window. */
  constructor(params: ChunkerParams, gearTable: Uint8Array, options: ChunkerOptions = {}) {
    const windowBytes = options.windowBytes ?? Math.max(1024 * 1024, 2 * params.max);
    if (
      !Number.isInteger(windowBytes) ||
      windowBytes < 2 * params.max ||
      windowBytes > MAX_WINDOW_BYTES
    ) {
      throw new RangeError(
        `expected a window of ${2 * params.max} … ${MAX_WINDOW_BYTES} bytes, got ${windowBytes}`,
      );
    }
    this.#engine = new FastCdc(params, gearTable, windowBytes);
    this.#zeros = Buffer.alloc(params.max);
    this.#engine.window.fill(0, 0, params.max);
    this.zeroChunk = this.#zeros.subarray(0, this.#engine.cuts(0, params.max)[0]);
  }

  /**
   * The chunks of the content that `read` gives, in order; nothing for an empty one. Each is a view
   * that is valid until the next one is asked for. What `read` throws passes through. Starting another
   * content ends this one: continuing it then throws `TypeError`.
   */
  *chunks(read: ReadInto): Generator<Uint8Array, void, undefined> {
    const engine = this.#engine;
    const { min, max } = engine.params;
    const turn = ++this.#turn;
    let end = 0;
    let zeroUntil = 0;
    for (let atEnd = false; !atEnd;) {
      let window = engine.window;
      while (!atEnd && end < window.length) {
        const count = read(end === 0 ? window : window.subarray(end));
        if (!Number.isInteger(count) || count < 0 || count > window.length - end) {
          throw new RangeError(`expected a read of 0 … ${window.length - end} bytes, got ${count}`);
        }
        if (count === 0) atEnd = true;
        end += count;
      }
      let start = 0;
      while (end - start >= max) {
        zeroUntil = this.#zerosFrom(window, start, zeroUntil, max);
        if (zeroUntil < start + max) break;
        yield this.zeroChunk;
        this.#check(turn);
        start += this.zeroChunk.length;
      }
      const rest = end - start;
      if (atEnd ? rest > min : rest >= max) {
        const ends = engine.cuts(start, end);
        window = engine.window;
        // The last cut is where the window ends, unless the content does.
        const final = atEnd ? ends.length : ends.length - 1;
        for (let i = 0; i < final; i++) {
          const cut = ends[i] ?? end;
          yield window.subarray(start, cut);
          this.#check(turn);
          start = cut;
        }
      } else if (atEnd && rest > 0) {
        yield window.subarray(start, end);
        return;
      }
      window.copyWithin(0, start, end);
      end -= start;
      zeroUntil = Math.max(0, zeroUntil - start);
    }
  }

  /** The end of a run of zeros known to cover `start` … `start + max`, else `known`, a shorter one. */
  #zerosFrom(window: Uint8Array, start: number, known: number, max: number): number {
    const from = Math.max(known, start);
    const to = start + max;
    if (from >= to) return known;
    if (window[from] !== 0 || window[to - 1] !== 0) return known;
    const equal = asBuffer(window).compare(this.#zeros, 0, to - from, from, to) === 0;
    return equal ? to : known;
  }

  #check(turn: number): void {
    if (turn !== this.#turn) {
      throw new TypeError('expected one content at a time, got a chunker in use for another');
    }
  }
}
