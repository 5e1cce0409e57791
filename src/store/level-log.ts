/**
 * LevelDB's logs and manifests (`doc/log_format.md`): blocks of 32 KiB with pieces of records, each
 * with a checksum. LevelDB passes over damage in a log without a word.
 */

import { crc32c, maskedCrc } from './crc32c.ts';
import { uint32 } from './level-block.ts';

const BLOCK_BYTES = 32 * 1024;
/** Masked CRC-32C of type and content (4), length (2), type (1). */
const HEADER_BYTES = 7;
const FULL = 1;
const FIRST = 2;
const LAST = 4;

interface Piece {
  readonly type: number;
  readonly content: Uint8Array;
}

/** The records of a log up to the first piece that is cut or damaged. */
export function* logRecords(log: Uint8Array): Generator<Uint8Array> {
  let parts: Uint8Array[] = [];
  for (const piece of pieces(log)) {
    if (piece === undefined) return;
    if (piece.type === FULL || piece.type === FIRST) parts = [];
    parts.push(piece.content);
    if (piece.type === FULL || piece.type === LAST) yield Buffer.concat(parts);
  }
}

/**
 * Whether records of a log are lost. A damaged end is what a power cut leaves and does not count,
 * unless the log was `closed` in good order.
 */
export function logIsDamaged(log: Uint8Array, closed: boolean): boolean {
  let broken = false;
  let open = false;
  for (const piece of pieces(log)) {
    if (piece === undefined) {
      broken = true;
      continue;
    }
    if (broken) return true;
    const begins = piece.type === FULL || piece.type === FIRST;
    if (begins === open) return true;
    open = piece.type !== FULL && piece.type !== LAST;
  }
  return closed && (broken || open);
}

/** Pieces in order; undefined for each block whose rest cannot be read. */
function* pieces(log: Uint8Array): Generator<Piece | undefined> {
  for (let at = 0; at < log.length;) {
    const left = BLOCK_BYTES - (at % BLOCK_BYTES);
    if (left < HEADER_BYTES) {
      at += left;
      continue;
    }
    const piece = pieceAt(log, at, Math.min(log.length, at + left));
    yield piece;
    at += piece ? HEADER_BYTES + piece.content.length : left;
  }
}

function pieceAt(log: Uint8Array, at: number, end: number): Piece | undefined {
  const start = at + HEADER_BYTES;
  if (start > end) return undefined;
  const type = log[at + 6] as number;
  const length = (log[at + 4] as number) + 256 * (log[at + 5] as number);
  if (type < FULL || type > LAST || start + length > end) return undefined;
  if (maskedCrc(crc32c(log, at + 6, start + length)) !== uint32(log, at)) return undefined;
  return { type, content: log.subarray(start, start + length) };
}
