/**
 * The key schedule: from one secret, a key for each use, by HKDF-SHA256 with a distinct info string.
 * Learning one derived key tells nothing of its secret or of the others.
 */

import { createCipheriv } from 'node:crypto';
import type { Bytes } from '../bytes.ts';
import { hkdf, KEY_BYTES, plainArray, secretKey, type SecretKey } from './hash.ts';

/** Keys that stay the same for a folder's whole life. */
export interface FolderKeys {
  /** Makes chunk ids. */
  readonly idKey: SecretKey;
  /** Makes the Gear table of the chunker: see {@link expandGearTable}. */
  readonly chunkerKey: Uint8Array;
  /** Hides names: keys of directory rows and paths. */
  readonly nameKey: SecretKey;
  /** Seals rows of the folder's metadata. */
  readonly metaKey: SecretKey;
  /** Makes digests of contents, by which versions are compared. */
  readonly digestKey: SecretKey;
}

/** Keys of one epoch. */
export interface EpochKeys {
  /** Makes the key of every sealed value. */
  readonly chunkKey: SecretKey;
  /** Seals records of the log. */
  readonly recordKey: SecretKey;
}

/** Keys that never leave the home. */
export interface RootKeys {
  /** Seals the node's identity. */
  readonly identityKey: SecretKey;
  /** Seals the secrets and settings of each folder. */
  readonly folderKey: SecretKey;
  /** Authenticates the key slots. */
  readonly slotsKey: SecretKey;
  /** Seals rows of the home's own database. */
  readonly homeKey: SecretKey;
}

/** Keys of a 32-byte folder secret. */
export function deriveFolderKeys(folderSecret: Bytes): FolderKeys {
  const derive = deriver(folderSecret);
  return {
    idKey: secretKey(derive('vault v1 id key')),
    chunkerKey: derive('vault v1 chunker key'),
    nameKey: secretKey(derive('vault v1 name key')),
    metaKey: secretKey(derive('vault v1 meta key')),
    digestKey: secretKey(derive('vault v1 digest key')),
  };
}

/** Keys of a 32-byte epoch secret. */
export function deriveEpochKeys(epochSecret: Bytes): EpochKeys {
  const derive = deriver(epochSecret);
  return {
    chunkKey: secretKey(derive('vault v1 chunk key')),
    recordKey: secretKey(derive('vault v1 record key')),
  };
}

/** Keys of a 32-byte home root key. */
export function deriveRootKeys(root: Bytes): RootKeys {
  const derive = deriver(root);
  return {
    identityKey: secretKey(derive('vault v1 identity key')),
    folderKey: secretKey(derive('vault v1 folder key')),
    slotsKey: secretKey(derive('vault v1 slots key')),
    homeKey: secretKey(derive('vault v1 home key')),
  };
}

/**
 * `byteLength` pseudo-random bytes for the chunker's table: the ChaCha20 key stream (RFC 8439) of
 * the chunker key with nonce zero and counter zero. A shorter table is a prefix of a longer one.
 */
export function expandGearTable(chunkerKey: Bytes, byteLength: number): Uint8Array {
  if (chunkerKey.length !== KEY_BYTES) {
    throw new RangeError(`expected a key of ${KEY_BYTES} bytes, got ${chunkerKey.length}`);
  }
  const stream = createCipheriv('chacha20', chunkerKey, new Uint8Array(16));
  return plainArray(stream.update(new Uint8Array(byteLength)));
}

function deriver(secret: Bytes): (info: string) => Uint8Array {
  if (secret.length !== KEY_BYTES) {
    throw new RangeError(`expected a secret of ${KEY_BYTES} bytes, got ${secret.length}`);
  }
  return (info) => hkdf(secret, info);
}
