/** Stateless helpers for byte strings. */

export type Bytes = Uint8Array;

/** Lower-case hex of `bytes`. */
export function toHex(bytes: Bytes): string {
  return asBuffer(bytes).toString('hex');
}

/** Bytes of a hex string of even length in either case. Throws `RangeError` for anything else. */
export function fromHex(hex: string): Uint8Array {
  if (hex.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(hex)) {
    throw new RangeError(`expected hex of even length, got ${JSON.stringify(hex.slice(0, 80))}`);
  }
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

/** Bytes of a text in UTF-8. */
export function utf8(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'utf8'));
}

/** All parts in order, in one new array. */
export function concat(...parts: readonly Bytes[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Whether the two hold the same bytes. Not constant time: not for secrets. */
export function equalBytes(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && asBuffer(a).equals(b);
}

/** Lexicographic order: negative, zero or positive. */
export function compareBytes(a: Bytes, b: Bytes): number {
  return Buffer.compare(a, b);
}

/** Eight bytes, big-endian, so that byte order is numeric order. `value` in 0 … 2^53 − 1. */
export function u64be(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`expected a safe non-negative integer, got ${value}`);
  }
  const out = new Uint8Array(8);
  const view = new DataView(out.buffer);
  view.setUint32(0, Math.floor(value / 0x1_0000_0000));
  view.setUint32(4, value % 0x1_0000_0000);
  return out;
}

/** The number at `offset` written by {@link u64be}. Throws `RangeError` above 2^53 − 1. */
export function readU64be(bytes: Bytes, offset = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const value = view.getUint32(offset) * 0x1_0000_0000 + view.getUint32(offset + 4);
  if (!Number.isSafeInteger(value)) throw new RangeError('number above 2^53 - 1');
  return value;
}

/** A byte string as a text of equal length, one character a byte: for keys of a Map or Set. */
export function mapKey(bytes: Bytes): string {
  return asBuffer(bytes).toString('latin1');
}

/** A Buffer over the same memory: nothing is copied. */
export function asBuffer(bytes: Bytes): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
