/**
 * Options, events and results as CBOR: what JSON has, and beside it bytes, integers of 64 bits, fractions,
 * and texts that are not well-formed Unicode, as names of files may be (`path-bytes.ts`).
 *
 * The records of disk and wire have no maps: here a list that begins with a number says what follows.
 */

import { asArray, asBigInt, asBytes, asInteger, type CborValue } from '../codec.ts';
import { VaultError } from '../errors.ts';

const LIST = 0;
const RECORD = 1;
const FRACTION = 2;
const ILL_FORMED = 3;
const LARGE = 4;

/**
 * `value` ready to be encoded. A field that is undefined is left out, an element that is undefined is null.
 * Throws `TypeError` for what is no plain data.
 */
export function toCbor(value: unknown): CborValue {
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'undefined':
      return null;
    case 'string':
      return value.isWellFormed() ? value : [ILL_FORMED, unitsOf(value)];
    case 'bigint':
      return [LARGE, value];
    case 'number':
      return Number.isSafeInteger(value) ? value + 0 : [FRACTION, bytesOfFraction(value)];
    case 'object':
      return objectToCbor(value);
    default:
      throw new TypeError(`expected plain data, got a ${typeof value}`);
  }
}

function objectToCbor(value: object | null): CborValue {
  if (value === null) return null;
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return [LIST, ...value.map(toCbor)];
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`expected plain data, got a ${value.constructor.name}`);
  }
  const fields: CborValue[] = [RECORD];
  for (const [key, field] of Object.entries(value)) {
    if (field !== undefined) fields.push(key, toCbor(field));
  }
  return fields;
}

/** What {@link toCbor} made `value` of. Throws `VAULT_ENTRY_INVALID` where it made none such. */
export function fromCbor(value: CborValue): unknown {
  if (!Array.isArray(value)) return value;
  const [kind, ...rest] = asArray(value);
  switch (kind) {
    case LIST:
      return rest.map(fromCbor);
    case RECORD:
      return recordOf(rest);
    case FRACTION:
      return fractionOf(asBytes(rest[0], 8));
    case ILL_FORMED:
      return textOf(asBytes(rest[0]));
    case LARGE:
      return asBigInt(rest[0]);
    default:
      throw malformed();
  }
}

function recordOf(fields: readonly CborValue[]): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (let at = 0; at < fields.length; at += 2) {
    const [key, field] = [fields[at], fields[at + 1]];
    if (typeof key !== 'string' || field === undefined) throw malformed();
    // `__proto__` as a name must stay a field.
    Object.defineProperty(record, key, {
      value: fromCbor(field),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return record;
}

/** IEEE 754 binary64, big-endian. */
function bytesOfFraction(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
}

function fractionOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0);
}

/** UTF-16 units, big-endian. */
function unitsOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < text.length; at++) view.setUint16(at * 2, text.charCodeAt(at));
  return bytes;
}

function textOf(bytes: Uint8Array): string {
  asInteger(bytes.length % 2, 0, 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let text = '';
  for (let at = 0; at < bytes.length; at += 2) text += String.fromCharCode(view.getUint16(at));
  return text;
}

function malformed(): VaultError {
  return new VaultError('VAULT_ENTRY_INVALID', 'malformed plain data');
}
