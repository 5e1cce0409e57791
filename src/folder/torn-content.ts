/** What a power cut makes of a content that was never synced: its beginning, or zeros in places of it. */

import type { OpenFile } from '../system/file-system.ts';

/**
 * Whether a file holds nothing but what a content has at the same place, and zeros, and no more of it:
 * then no byte in it is anybody's edit. True also where it is whole.
 */
export async function isTorn(
  file: Pick<OpenFile, 'read' | 'stat'>,
  whole: AsyncIterable<{ readonly offset: number; readonly plain: Uint8Array }>,
): Promise<boolean> {
  const { size } = file.stat();
  let end = 0;
  for await (const { offset, plain } of whole) {
    end = offset + plain.length;
    const found = new Uint8Array(plain.length);
    const length = readFrom(file, found, offset);
    for (let at = 0; at < length; at++) {
      if (found[at] !== 0 && found[at] !== plain[at]) return false;
    }
  }
  return size <= end;
}

function readFrom(file: Pick<OpenFile, 'read'>, into: Uint8Array, at: number): number {
  let length = 0;
  while (length < into.length) {
    const read = file.read(into.subarray(length), at + length);
    if (read === 0) break;
    length += read;
  }
  return length;
}
