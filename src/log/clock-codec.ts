/** Vector clocks, log ids and lists of them in canonical CBOR. */

import { fromHex, toHex } from '../bytes.ts';
import { asArray, asBytes, asInteger, type CborValue } from '../codec.ts';
import { VaultError } from '../errors.ts';
import { MAX_LOGS } from '../limits.ts';
import { ID_BYTES } from './log-id.ts';
import type { LogId, VectorClock } from './types.ts';

/** A log id or node id as 32 bytes. Throws `VAULT_ENTRY_INVALID` for anything else. */
export function idToBytes(id: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/.test(id)) {
    throw new VaultError(
      'VAULT_ENTRY_INVALID',
      'malformed record: expected an id of 64 hex digits',
    );
  }
  return fromHex(id);
}

/** The 32 bytes of `value` as an id in hex. */
export function asId(value: CborValue | undefined): string {
  return toHex(asBytes(value, ID_BYTES));
}

/** `[log, count, log, count, …]`, logs in ascending order, counts from 1. */
export function clockToValue(clock: VectorClock): CborValue[] {
  const out: CborValue[] = [];
  for (const log of [...clock.keys()].toSorted()) {
    out.push(idToBytes(log), asInteger(clock.get(log), 1));
  }
  return out;
}

/** The inverse of {@link clockToValue}, for at most `maxLogs` logs. */
export function asClock(value: CborValue | undefined, maxLogs = MAX_LOGS): VectorClock {
  const list = asArray(value, 0, maxLogs * 2);
  const clock = new Map<LogId, number>();
  let before = '';
  for (let at = 0; at < list.length; at += 2) {
    const log = asId(list[at]);
    assertAscending(before, log);
    clock.set(log, asInteger(list[at + 1], 1));
    before = log;
  }
  return clock;
}

/** Byte strings of `length` bytes, in strictly ascending order: a set with one encoding. */
export function asByteSet(
  value: CborValue | undefined,
  length: number,
  max: number,
): readonly Uint8Array[] {
  let before = '';
  return asArray(value, 0, max).map((item) => {
    const bytes = asBytes(item, length);
    const key = toHex(bytes);
    assertAscending(before, key);
    before = key;
    return bytes;
  });
}

/** Throws `VAULT_ENTRY_INVALID` unless `key` comes after `before`. */
export function assertAscending(before: string, key: string): void {
  if (key <= before) {
    throw new VaultError('VAULT_ENTRY_INVALID', 'malformed record: a list is not in order');
  }
}
