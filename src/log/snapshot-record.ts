/** Snapshot record: `[id, time, clock, message, tags, pinned]`. */

import { asArray, asBoolean, asBytes, asInteger, asText, type CborValue } from '../codec.ts';
import { MAX_MESSAGE, MAX_TAG_LENGTH, MAX_TAGS } from '../limits.ts';
import { asClock, clockToValue } from './clock-codec.ts';
import { invalid } from './link.ts';
import { wellFormed } from './record-text.ts';
import type { SnapshotRecord } from './types.ts';

export const SNAPSHOT_ID_BYTES = 16;

export function snapshotToValue(record: SnapshotRecord): CborValue {
  return [
    record.id,
    record.time,
    clockToValue(record.clock),
    wellFormed(record.message),
    record.tags.map(wellFormed),
    record.pinned,
  ];
}

/** Throws `VAULT_ENTRY_INVALID`. Tags keep their order; each stands once. */
export function asSnapshot(value: CborValue): SnapshotRecord {
  const parts = asArray(value, 6, 6);
  const tags = asArray(parts[4], 0, MAX_TAGS).map((tag) => asText(tag, MAX_TAG_LENGTH));
  if (new Set(tags).size !== tags.length || tags.includes('')) throw invalid('each tag once');
  return {
    type: 'snapshot',
    id: asBytes(parts[0], SNAPSHOT_ID_BYTES),
    time: asInteger(parts[1]),
    clock: asClock(parts[2]),
    message: asText(parts[3], MAX_MESSAGE),
    tags,
    pinned: asBoolean(parts[5]),
  };
}
