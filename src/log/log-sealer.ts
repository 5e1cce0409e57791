/** Seals what a log consists of as values of the store, under the epoch for what is new, and signs its heads. */

import { fromHex } from '../bytes.ts';
import type { EpochKeys } from '../crypto/folder-keys.ts';
import { sealedBound, sealValue, valueTypes } from '../crypto/sealed-value.ts';
import type { Zstd } from '../crypto/zstd.ts';
import type { RandomSource } from '../random.ts';
import type { BuiltEntry } from './entry-builder.ts';
import { encodeStoredHead, signHead, type Sign } from './head.ts';
import type { EpochId, Head, HybridTime, LogId } from './types.ts';

export interface LogSealerParts {
  /** 32-byte folder id. */
  readonly folder: Uint8Array;
  readonly epochs: ReadonlyMap<EpochId, EpochKeys>;
  /** What new values are sealed under now. */
  readonly currentEpoch: () => EpochId;
  readonly zstd: Zstd;
  readonly random: RandomSource;
  readonly sign: Sign;
}

export class LogSealer {
  readonly #parts: LogSealerParts;

  constructor(parts: LogSealerParts) {
    this.#parts = parts;
  }

  /** The head of a log after the entry with this number and hash, signed by this node. */
  signed(log: LogId, seq: number, hash: Uint8Array): Head {
    const { sign, folder } = this.#parts;
    return signHead(sign, folder, { log, seq, hash });
  }

  /** The values of an entry: its own and, where it has one, its page's. */
  built({ entry, bytes, page }: BuiltEntry): Uint8Array[] {
    const values = [this.entry(entry.hash, bytes)];
    if (page !== undefined) values.push(this.#seal(valueTypes.page, entry.hash, page));
    return values;
  }

  entry(hash: Uint8Array, bytes: Uint8Array): Uint8Array {
    return this.#seal(valueTypes.entry, hash, bytes);
  }

  head(head: Head, seenAt: HybridTime | undefined): Uint8Array {
    return this.#seal(valueTypes.head, fromHex(head.log), encodeStoredHead({ head, seenAt }));
  }

  #seal(type: 3 | 4 | 5, id: Uint8Array, plain: Uint8Array): Uint8Array {
    const { currentEpoch, epochs, zstd, random } = this.#parts;
    const epoch = currentEpoch();
    const keys = epochs.get(epoch);
    if (keys === undefined) throw new RangeError('expected the keys of the current epoch');
    const out = new Uint8Array(sealedBound(plain.length));
    // Bodies and links are sealed or compressed already: a second pass would find nothing.
    const length = sealValue({
      type,
      id,
      epoch: fromHex(epoch),
      keys,
      plain,
      zstd,
      level: 0,
      random,
      out,
      at: 0,
    });
    return out.subarray(0, length);
  }
}
