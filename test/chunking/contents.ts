/** Contents, tables and readers that several chunking tests share. */

import { GEAR_TABLE_BYTES } from '../../src/chunking/gear-table.ts';
import type { Chunker, ReadInto } from '../../src/chunking/chunker.ts';
import { KEYED_FASTCDC, type ChunkerParams } from '../../src/chunking/params.ts';
import { seededRandom } from '../helpers/seeded.ts';

/** Sizes at which a few KiB make many chunks. */
export const smallParams: ChunkerParams = { id: KEYED_FASTCDC, min: 64, average: 256, max: 1024 };

/** The keyed table of a seed. */
export function seededTable(seed: string | number): Uint8Array {
  return seededRandom(`gear ${seed}`).bytes(GEAR_TABLE_BYTES);
}

/** Reads `content` in pieces of `sizes`, one after the other and around again; as asked where none is given. */
export function readerOf(content: Uint8Array, sizes: readonly number[] = []): ReadInto {
  let at = 0;
  let turn = 0;
  return (into) => {
    const size = sizes.length === 0 ? into.length : (sizes[turn++ % sizes.length] ?? into.length);
    const piece = content.subarray(at, at + Math.min(size, into.length));
    into.set(piece);
    at += piece.length;
    return piece.length;
  };
}

/** The ends of the chunks; throws where their bytes are not those of the content. */
export function chunkEnds(
  chunker: Chunker,
  content: Uint8Array,
  sizes?: readonly number[],
): number[] {
  const ends: number[] = [];
  let at = 0;
  for (const chunk of chunker.chunks(readerOf(content, sizes))) {
    if (Buffer.compare(chunk, content.subarray(at, at + chunk.length)) !== 0) {
      throw new Error(`chunk at ${at} does not hold the content's bytes`);
    }
    at += chunk.length;
    ends.push(at);
  }
  if (at !== content.length) throw new Error(`chunks hold ${at} of ${content.length} bytes`);
  return ends;
}
