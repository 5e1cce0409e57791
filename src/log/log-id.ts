/**
 * Ids that commit to keys: the folder id to its creator's, a log id to its node's. Each is a SHA-256
 * over a label and parts of fixed length, so no two kinds of id can be made from the same bytes.
 */

import { fromHex, toHex, utf8, type Bytes } from '../bytes.ts';
import { sha256 } from '../crypto/hash.ts';
import type { LogId, NodeId } from './types.ts';

const folderLabel = utf8('vault folder v1');
const logLabel = utf8('vault log v1');
const branchLabel = utf8('vault log branch v1');

/** Bytes of a folder id, of its salt, of a log id and of a hash. */
export const ID_BYTES = 32;
/** Random bytes that tell the logs of one node in one folder apart. */
export const INCARNATION_BYTES = 16;
/** Bytes of an entry's hash that a parent carries. */
export const HASH8_BYTES = 8;

function exactly(bytes: Uint8Array, length: number, what: string): Uint8Array {
  if (bytes.length !== length) {
    throw new RangeError(`expected ${what} of ${length} bytes, got ${bytes.length}`);
  }
  return bytes;
}

/** The 32-byte folder id of `creator` (Ed25519 public key) and 32 random bytes. */
export function folderId(creator: NodeId, salt: Uint8Array): Uint8Array {
  return sha256(
    folderLabel,
    exactly(fromHex(creator), ID_BYTES, 'a node id'),
    exactly(salt, ID_BYTES, 'a salt'),
  );
}

/** The id of the log that `node` writes in `folder` under `incarnation` (16 random bytes). */
export function logId(node: NodeId, folder: Uint8Array, incarnation: Uint8Array): LogId {
  return toHex(
    sha256(
      logLabel,
      exactly(fromHex(node), ID_BYTES, 'a node id'),
      exactly(folder, ID_BYTES, 'a folder id'),
      exactly(incarnation, INCARNATION_BYTES, 'an incarnation'),
    ),
  );
}

/** The id under which a branch of a forked log goes on, from the hash of its first diverging entry. */
export function branchLogId(log: LogId, firstDiverging: Uint8Array): LogId {
  return toHex(
    sha256(
      branchLabel,
      exactly(fromHex(log), ID_BYTES, 'a log id'),
      exactly(firstDiverging, ID_BYTES, 'an entry hash'),
    ),
  );
}

/** The first 8 bytes of an entry's hash, as parents carry them. */
export function shortHash(hash: Bytes): Uint8Array {
  return hash.slice(0, HASH8_BYTES);
}
