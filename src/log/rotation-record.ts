/**
 * Rotation record: `[after, recipients, time]`. The epoch it starts is named by the first 16 bytes
 * of the SHA-256 of these canonical bytes; the first epoch of a folder comes after none.
 *
 * recipients: `[[node, sealed], …]` by node; sealed: the epoch secret in a box only that node opens.
 */

import { fromHex, toHex } from '../bytes.ts';
import { asArray, asBytes, asInteger, encode, type CborValue } from '../codec.ts';
import { sha256 } from '../crypto/hash.ts';
import { MAX_MEMBERS, MAX_PREDECESSORS } from '../limits.ts';
import { asByteSet, asId, assertAscending, idToBytes } from './clock-codec.ts';
import { invalid } from './link.ts';
import type { EpochId, RotationRecord } from './types.ts';

export const EPOCH_ID_BYTES = 16;
/** A sealed epoch secret: 32 bytes and what a sealed box adds; more is not read. */
const MIN_SEALED_BYTES = 32;
const MAX_SEALED_BYTES = 256;

/** The id of the epoch that `record` starts. */
export function epochIdOf(record: RotationRecord): EpochId {
  return toHex(sha256(encode(rotationToValue(record))).subarray(0, EPOCH_ID_BYTES));
}

export function rotationToValue(record: RotationRecord): CborValue {
  const recipients = record.recipients.toSorted((a, b) => (a.node < b.node ? -1 : 1));
  return [
    record.after.toSorted().map(epochToBytes),
    recipients.map(({ node, sealed }) => [idToBytes(node), sealed]),
    record.time,
  ];
}

/** Throws `VAULT_ENTRY_INVALID`. */
export function asRotation(value: CborValue): RotationRecord {
  const parts = asArray(value, 3, 3);
  let before = '';
  const recipients = asArray(parts[1], 1, MAX_MEMBERS).map((item) => {
    const pair = asArray(item, 2, 2);
    const node = asId(pair[0]);
    assertAscending(before, node);
    before = node;
    const sealed = asBytes(pair[1]);
    if (sealed.length < MIN_SEALED_BYTES || sealed.length > MAX_SEALED_BYTES) {
      throw invalid('a sealed secret');
    }
    return { node, sealed };
  });
  return {
    type: 'rotation',
    after: asByteSet(parts[0], EPOCH_ID_BYTES, MAX_PREDECESSORS).map(toHex),
    recipients,
    time: asInteger(parts[2]),
  };
}

/** An epoch id as 16 bytes. Throws `VAULT_ENTRY_INVALID` for anything else. */
export function epochToBytes(epoch: EpochId): Uint8Array {
  if (!/^[0-9a-f]{32}$/.test(epoch)) throw invalid('an epoch id of 32 hex digits');
  return fromHex(epoch);
}
