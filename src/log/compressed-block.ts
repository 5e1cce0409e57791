/** A plain block with its codec before it: what links are sealed as. The compressor is handed in. */

import { concat } from '../bytes.ts';
import type { Zstd } from '../crypto/zstd.ts';
import { isVaultError, VaultError } from '../errors.ts';
import { unsupported } from './feature-flags.ts';

/** One compression method: zstd, codec 1. Encoders may differ between nodes; decoders may not. */
export interface Compressor {
  /** The array need only be good until the next call. */
  compress(bytes: Uint8Array): Uint8Array;
  /**
   * Throws where `bytes` is not a frame of exactly `length` plain bytes, with code `VAULT_FAILED` only
   * where the method itself is broken. Allocates no more than that.
   */
  decompress(bytes: Uint8Array, length: number): Uint8Array;
}

const HEADER_BYTES = 5;
const LOG_LEVEL = 3;

/** How blocks of a log are compressed. */
export function logCompressor(zstd: Zstd): Compressor {
  return {
    compress: (bytes) => zstd.compress(bytes, LOG_LEVEL),
    decompress: (bytes, length) => zstd.decompress(bytes, length),
  };
}

/** Codec byte (0 none, 1 zstd), plain length (4, big-endian), data. What does not shrink is not compressed. */
export function packBlock(plain: Uint8Array, compressor: Compressor | undefined): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  new DataView(header.buffer).setUint32(1, plain.length);
  const packed = compressor?.compress(plain);
  if (packed === undefined || packed.length >= plain.length) return concat(header, plain);
  header[0] = 1;
  return concat(header, packed);
}

/**
 * The plain block, at most `maxLength` bytes. Throws `VAULT_ENTRY_INVALID` where it is malformed,
 * `VAULT_LIMIT_EXCEEDED` where it says it is longer, `VAULT_FORMAT_UNSUPPORTED` for an unknown codec.
 */
export function unpackBlock(
  block: Uint8Array,
  maxLength: number,
  compressor: Compressor | undefined,
): Uint8Array {
  if (block.length < HEADER_BYTES) throw malformed();
  const length = new DataView(block.buffer, block.byteOffset).getUint32(1);
  if (length > maxLength) {
    throw new VaultError('VAULT_LIMIT_EXCEEDED', `block of ${length} bytes, above ${maxLength}`);
  }
  const data = block.subarray(HEADER_BYTES);
  if (block[0] === 0) {
    if (data.length !== length) throw malformed();
    return data;
  }
  if (block[0] !== 1) throw unsupported(`codec ${block[0]}`, { codec: block[0] });
  if (compressor === undefined) throw new TypeError('expected a compressor, got none');
  let plain: Uint8Array;
  try {
    plain = compressor.decompress(data, length);
  } catch (cause) {
    if (isVaultError(cause, 'VAULT_FAILED')) throw cause;
    throw malformed(cause);
  }
  if (plain.length !== length) throw malformed();
  return plain;
}

function malformed(cause?: unknown): VaultError {
  return new VaultError('VAULT_ENTRY_INVALID', 'malformed block', { cause });
}
