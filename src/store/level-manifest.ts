/**
 * Looks at a closed LevelDB for damage that LevelDB 1.20 answers by deleting what is left: opened
 * without its CURRENT, or with a manifest that lost its end, it takes the tables it no longer knows
 * for leftovers and removes them.
 *
 * Formats: LevelDB's `doc/log_format.md`, and `db/version_edit.cc` for the records.
 */

import type { FileSystem } from '../system/file-system.ts';

const BLOCK = 32 * 1024;
const HEADER = 7;
const MAX_MANIFEST = 256 * 1024 * 1024;

/**
 * Why the database in the directory `path` must not be opened as it is; undefined where LevelDB may
 * try. An absent or empty directory is fine.
 */
export function levelDamage(fs: FileSystem, path: string): string | undefined {
  if (fs.statIfPresent(path) === undefined) return undefined;
  const names = new Set(fs.list(path).map((entry) => entry.name));
  if (!names.has('CURRENT')) {
    return [...names].some((name) => holdsRows(fs, path, name)) ? 'CURRENT is missing' : undefined;
  }
  const current = Buffer.from(fs.readFile(`${path}/CURRENT`, 4096)).toString('latin1');
  const manifest = /^(MANIFEST-\d+)\n$/.exec(current)?.[1];
  if (manifest === undefined) return 'CURRENT names no manifest';
  if (!names.has(manifest)) return `${manifest} is missing`;
  const log = logNumber(fs.readFile(`${path}/${manifest}`, MAX_MANIFEST));
  if (log === undefined) return `${manifest} is cut`;
  // LevelDB removes a log only after a manifest record that names a later one is durable.
  if (log > 0 && !names.has(`${String(log).padStart(6, '0')}.log`)) {
    return `${manifest} names a log that is missing`;
  }
  return undefined;
}

/** Whether the closed database in the directory `path` may hold any row, in whatever state it is. */
export function mayHoldRows(fs: FileSystem, path: string): boolean {
  return fs.list(path).some(({ name, kind }) => kind === 'directory' || holdsRows(fs, path, name));
}

function holdsRows(fs: FileSystem, path: string, name: string): boolean {
  if (/^\d+\.(ldb|sst)$/.test(name)) return true;
  return /^\d+\.log$/.test(name) && fs.stat(`${path}/${name}`).size > 0;
}

/** The log number of the last whole record that carries one. */
function logNumber(manifest: Uint8Array): number | undefined {
  let found: number | undefined;
  for (const record of records(manifest)) found = logNumberOf(record) ?? found;
  return found;
}

/** Whole records of LevelDB's log format, up to the first that is cut. Checksums are left to LevelDB. */
function* records(bytes: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let parts: Uint8Array[] = [];
  for (let at = 0; at + HEADER <= bytes.length;) {
    const left = BLOCK - (at % BLOCK);
    if (left < HEADER) {
      at += left;
      continue;
    }
    const length = view.getUint16(at + 4, true);
    const type = view.getUint8(at + 6);
    const end = at + HEADER + length;
    if (type < 1 || type > 4 || end > bytes.length || HEADER + length > left) return;
    if (type === 1 || type === 2) parts = [];
    parts.push(bytes.subarray(at + HEADER, end));
    if (type === 1 || type === 4) yield Buffer.concat(parts);
    at = end;
  }
}

/** The log number a version edit sets; undefined where it sets none or cannot be read. */
function logNumberOf(record: Uint8Array): number | undefined {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < record.length; scale *= 128) {
      const byte = record[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return Number.NaN;
  };
  const skipText = (): void => {
    at += varint();
  };
  let log: number | undefined;
  while (at < record.length) {
    switch (varint()) {
      case 1: // comparator
        skipText();
        break;
      case 2: // log number
        log = varint();
        break;
      case 3: // next file number
      case 4: // last sequence number
      case 9: // previous log number
        varint();
        break;
      case 5: // compaction pointer: level, key
        varint();
        skipText();
        break;
      case 6: // deleted file: level, number
        varint();
        varint();
        break;
      case 7: // new file: level, number, size, smallest key, largest key
        varint();
        varint();
        varint();
        skipText();
        skipText();
        break;
      default:
        return log;
    }
    if (Number.isNaN(at)) return log;
  }
  return Number.isSafeInteger(log) ? log : undefined;
}
