/** Every record that is not a version: from its shape to canonical bytes and back, by its type byte. */

import { decode, encode, type CborValue } from '../codec.ts';
import { VaultError } from '../errors.ts';
import { MAX_RECORD_BYTES } from '../limits.ts';
import {
  asCheckpointPart,
  checkpointPartToValue,
  type CheckpointPart,
} from './checkpoint-record.ts';
import type { Compressor } from './compressed-block.ts';
import { asDropSet, dropSetToValue } from './drop-set-record.ts';
import { asLogStart, logStartToValue } from './log-start-record.ts';
import { asMember, memberToValue } from './member-record.ts';
import { recordType } from './record-types.ts';
import { asRotation, rotationToValue } from './rotation-record.ts';
import { asSnapshot, snapshotToValue } from './snapshot-record.ts';
import type { CheckpointRecord, OtherRecord } from './types.ts';

/** A record as an entry holds it: a checkpoint is several. */
export type StoredRecord = Exclude<OtherRecord, CheckpointRecord> | CheckpointPart;

/** A record of a type that this program does not know: kept, and otherwise passed over. */
export interface UnknownRecord {
  readonly type: 'unknown';
  readonly number: number;
}

const numbers: Readonly<Record<StoredRecord['type'], number>> = {
  snapshot: recordType.snapshot,
  'log-start': recordType.logStart,
  member: recordType.member,
  rotation: recordType.rotation,
  'checkpoint-part': recordType.checkpoint,
  'drop-set': recordType.dropSet,
};

/** The type byte of `record`. */
export function recordNumber(record: StoredRecord): number {
  return numbers[record.type];
}

/**
 * The canonical bytes of `record`. Throws `VAULT_ENTRY_INVALID` or `VAULT_LIMIT_EXCEEDED` for
 * anything that {@link decodeOtherRecord} would refuse: what is written can be read.
 */
export function encodeOtherRecord(
  record: StoredRecord,
  compressor: Compressor | undefined,
): Uint8Array {
  const bytes = encode(toValue(record, compressor));
  decodeOtherRecord(recordNumber(record), bytes, compressor);
  return bytes;
}

/**
 * The record of type `number` in `bytes`. Throws `VAULT_ENTRY_INVALID`, `VAULT_LIMIT_EXCEEDED`, or
 * what the links of a checkpoint throw.
 */
export function decodeOtherRecord(
  number: number,
  bytes: Uint8Array,
  compressor: Compressor | undefined,
): StoredRecord | UnknownRecord {
  if (bytes.length > MAX_RECORD_BYTES) {
    throw new VaultError('VAULT_LIMIT_EXCEEDED', `record above ${MAX_RECORD_BYTES} bytes`);
  }
  switch (number) {
    case recordType.snapshot:
      return asSnapshot(decode(bytes));
    case recordType.logStart:
      return asLogStart(decode(bytes));
    case recordType.member:
      return asMember(decode(bytes));
    case recordType.rotation:
      return asRotation(decode(bytes));
    case recordType.checkpoint:
      return asCheckpointPart(decode(bytes), compressor);
    case recordType.dropSet:
      return asDropSet(decode(bytes));
    default:
      return { type: 'unknown', number };
  }
}

function toValue(record: StoredRecord, compressor: Compressor | undefined): CborValue {
  switch (record.type) {
    case 'snapshot':
      return snapshotToValue(record);
    case 'log-start':
      return logStartToValue(record);
    case 'member':
      return memberToValue(record);
    case 'rotation':
      return rotationToValue(record);
    case 'checkpoint-part':
      return checkpointPartToValue(record, compressor);
    case 'drop-set':
      return dropSetToValue(record);
  }
}
