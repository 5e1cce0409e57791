/**
 * How many rows of one kind there should be and the sum of their keys, sealed: tells a row that was
 * lost or changed from one that never was. Rows that only have keys carry no other proof.
 */

import { crc32 } from 'node:zlib';
import type { SecretKey } from '../crypto/hash.ts';
import { openRow, sealRow } from '../crypto/row-seal.ts';
import { VaultError } from '../errors.ts';
import type { RandomSource } from '../random.ts';
import type { MetaOperation } from '../store/meta-store.ts';

export class RowSum {
  #count = 0;
  #sum = 0;

  add(key: Uint8Array): void {
    this.#count++;
    this.#sum = (this.#sum + crc32(key)) >>> 0;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  equals(other: RowSum): boolean {
    return this.#count === other.#count && this.#sum === other.#sum;
  }

  /** The row that keeps it under `key`. */
  seal(secret: SecretKey, key: Uint8Array, random: RandomSource): MetaOperation {
    const plain = new Uint8Array(8);
    const view = new DataView(plain.buffer);
    view.setUint32(0, this.#count);
    view.setUint32(4, this.#sum);
    return { type: 'put', key, value: sealRow(secret, key, plain, random) };
  }

  /** What {@link seal} kept; zero where there is no row. Throws `VAULT_DAMAGED` for any other bytes. */
  static open(secret: SecretKey, key: Uint8Array, sealed: Uint8Array | undefined): RowSum {
    const sum = new RowSum();
    if (sealed === undefined) return sum;
    const plain = openRow(secret, key, sealed);
    if (plain.length !== 8) throw new VaultError('VAULT_DAMAGED', 'malformed sum of rows');
    const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
    sum.#count = view.getUint32(0);
    sum.#sum = view.getUint32(4);
    return sum;
  }
}
