/** Many hashes of 32 bytes in one growing array: a million entries take 32 MB, not 130. */

import { equalBytes } from '../bytes.ts';

const HASH_BYTES = 32;

export class HashList {
  #bytes: Uint8Array;
  #length: number;

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.#bytes = bytes;
    this.#length = bytes.length / HASH_BYTES;
  }

  get length(): number {
    return this.#length;
  }

  /** Throws `RangeError` for anything but 32 bytes. */
  push(hash: Uint8Array): void {
    if (hash.length !== HASH_BYTES) {
      throw new RangeError(`expected a hash of ${HASH_BYTES} bytes, got ${hash.length}`);
    }
    const end = this.#length * HASH_BYTES;
    if (end === this.#bytes.length) {
      const larger = new Uint8Array(Math.max(4 * HASH_BYTES, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(hash, end);
    this.#length++;
  }

  /** The hash at this index, 0 … length − 1. */
  at(index: number): Uint8Array {
    if (!(index >= 0 && index < this.#length)) {
      throw new RangeError(`expected an index below ${this.#length}, got ${index}`);
    }
    return this.#bytes.slice(index * HASH_BYTES, (index + 1) * HASH_BYTES);
  }

  /** Whether the hash at `index` begins with these bytes. False outside the list. */
  startsWith(index: number, bytes: Uint8Array): boolean {
    if (!(index >= 0 && index < this.#length)) return false;
    const from = index * HASH_BYTES;
    return equalBytes(this.#bytes.subarray(from, from + bytes.length), bytes);
  }

  /** Cuts the list at `index` and gives what stood from there on. */
  splitAt(index: number): HashList {
    const tail = this.#bytes.slice(index * HASH_BYTES, this.#length * HASH_BYTES);
    this.#bytes = this.#bytes.slice(0, index * HASH_BYTES);
    this.#length = index;
    return new HashList(tail);
  }
}
