/**
 * Canonical CBOR (RFC 8949 §4.2.1) for every record on disk and on the wire. The only importer of
 * `cborg`.
 *
 * One value has one encoding: shortest integers, definite lengths, no floats, no tags, no undefined.
 * Decoding refuses anything else, so that equal bytes and equal values are the same thing.
 */

import { decode as decodeCbor, encode as encodeCbor, Tokenizer, Type, type Token } from 'cborg';
import { equalBytes, type Bytes } from './bytes.ts';
import { VaultError } from './errors.ts';
import { MAX_RECORD_DEPTH } from './limits.ts';

export type CborValue =
  null | boolean | number | bigint | string | Uint8Array | readonly CborValue[];

/**
 * The canonical bytes of `value`. Numbers are safe integers; records are arrays with fixed positions.
 * Throws `TypeError` for what is no `CborValue` and `RangeError` for a number that is no safe integer,
 * a bigint of more than 64 bits, a text that is not well-formed Unicode, or too deep nesting: each
 * would come back as something else, or not at all.
 */
export function encode(value: CborValue): Uint8Array {
  assertEncodable(value, 0);
  return encodeCbor(value);
}

function assertEncodable(value: unknown, depth: number): void {
  switch (typeof value) {
    case 'boolean':
      return;
    case 'number':
      if (Number.isSafeInteger(value)) return;
      throw new RangeError(`expected a safe integer, got ${value}`);
    case 'bigint':
      if (value >= -TWO_64 && value < TWO_64) return;
      throw new RangeError(`expected an integer of 64 bits and a sign, got ${value}`);
    case 'string':
      if (value.isWellFormed()) return;
      throw new RangeError('expected well-formed Unicode, got an unpaired surrogate');
    default:
  }
  if (value === null || value instanceof Uint8Array) return;
  if (!Array.isArray(value)) throw new TypeError(`expected a CBOR value, got ${typeof value}`);
  if (depth === MAX_RECORD_DEPTH) throw new RangeError('expected a record that is not so deep');
  for (let at = 0; at < value.length; at++) assertEncodable(value[at], depth + 1);
}

const TWO_64 = 2n ** 64n;
const TWO_63 = 2n ** 63n;

/**
 * The value of canonical bytes. Throws `VAULT_ENTRY_INVALID` where the bytes are malformed, not
 * canonical, or hold anything after the value.
 */
export function decode(bytes: Bytes): CborValue {
  try {
    // A plain view: slices of a Buffer would share its memory.
    const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const tokenizer = new ExactTokenizer(view, DECODING);
    const value = decodeCbor(bytes, { ...DECODING, tokenizer }) as CborValue;
    // Encoding refuses floats, maps and deep nesting, and shows whatever else is not canonical.
    if (equalBytes(encode(value), bytes)) return value;
  } catch (cause) {
    throw new VaultError('VAULT_ENTRY_INVALID', 'malformed record', { cause });
  }
  throw new VaultError('VAULT_ENTRY_INVALID', 'record is not in canonical form');
}

const DECODING = {
  strict: true,
  allowBigInt: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  useMaps: true,
  retainStringBytes: true,
};

/** Keeps the byte order mark at the beginning of a text, which cborg's decoder drops. */
class ExactTokenizer extends Tokenizer {
  override next(): Token {
    const token = super.next();
    if (token.type !== Type.string) return token;
    const [a, b, c] = token.byteValue ?? [];
    if (a === 0xef && b === 0xbb && c === 0xbf) token.value = `\ufeff${token.value as string}`;
    return token;
  }
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
  if (typeof value === 'bigint' && value >= -TWO_63 && value < TWO_63) return value;
  throw wrong('an integer of 64 bits');
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
