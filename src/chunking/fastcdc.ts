/**
 * Cut points by `fastcdc-wasm`: the only importer of that package.
 *
 * Each {@link FastCdc} is a wasm instance of its own, so that it can hold a key: the caller's Gear
 * table is written over the public one in the instance's memory. That costs nothing per byte. The
 * package's JavaScript wrapper is not used: it copies its whole memory back over the caller's buffer.
 */

import { asBuffer } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import { readProgramFile } from '../system/program-file.ts';
import { GEAR_TABLE_BYTES, publicGearTable } from './gear-table.ts';
import { checkChunkerParams, type ChunkerParams } from './params.ts';

/** What is used of the WebAssembly interface, which the ECMAScript type libraries leave out. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => CompiledWasm;
  readonly Instance: new (module: CompiledWasm, imports: object) => { readonly exports: object };
};
type CompiledWasm = object;

/** The raw exports of the package's wasm file (wasm-bindgen 0.2 conventions). */
interface FastCdcExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly get_chunks: (
    result: number,
    bytes: number,
    length: number,
    min: number,
    average: number,
    max: number,
  ) => void;
  readonly __wbindgen_add_to_stack_pointer: (by: number) => number;
  readonly __wbindgen_malloc: (length: number) => number;
  readonly __wbindgen_free: (at: number, length: number) => void;
}

let compiled: CompiledWasm | undefined;

function instantiate(): FastCdcExports {
  compiled ??= new WebAssembly.Module(
    readProgramFile(import.meta.resolve('fastcdc-wasm/fastcdc_wasm_bg.wasm')),
  );
  return new WebAssembly.Instance(compiled, {}).exports as FastCdcExports;
}

/**
 * Where the public Gear table begins in `memory`. Throws `VAULT_FAILED` where it is not there exactly
 * once: writing a key to a guessed place would cut unkeyed, or crash.
 */
export function findGearTable(memory: Uint8Array): number {
  const bytes = asBuffer(memory);
  const table = asBuffer(publicGearTable);
  const at = bytes.indexOf(table);
  if (at < 0 || bytes.includes(table, at + 1)) {
    throw new VaultError(
      'VAULT_FAILED',
      `the chunker's table is ${at < 0 ? 'absent from' : 'more than once in'} fastcdc-wasm`,
      { hint: 'install vault with the package versions it was released with' },
    );
  }
  return at;
}

/** One keyed chunker with a window of fixed size in its wasm memory. Never freed but by the collector. */
export class FastCdc {
  readonly params: ChunkerParams;
  readonly windowBytes: number;
  readonly #wasm: FastCdcExports;
  readonly #windowAt: number;
  #window: Uint8Array;

  /**
   * `gearTable` is the keyed table: {@link GEAR_TABLE_BYTES} bytes, 256 little-endian words of 32 bits
   * whose top bits are ignored (as in the public table no sum may overflow). Throws what
   * {@link checkChunkerParams} and {@link findGearTable} throw, and `RangeError` for other sizes.
   */
  constructor(params: ChunkerParams, gearTable: Uint8Array, windowBytes: number) {
    this.params = checkChunkerParams(params);
    if (gearTable.length !== GEAR_TABLE_BYTES) {
      throw new RangeError(`expected ${GEAR_TABLE_BYTES} table bytes, got ${gearTable.length}`);
    }
    this.windowBytes = windowBytes;
    this.#wasm = instantiate();
    const memory = new Uint8Array(this.#wasm.memory.buffer);
    const tableAt = findGearTable(memory);
    for (let i = 0; i < GEAR_TABLE_BYTES; i++) {
      memory[tableAt + i] = (gearTable[i] ?? 0) & (i % 4 === 3 ? 0x7f : 0xff);
    }
    this.#windowAt = this.#wasm.__wbindgen_malloc(windowBytes);
    this.#window = new Uint8Array(this.#wasm.memory.buffer, this.#windowAt, windowBytes);
  }

  /** The window, to be filled and read in place. {@link cuts} may move it: ask again after each call. */
  get window(): Uint8Array {
    const { buffer } = this.#wasm.memory;
    if (this.#window.buffer !== buffer) {
      this.#window = new Uint8Array(buffer, this.#windowAt, this.windowBytes);
    }
    return this.#window;
  }

  /**
   * The ends, in the window and ascending, of the chunks of the content `window[from, to)`; the last is
   * `to`. If the content went on after `to`, all but the last would be the same. `from` < `to`.
   */
  cuts(from: number, to: number): Uint32Array {
    const { min, average, max } = this.params;
    const wasm = this.#wasm;
    const result = wasm.__wbindgen_add_to_stack_pointer(-16);
    wasm.get_chunks(result, this.#windowAt + from, to - from, min, average, max);
    const header = new Uint32Array(wasm.memory.buffer, result, 2);
    const at = header[0] ?? 0;
    const count = header[1] ?? 0;
    // The package gives the starts and then the whole length: without the first start, the ends.
    const ends = new Uint32Array(wasm.memory.buffer, at, count).slice(1);
    wasm.__wbindgen_free(at, count * 4);
    wasm.__wbindgen_add_to_stack_pointer(16);
    if (from > 0) for (let i = 0; i < ends.length; i++) ends[i] = (ends[i] ?? 0) + from;
    return ends;
  }
}
