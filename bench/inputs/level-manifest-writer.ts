/**
 * Writes a manifest of LevelDB: what a database says its tables are. Format: LevelDB's
 * `db/version_edit.cc` inside `doc/log_format.md`.
 */

import { concat } from '../../src/bytes.ts';
import { crc32c, maskedCrc } from '../../src/store/crc32c.ts';

/** A table with a single row. */
export interface OneRowTable {
  readonly number: number;
  readonly bytes: number;
  readonly key: Uint8Array;
}

export interface ManifestFacts {
  /** Number of the log in use; it must exist, and may be empty. */
  readonly log: number;
  /** Greater than the number of every file. */
  readonly nextFile: number;
  /** The level all tables are on: 0 to 6. */
  readonly level: number;
  /** In order of their keys, which differ. */
  readonly tables: readonly OneRowTable[];
}

const BLOCK_BYTES = 32 * 1024;
const HEADER_BYTES = 7;
/** Kinds of records: whole, and the first, middle and last piece of one. */
const FULL = 1;
const FIRST = 2;
const MIDDLE = 3;
const LAST = 4;
/** Of every row, in LevelDB's own count of writes, and that it is no deletion. */
const ROW_SEQUENCE = 1;
const IS_VALUE = 1;

/** The bytes of a whole manifest. */
export function manifestOf({ log, nextFile, level, tables }: ManifestFacts): Uint8Array {
  const comparator = Buffer.from('leveldb.BytewiseComparator');
  const edit = [
    varint(1),
    sized(comparator),
    ...[2, log, 9, 0, 3, nextFile, 4, ROW_SEQUENCE].map(varint),
  ];
  for (const { number, bytes, key } of tables) {
    const row = sized(internalKey(key));
    edit.push(...[7, level, number, bytes].map(varint), row, row);
  }
  return asLog(concat(...edit));
}

function internalKey(key: Uint8Array): Uint8Array {
  const tag = Buffer.alloc(8);
  tag.writeBigUInt64LE((BigInt(ROW_SEQUENCE) << 8n) | BigInt(IS_VALUE));
  return concat(key, tag);
}

/** One record, cut where a block ends. */
function asLog(record: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0, piece = 0; at < record.length; piece++) {
    const length = Math.min(record.length - at, BLOCK_BYTES - HEADER_BYTES);
    const isLast = at + length === record.length;
    const kind = piece === 0 ? (isLast ? FULL : FIRST) : isLast ? LAST : MIDDLE;
    const payload = concat(Uint8Array.of(kind), record.subarray(at, at + length));
    const header = Buffer.alloc(HEADER_BYTES - 1);
    header.writeUInt32LE(maskedCrc(crc32c(payload)));
    header.writeUInt16LE(length, 4);
    parts.push(header, payload);
    at += length;
  }
  return concat(...parts);
}

function sized(bytes: Uint8Array): Uint8Array {
  return concat(varint(bytes.length), bytes);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Uint8Array.of(...bytes, rest);
}
