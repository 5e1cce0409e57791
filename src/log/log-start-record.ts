/** Log-start record: `[node, name, incarnation, folder salt, previous]`, the first of every log. */

import { asArray, asBytes, asInteger, asText, type CborValue } from '../codec.ts';
import { MAX_LABEL } from '../limits.ts';
import { asId, idToBytes } from './clock-codec.ts';
import { ID_BYTES, INCARNATION_BYTES } from './log-id.ts';
import { wellFormed } from './record-text.ts';
import type { LogStartRecord } from './types.ts';

export function logStartToValue(record: LogStartRecord): CborValue {
  const { previous } = record;
  return [
    idToBytes(record.node),
    wellFormed(record.nodeName),
    record.incarnation,
    record.folderSalt ?? null,
    previous === undefined ? null : [idToBytes(previous.log), previous.seq, previous.hash],
  ];
}

/** Throws `VAULT_ENTRY_INVALID`. */
export function asLogStart(value: CborValue): LogStartRecord {
  const parts = asArray(value, 5, 5);
  const salt = parts[3];
  return {
    type: 'log-start',
    node: asId(parts[0]),
    nodeName: asText(parts[1], MAX_LABEL),
    incarnation: asBytes(parts[2], INCARNATION_BYTES),
    folderSalt: salt === null ? undefined : asBytes(salt, ID_BYTES),
    previous: parts[4] === null ? undefined : asPosition(parts[4]),
  };
}

/** `[log, seq, hash]`: one entry of one log. */
export function asPosition(value: CborValue | undefined): {
  log: string;
  seq: number;
  hash: Uint8Array;
} {
  const parts = asArray(value, 3, 3);
  return { log: asId(parts[0]), seq: asInteger(parts[1]), hash: asBytes(parts[2], ID_BYTES) };
}
