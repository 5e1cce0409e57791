/** Decoding of Snappy, which LevelDB may have used on a block (google/snappy `format_description.txt`). */

/** The plain bytes; undefined where `packed` is malformed or holds more than `limit` bytes. */
export function unsnap(packed: Uint8Array, limit: number): Uint8Array | undefined {
  let at = 0;
  const next = (): number => packed[at++] ?? Number.NaN;
  const little = (bytes: number): number => {
    let value = 0;
    for (let byte = 0, scale = 1; byte < bytes; byte++, scale *= 256) value += next() * scale;
    return value;
  };
  let size = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = next();
    if (!(byte >= 0) || scale > 2 ** 28) return undefined;
    size += (byte & 127) * scale;
    if (byte < 128) break;
  }
  if (size > limit) return undefined;
  const out = new Uint8Array(size);
  let written = 0;
  while (at < packed.length) {
    const tag = next();
    let length = (tag >> 2) + 1;
    if ((tag & 3) === 0) {
      if (length > 60) length = little(length - 60) + 1;
      if (!(at + length <= packed.length && written + length <= size)) return undefined;
      out.set(packed.subarray(at, at + length), written);
      at += length;
      written += length;
      continue;
    }
    let offset: number;
    if ((tag & 3) === 1) {
      length = ((tag >> 2) & 7) + 4;
      offset = (tag >> 5) * 256 + next();
    } else offset = little((tag & 3) === 2 ? 2 : 4);
    if (!(offset >= 1 && offset <= written && written + length <= size)) return undefined;
    for (const end = written + length; written < end; written++) {
      out[written] = out[written - offset] as number;
    }
  }
  return written === size ? out : undefined;
}
