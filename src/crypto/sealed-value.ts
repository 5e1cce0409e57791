/**
 * Sealed values: what `chunks/` holds and what travels between nodes. Each describes itself.
 *
 * | offset | bytes | field                                                     |
 * | -----: | ----: | --------------------------------------------------------- |
 * |      0 |     3 | "VLT"                                                     |
 * |      3 |     1 | format: 1                                                 |
 * |      4 |     1 | type: see {@link valueTypes}                              |
 * |      5 |     1 | codec: 0 as it is, 1 one zstd frame                       |
 * |      6 |     2 | zero                                                      |
 * |      8 |     4 | plain length                                              |
 * |     12 |     4 | sealed length: the ciphertext without its tag             |
 * |     16 |    16 | epoch                                                     |
 * |     32 |    32 | id                                                        |
 * |     64 |    12 | nonce                                                     |
 * |     76 |     n | ciphertext                                                |
 * | 76 + n |    16 | tag                                                       |
 *
 * Numbers are big-endian. ChaCha20-Poly1305 (RFC 8439) with the 76 header bytes as associated data
 * and the key HMAC-SHA256(chunk key of the epoch, type byte | id): so nothing opens under another id,
 * type, epoch, folder or header, and random nonces never run short.
 */

import { equalBytes, toHex, type Bytes } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import { MAX_CHUNK_BYTES, MAX_PAGE_BYTES } from '../limits.ts';
import type { RandomSource } from '../random.ts';
import { NONCE_BYTES, openSealed, sealInto, TAG_BYTES } from './aead.ts';
import { chunkId } from './chunk-id.ts';
import type { EpochKeys } from './folder-keys.ts';
import { hmacSha256, type SecretKey } from './hash.ts';
import { looksRandom } from './looks-random.ts';
import type { Zstd } from './zstd.ts';

/** What a value holds. `page`: the bodies and other records of one entry. `head`: a signed head. */
export const valueTypes = { chunk: 1, node: 2, entry: 3, page: 4, head: 5 } as const;
export type ValueType = (typeof valueTypes)[keyof typeof valueTypes];

const VALUE_FORMAT = 1;
export const HEADER_BYTES = 76;
const EPOCH_BYTES = 16;
const ID_BYTES = 32;
const CODEC_NONE = 0;
const CODEC_ZSTD = 1;
/** Below this a zstd frame's own header eats what it saves. */
const MIN_COMPRESSED = 64;

export interface ValueHeader {
  readonly type: ValueType;
  readonly codec: 0 | 1;
  readonly plainLength: number;
  /** Of the ciphertext, without its tag. */
  readonly sealedLength: number;
  /** Of header, ciphertext and tag. */
  readonly totalLength: number;
  /** 16 bytes, a view of the value. */
  readonly epoch: Uint8Array;
  /** 32 bytes, a view of the value. */
  readonly id: Uint8Array;
}

/** The most plain bytes a value of this type may hold: what opening one may allocate. */
export function maxPlainLength(type: ValueType): number {
  return type === valueTypes.page ? MAX_PAGE_BYTES : MAX_CHUNK_BYTES;
}

/** Room that {@link sealValue} may need for so many plain bytes. */
export function sealedBound(plainLength: number): number {
  return HEADER_BYTES + plainLength + TAG_BYTES;
}

/**
 * The header of the value that starts at the first of `bytes`; other values may follow it. It is not
 * authenticated yet: only {@link openValue} is proof.
 *
 * Throws `VAULT_FORMAT_UNSUPPORTED` for a newer format, `VAULT_CHUNK_CORRUPT` for anything that is
 * not a whole value within the limits.
 */
