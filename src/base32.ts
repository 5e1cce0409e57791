/** Crockford's base 32: letters and digits that people can read out, type, and mistake for each other unharmed. */

import type { Bytes } from './bytes.ts';

/** The digits by their value. */
export const BASE32_DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** What a person typed, as digits: case, spaces and dashes do not matter, O is 0, I and L are 1. */
export function plainDigits(text: string): string {
  return text
    .toUpperCase()
    .replace(/[\s\-‐-―−]/g, '')
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1');
}

/** The digits of `bytes`, most significant first; the last one is filled up with zero bits. */
export function encodeBase32(bytes: Bytes): string {
  let digits = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) digits += BASE32_DIGITS[(held >>> (bits - 5)) & 31] ?? '';
  }
  return bits === 0 ? digits : digits + (BASE32_DIGITS[(held << (5 - bits)) & 31] ?? '');
}

/** What {@link encodeBase32} was given, from its digits; undefined where no bytes have them. */
export function decodeBase32(digits: string): Uint8Array | undefined {
  const out = new Uint8Array(Math.floor((digits.length * 5) / 8));
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const digit of digits) {
    const value = BASE32_DIGITS.indexOf(digit);
    if (value < 0) return undefined;
    held = ((held << 5) | value) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out[at++] = (held >>> bits) & 0xff;
  }
  // One text for the same bytes: no digit too many, and nothing in the bits that fill up the last.
  return bits < 5 && (held & ((1 << bits) - 1)) === 0 ? out : undefined;
}
