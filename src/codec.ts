/**
 * Canonical CBOR (RFC 8949 §4.2.1) for every record on disk and on the wire. The only importer of
 * `cborg`.
 *
 * One value has one encoding: shortest integers, definite lengths, no floats, no tags, no undefined.
 * Decoding refuses anything else, so that equal bytes and equal values are the same thing.
 */

import { decode as decodeCbor, encode as encodeCbor } from 'cborg';
import { equalBytes, type Bytes } from './bytes.ts';
import { VaultError } from './errors.ts';

export type CborValue =
  null | boolean | number | bigint | string | Uint8Array | readonly CborValue[];

/** The canonical bytes of `value`. Numbers are safe integers; records are arrays with fixed positions. */
export function encode(value: CborValue): Uint8Array {
  return encodeCbor(value, { float64: true });
}

/**
 * The value of canonical bytes. Throws `VAULT_ENTRY_INVALID` where the bytes are malformed, not
 * canonical, or hold anything after the value.
 */
export function decode(bytes: Bytes): CborValue {
  let value: CborValue;
  let canonical: boolean;
  try {
    value = decodeCbor(bytes, {
      strict: true,
      allowIndefinite: false,
      allowUndefined: false,
      allowInfinity: false,
      allowNaN: false,
      useMaps: true,
    }) as CborValue;
    // Inside the `try`: deep nesting can be decoded and yet overflow the stack of the encoder.
    canonical = !(value instanceof Map) && equalBytes(encode(value), bytes);
  } catch (cause) {
    throw new VaultError('VAULT_ENTRY_INVALID', 'malformed record', { cause });
  }
  if (!canonical) {
    throw new VaultError('VAULT_ENTRY_INVALID', 'record is not in canonical form');
  }
  return value;
}

function wrong(expected: string): VaultError {
  return new VaultError('VAULT_ENTRY_INVALID', `malformed record: expected ${expected}`);
}

/** `value` as an array of `min` to `max` elements (any number where not given). */
export function asArray(
  value: CborValue | undefined,
  min = 0,
  max = Infinity,
): readonly CborValue[] {
  if (!Array.isArray(value) || value.length < min || value.length > max) {
    throw wrong(`a list of ${min} to ${max}`);
  }
  return value as readonly CborValue[];
}

/** `value` as a byte string, of exactly `length` bytes where given. */
export function asBytes(value: CborValue | undefined, length?: number): Uint8Array {
  if (!(value instanceof Uint8Array) || (length !== undefined && value.length !== length)) {
    throw wrong(length === undefined ? 'bytes' : `${length} bytes`);
  }
  return value;
}

/** `value` as an integer in `min` … `max`. */
export function asInteger(
  value: CborValue | undefined,
  min = 0,
  max = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
    throw wrong(`an integer in ${min} … ${max}`);
  }
  return value;
}

/** `value` as a 64-bit signed integer. */
export function asBigInt(value: CborValue | undefined): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'bigint') return value;
  throw wrong('an integer');
}

/** `value` as a text of at most `maxLength` UTF-16 units. */
export function asText(value: CborValue | undefined, maxLength = 65_536): string {
  if (typeof value !== 'string' || value.length > maxLength) throw wrong('a text');
  return value;
}

/** `value` as a boolean. */
export function asBoolean(value: CborValue | undefined): boolean {
  if (typeof value !== 'boolean') throw wrong('true or false');
  return value;
}
