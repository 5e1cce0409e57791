/** Inputs for decoders: what a hostile peer makes of good bytes. */

/** Small fast random numbers (mulberry32), for inputs by the million. Each below `below`. */
export function quickRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Bytes at the edges of things: of numbers, of CBOR's heads, of text, of lines. */
const EDGES = [0, 1, 9, 10, 13, 31, 32, 0x18, 0x1b, 0x40, 0x5b, 0x5f, 0x7b, 0x7f, 0x80, 0x9b, 0x9f];
EDGES.push(0xbf, 0xc2, 0xf6, 0xf7, 0xfb, 0xfe, 0xff);
/** Heads of CBOR that claim lengths from 2^31 to 2^64, and numbers below zero. */
const HUGE = [0x5b, 0x7b, 0x9b, 0x1b, 0x3b, 0xbb, 0xdb];

/** One of `samples` with one to four things done to it, or bytes of no origin. */
export function mutate(
  samples: readonly Uint8Array[],
  random: (below: number) => number,
): Uint8Array {
  if (random(16) === 0) return Uint8Array.from({ length: random(200) }, () => random(256));
  let bytes: Uint8Array = (samples[random(samples.length)] ?? new Uint8Array(0)).slice();
  for (let left = 1 + random(4); left > 0; left--) bytes = mutateOnce(bytes, samples, random);
  return bytes;
}

function mutateOnce(
  bytes: Uint8Array,
  samples: readonly Uint8Array[],
  random: (below: number) => number,
): Uint8Array {
  const at = random(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + random(random(4) === 0 ? 64 : 4));
  switch (random(8)) {
    case 0:
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = EDGES[random(EDGES.length)] ?? 0;
      return bytes;
    case 2:
      return bytes.subarray(0, at).slice();
    case 3:
      return Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(end));
    case 4:
      return Uint8Array.of(...bytes.subarray(0, end), ...bytes.subarray(at));
    case 5: {
      const some = Array.from({ length: 1 + random(8) }, () => random(256));
      return Uint8Array.of(...bytes.subarray(0, at), ...some, ...bytes.subarray(at));
    }
    case 6: {
      const high = random(2) === 0 ? [0, 0, 0, 0x80] : [0xff, 0xff, 0xff, 0xff];
      const claim = [HUGE[random(HUGE.length)] ?? 0, ...high, 0xff, 0xff, 0xff, 0xff];
      return Uint8Array.of(...bytes.subarray(0, at), ...claim, ...bytes.subarray(end));
    }
    default: {
      const other = samples[random(samples.length)] ?? bytes;
      return Uint8Array.of(...bytes.subarray(0, at), ...other.subarray(random(other.length + 1)));
    }
  }
}