export function parseHeader(bytes: Bytes): ValueHeader {
  if (bytes.length < HEADER_BYTES + TAG_BYTES) throw corrupt('shorter than its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  const start = view.getUint32(0);
  if (start >>> 8 !== 0x564c54) throw corrupt('does not start with "VLT"');
  const format = start & 0xff;
  if (format > VALUE_FORMAT) {
    throw new VaultError(
      'VAULT_FORMAT_UNSUPPORTED',
      `sealed value of format ${format}: this vault reads format ${VALUE_FORMAT}`,
      { hint: 'use a newer vault', details: { format } },
    );
  }
  const type = view.getUint8(4);
  const codec = view.getUint8(5);
  const plainLength = view.getUint32(8);
  const sealedLength = view.getUint32(12);
  if (format !== VALUE_FORMAT) throw corrupt('has format 0');
  if (!isValueType(type)) throw corrupt(`has the unknown type ${type}`);
  if (codec !== CODEC_NONE && codec !== CODEC_ZSTD) throw corrupt(`has the unknown codec ${codec}`);
  if (view.getUint16(6) !== 0) throw corrupt('has a field set that must be zero');
  if (plainLength > maxPlainLength(type)) throw corrupt(`claims ${plainLength} plain bytes`);
  if (codec === CODEC_NONE ? sealedLength !== plainLength : sealedLength >= plainLength) {
    throw corrupt(`claims ${sealedLength} sealed bytes for ${plainLength} plain ones`);
  }
  const totalLength = HEADER_BYTES + sealedLength + TAG_BYTES;
  if (bytes.length < totalLength) throw corrupt('is truncated');
  return {
    type,
    codec,
    plainLength,
    sealedLength,
    totalLength,
    epoch: bytes.subarray(16, 32),
    id: bytes.subarray(32, 64),
  };
}

export interface SealRequest {
  readonly type: ValueType;
  /** 32 bytes. */
  readonly id: Bytes;
  /** 16 bytes: the epoch that `keys` belong to. */
  readonly epoch: Bytes;
  readonly keys: EpochKeys;
  readonly plain: Bytes;
  readonly zstd: Zstd;
  /** zstd level; 0 stores it as it is. */
  readonly level: number;
  readonly random: RandomSource;
  /** Where the value goes: from `at`, with {@link sealedBound} bytes of room. */
  readonly out: Uint8Array;
  readonly at: number;
}

/**
 * Seals into the caller's buffer and returns the bytes written. Compresses where that saves at least
 * 3 %. Throws `RangeError` where lengths are wrong or the room is short, `VAULT_LIMIT_EXCEEDED` above
 * {@link maxPlainLength}.
 */
export function sealValue(request: SealRequest): number {
  const { type, id, epoch, plain, out, at } = request;
  if (id.length !== ID_BYTES || epoch.length !== EPOCH_BYTES) {
    throw new RangeError(
      `expected an id of 32 and an epoch of 16 bytes, got ${id.length} and ${epoch.length}`,
    );
  }
  if (plain.length > maxPlainLength(type)) {
    throw new VaultError('VAULT_LIMIT_EXCEEDED', `value of ${plain.length} plain bytes`);
  }
  const room = out.length - at;
  if (room < sealedBound(plain.length)) {
    throw new RangeError(`expected ${sealedBound(plain.length)} bytes of room, got ${room}`);
  }
  const packed = compressed(request);
  const payload = packed ?? plain;
  const header = out.subarray(at, at + HEADER_BYTES);
  const view = new DataView(out.buffer, out.byteOffset + at, HEADER_BYTES);
  const nonce = request.random.bytes(NONCE_BYTES);
  view.setUint32(0, 0x564c5400 + VALUE_FORMAT);
  header[4] = type;
  header[5] = packed ? CODEC_ZSTD : CODEC_NONE;
  view.setUint16(6, 0);
  view.setUint32(8, plain.length);
  view.setUint32(12, payload.length);
  header.set(epoch, 16);
  header.set(id, 32);
  header.set(nonce, 64);
  const key = valueKey(request.keys, type, id);
  return HEADER_BYTES + sealInto(key, nonce, header, payload, out, at + HEADER_BYTES);
}

/** Keys of the epochs a reader has been given, by epoch in lower-case hex. */
export type Keyring = ReadonlyMap<string, EpochKeys>;

export interface ValueOpener {
  readonly keyring: Keyring;
  /** Recomputes ids of chunks and nodes. */
  readonly idKey: SecretKey;
  readonly zstd: Zstd;
}

export interface OpenedValue {
  readonly type: ValueType;
  readonly id: Uint8Array;
  readonly epoch: Uint8Array;
  /** The caller's own array. */
  readonly plain: Uint8Array;
}

/**
 * Opens exactly one value. Chunks and nodes have their id recomputed; ids of log values are bound by
 * the key, and what they name is checked by the log.
 *
 * Throws `VAULT_CHUNK_CORRUPT` where anything is off, also where it is not what `expected` says;
 * `VAULT_NOT_PERMITTED` where the keyring lacks the epoch; `VAULT_FORMAT_UNSUPPORTED` for a newer format.
 */
export function openValue(
  bytes: Bytes,
  opener: ValueOpener,
  expected?: { readonly type: ValueType; readonly id: Bytes },
): OpenedValue {
  const header = parseHeader(bytes);
  const { type, id, epoch } = header;
  if (bytes.length !== header.totalLength) throw corrupt('has bytes after its end', id);
  if (expected && (expected.type !== type || !equalBytes(expected.id, id))) {
    throw corrupt('is another one than was asked for', expected.id);
  }
  const epochName = toHex(epoch);
  const keys = opener.keyring.get(epochName);
  if (!keys) {
    throw new VaultError('VAULT_NOT_PERMITTED', `no keys for epoch ${epochName}`, {
      details: { epoch: epochName },
    });
  }
  const payload = openSealed(
    valueKey(keys, type, id),
    bytes.subarray(64, HEADER_BYTES),
    bytes.subarray(0, HEADER_BYTES),
    bytes.subarray(HEADER_BYTES),
  );
  if (!payload) throw corrupt('does not authenticate', id);
  const plain =
    header.codec === CODEC_NONE ? payload : opener.zstd.decompress(payload, header.plainLength);
  if (type <= valueTypes.node && !equalBytes(chunkId(opener.idKey, type as 1 | 2, plain), id)) {
    throw corrupt('has another content than its id names', id);
  }
  return { type, id, epoch, plain };
}

function compressed({ plain, zstd, level }: SealRequest): Uint8Array | undefined {
  if (level === 0 || plain.length < MIN_COMPRESSED || looksRandom(plain)) return undefined;
  const packed = zstd.compress(plain, level);
  return packed.length <= plain.length - (plain.length >>> 5) - 1 ? packed : undefined;
}

function valueKey(keys: EpochKeys, type: ValueType, id: Bytes): Uint8Array {
  return hmacSha256(keys.chunkKey, Uint8Array.of(type), id);
}

function isValueType(type: number): type is ValueType {
  return type >= valueTypes.chunk && type <= valueTypes.head;
}

function corrupt(what: string, id?: Bytes): VaultError {
  const name = id ? `sealed value ${toHex(id)}` : 'sealed value';
  return new VaultError(
    'VAULT_CHUNK_CORRUPT',
    `${name} ${what}`,
    id ? { details: { id: toHex(id) } } : {},
  );
}
