/**
 * Memory that one thread fills and lends to another, which gives it back: what crosses needs no copy, and
 * neither thread asks the system for memory each time. V8 counts every such piece as garbage to come, and
 * collects its whole heap for each 32 MB of it.
 */

/** The number of loans of a buffer stands before its bytes. */
const HEAD_BYTES = 8;
const BUFFER_BYTES = 2 * 1024 * 1024;
/** Buffers kept in mind: what a borrower that died had is forgotten. */
const MOST_BUFFERS = 32;

/** Belongs to one thread. */
export class Lender {
  readonly #buffers: SharedArrayBuffer[] = [];
  #used = 0;

  /** At least `bytes` bytes to write to, until the next {@link lend}. */
  room(bytes: number): Uint8Array {
    let buffer = this.#buffers.at(-1);
    if (buffer !== undefined && Atomics.load(loansOf(buffer), 0) === 0) this.#used = 0;
    if (buffer === undefined || buffer.byteLength - HEAD_BYTES - this.#used < bytes) {
      buffer = this.#takeFree(bytes);
      this.#buffers.push(buffer);
      this.#used = 0;
    }
    return new Uint8Array(buffer, HEAD_BYTES + this.#used);
  }

  /** Lends the first `length` bytes of what {@link room} gave: nothing is written there until they are given back. */
  lend(length: number): Uint8Array {
    const buffer = this.#buffers.at(-1);
    if (buffer === undefined) throw new TypeError('expected room to be asked for first');
    const bytes = new Uint8Array(buffer, HEAD_BYTES + this.#used, length);
    Atomics.add(loansOf(buffer), 0, 1);
    this.#used += length;
    return bytes;
  }

  #takeFree(bytes: number): SharedArrayBuffer {
    const length = Math.max(BUFFER_BYTES, HEAD_BYTES + bytes);
    const at = this.#buffers.findIndex(
      (buffer) => buffer.byteLength >= length && Atomics.load(loansOf(buffer), 0) === 0,
    );
    const [free] = at < 0 ? [] : this.#buffers.splice(at, 1);
    if (this.#buffers.length >= MOST_BUFFERS) this.#buffers.shift();
    return free ?? new SharedArrayBuffer(length);
  }
}

/** Ends a loan, in whichever thread; nobody may use these bytes any more. */
export function giveBack(lent: Uint8Array): void {
  Atomics.sub(loansOf(lent.buffer), 0, 1);
}

function loansOf(buffer: ArrayBufferLike): Int32Array {
  if (!(buffer instanceof SharedArrayBuffer)) throw new TypeError('expected bytes that were lent');
  return new Int32Array(buffer, 0, 1);
}
