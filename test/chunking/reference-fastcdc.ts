/** FastCDC a second time, in plain TypeScript after the crate `fastcdc` 1.0.5: what cuts are held against. */

import type { ChunkerParams } from '../../src/chunking/params.ts';

/** The ends of the chunks of `content`, ascending; `table` as `GEAR_TABLE_BYTES` bytes. */
export function referenceCuts(
  params: ChunkerParams,
  table: Uint8Array,
  content: Uint8Array,
): number[] {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  const gear = Array.from({ length: 256 }, (_, i) => view.getUint32(4 * i, true) & 0x7fff_ffff);
  const ends: number[] = [];
  for (let start = 0; start < content.length;) {
    start += cutLength(params, gear, content.subarray(start, start + params.max));
    ends.push(start);
  }
  return ends;
}

function cutLength(params: ChunkerParams, gear: readonly number[], bytes: Uint8Array): number {
  const { min, average } = params;
  if (bytes.length <= min) return bytes.length;
  const bits = Math.log2(average);
  const strict = 2 ** (bits + 1) - 1;
  const loose = 2 ** (bits - 1) - 1;
  const centre = average - Math.min(average, min + Math.ceil(min / 2));
  let hash = 0;
  for (let at = min; at < bytes.length; at++) {
    hash = ((hash >>> 1) + (gear[bytes[at] ?? 0] ?? 0)) >>> 0;
    if ((hash & (at < centre ? strict : loose)) === 0) return at + 1;
  }
  return bytes.length;
}
