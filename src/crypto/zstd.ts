/**
 * zstd (RFC 8878) frames: by `node:zlib` where this Node has it (≥ 22.15), else by
 * `@foxglove/wasm-zstd`, of which this is the only importer. Frames of either open with the other.
 */

import { createRequire } from 'node:module';
import * as zlib from 'node:zlib';
import type { Bytes } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import { plainArray } from './hash.ts';

export interface Zstd {
  /** One frame. The array is good until the next call only. `level` 1 … 19. */
  compress(plain: Bytes, level: number): Uint8Array;
  /**
   * The plain bytes, in a new array; room is made for `plainLength` of them, whatever the frame
   * claims. Throws `VAULT_CHUNK_CORRUPT` where `bytes` are not frames of exactly that many.
   */
  decompress(bytes: Bytes, plainLength: number): Uint8Array;
}

let loaded: Promise<Zstd> | undefined;

/** The fastest implementation this Node has; loaded once in each thread. */
export async function loadZstd(): Promise<Zstd> {
  loaded ??= Promise.resolve(nativeZstd() ?? loadWasmZstd());
  return loaded;
}

/** What newer versions of `node:zlib` have. */
interface ZlibWithZstd {
  readonly constants: Readonly<Record<string, number>>;
  zstdCompressSync(bytes: Bytes, options: object): Buffer;
  zstdDecompressSync(bytes: Bytes, options: object): Buffer;
}

function hasZstd(module: object): module is ZlibWithZstd {
  return 'zstdCompressSync' in module && 'zstdDecompressSync' in module;
}

/** `node:zlib`'s zstd, or undefined where this Node has none. */
export function nativeZstd(): Zstd | undefined {
  const module: object = zlib;
  if (!hasZstd(module)) return undefined;
  const levelKey = String(module.constants['ZSTD_c_compressionLevel']);
  return {
    compress(plain, level) {
      // Room for the largest frame of incompressible bytes: one allocation, no joining.
      const chunkSize = plain.length + (plain.length >>> 8) + 128;
      return plainArray(
        module.zstdCompressSync(plain, {
          chunkSize,
          // Known beforehand, the tables shrink to fit: twice as fast at 64 KiB.
          pledgedSrcSize: plain.length,
          params: { [levelKey]: level },
        }),
      );
    },
    decompress(bytes, plainLength) {
      // One byte more than can be used, or zlib makes a second buffer to learn that it is done.
      const room = { chunkSize: Math.max(plainLength + 1, 64), maxOutputLength: plainLength || 1 };
      let plain: Buffer;
      try {
        plain = module.zstdDecompressSync(bytes, room);
      } catch (cause) {
        throw damaged(cause);
      }
      if (plain.length !== plainLength) throw damaged();
      return plainArray(plain);
    },
  };
}

/** A new instance of the wasm build, with its own memory. */
export async function loadWasmZstd(): Promise<Zstd> {
  // The package's main module hides its memory; the factory below it gives an instance of our own.
  const load = createRequire(import.meta.url);
  const create = load('@foxglove/wasm-zstd/dist/wasm-zstd.js') as () => Promise<ZstdModule>;
  return wasmZstd(await create());
}

/** The functions of the wasm build that are used; addresses and sizes are bytes of its memory. */
export interface ZstdModule {
  /** The whole memory; another array once it has grown. */
  readonly HEAPU8: Uint8Array;
  _malloc(size: number): number;
  _free(address: number): void;
  _compressBound(size: number): number;
  /** To, room, from, size, level; the size of the frame, -1 for a failure. */
  _compress(...args: [number, number, number, number, number]): number;
  /** To, room, from, size; the plain size, -1 for a failure. */
  _decompress(...args: [number, number, number, number]): number;
}

/** Buffers in wasm memory up to this size are kept for the next call. */
const KEPT_BYTES = 2 * 1024 * 1024;

/**
 * {@link Zstd} over an instance of the wasm build. After a fault inside it nothing of its memory can
 * be trusted: this and every further call throw `VAULT_FAILED`, and {@link loadZstd} makes a new one.
 */
export function wasmZstd(module: ZstdModule): Zstd {
  const input = wasmBuffer(module);
  const output = wasmBuffer(module);
  let fault: unknown;

  function guarded<T>(call: () => T): T {
    if (fault !== undefined) throw faulty(fault);
    try {
      return call();
    } catch (cause) {
      if (cause instanceof VaultError) throw cause;
      fault = cause;
      loaded = undefined;
      throw faulty(cause);
    }
  }

  return {
    compress: (plain, level) =>
      guarded(() => {
        const room = module._compressBound(plain.length);
        const from = input.reserve(plain.length);
        const to = output.reserve(room);
        module.HEAPU8.set(plain, from);
        const size = module._compress(to, room, from, plain.length, level);
        if (size < 0) {
          throw new VaultError('VAULT_FAILED', `zstd cannot compress at level ${level}`);
        }
        return module.HEAPU8.subarray(to, to + size);
      }),
    decompress: (bytes, plainLength) =>
      guarded(() => {
        const from = input.reserve(bytes.length);
        const to = output.reserve(plainLength);
        module.HEAPU8.set(bytes, from);
        const size = module._decompress(to, plainLength, from, bytes.length);
        if (size !== plainLength) throw damaged();
        return module.HEAPU8.slice(to, to + size);
      }),
  };
}

/** A stretch of wasm memory that grows on demand. */
function wasmBuffer(module: ZstdModule): { reserve(bytes: number): number } {
  let address = 0;
  let room = -1;
  return {
    reserve(bytes) {
      if (bytes > room || (room > KEPT_BYTES && bytes <= KEPT_BYTES)) {
        if (address !== 0) module._free(address);
        address = 0;
        room = -1;
        address = mustAllocate(module._malloc(Math.max(bytes, 64)));
        room = bytes;
      }
      return address;
    },
  };
}

function mustAllocate(address: number): number {
  if (address === 0) throw new VaultError('VAULT_FAILED', 'no memory left for zstd');
  return address;
}

function damaged(cause?: unknown): VaultError {
  return new VaultError('VAULT_CHUNK_CORRUPT', 'compressed content is damaged', { cause });
}

function faulty(cause: unknown): VaultError {
  return new VaultError('VAULT_FAILED', 'zstd stopped after a fault of its own', { cause });
}
