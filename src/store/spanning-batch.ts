/** A batch for several databases as one row: how it is written down until all have it. */

import { asArray, asBytes, asInteger, decode, encode, type CborValue } from '../codec.ts';
import { readU64be } from '../bytes.ts';
import type { ChunkWrite } from './chunk-store.ts';
import type { LevelOperation } from './level-handle.ts';

/** Sorts behind every sequence number. */
export const SPANNING_KEY = new Uint8Array([0xff]);

/** Canonical CBOR: an array of `[seq, value]` for puts and `[seq]` for deletions. */
export function encodeSpanning(operations: readonly LevelOperation[]): Uint8Array {
  return encode(
    operations.map((operation): CborValue => {
      const seq = readU64be(operation.key);
      return operation.type === 'put' ? [seq, operation.value] : [seq];
    }),
  );
}

/** The batch of {@link encodeSpanning}. Throws `VAULT_ENTRY_INVALID` if the row is damaged. */
export function decodeSpanning(row: Uint8Array): ChunkWrite {
  const puts: { seq: number; value: Uint8Array }[] = [];
  const deletes: number[] = [];
  for (const item of asArray(decode(row))) {
    const [seq, value] = asArray(item, 1, 2);
    if (value === undefined) deletes.push(asInteger(seq));
    else puts.push({ seq: asInteger(seq), value: asBytes(value) });
  }
  return { puts, deletes };
}
