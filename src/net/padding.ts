/**
 * What is sealed: a frame, what kind it is, and zeros, so that lengths on the wire say little.
 *
 *   frame | kind u8 (1 frame, 2 confirmation, 3 alive, 4 end) | zeros
 *
 * The length is that of Padmé (Nikitin et al., "Reducing metadata leakage from encrypted files and
 * communication with PURBs", 2019, §3.2): at most 12 % more, from 128 bytes on.
 */

import type { Bytes } from '../bytes.ts';
import { MAX_NOISE_PLAIN_BYTES } from '../crypto/noise-cipher.ts';

export const paddedKinds = ['frame', 'confirmation', 'alive', 'end'] as const;
export type PaddedKind = (typeof paddedKinds)[number];

const LEAST_BYTES = 128;
const NOTHING = new Uint8Array(0);

/** The length that `length` bytes are padded to: 128 at least, {@link MAX_NOISE_PLAIN_BYTES} at most. */
export function paddedLength(length: number): number {
  if (length <= LEAST_BYTES) return LEAST_BYTES;
  const exponent = Math.floor(Math.log2(length));
  const kept = Math.floor(Math.log2(exponent)) + 1;
  const step = 2 ** (exponent - kept);
  return Math.min(Math.ceil(length / step) * step, MAX_NOISE_PLAIN_BYTES);
}

/** Only frames have bytes. Throws `RangeError` where they are too many. */
export function pad(kind: PaddedKind, frame: Bytes = NOTHING): Uint8Array {
  if (frame.length >= MAX_NOISE_PLAIN_BYTES) {
    throw new RangeError(`expected less than ${MAX_NOISE_PLAIN_BYTES} bytes, got ${frame.length}`);
  }
  const out = new Uint8Array(paddedLength(frame.length + 1));
  out.set(frame);
  out[frame.length] = paddedKinds.indexOf(kind) + 1;
  return out;
}

export interface Unpadded {
  readonly kind: PaddedKind;
  readonly frame: Uint8Array;
}

/** Undefined where `bytes` are not exactly what {@link pad} makes of something. */
export function unpad(bytes: Bytes): Unpadded | undefined {
  let end = bytes.length - 1;
  while (end > 0 && bytes[end] === 0) end--;
  const kind = paddedKinds[(bytes[end] ?? 0) - 1];
  if (kind === undefined || bytes.length !== paddedLength(end + 1)) return undefined;
  if ((kind === 'frame') !== end > 0) return undefined;
  return { kind, frame: bytes.subarray(0, end) };
}
