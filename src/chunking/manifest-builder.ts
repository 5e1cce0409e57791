/** Chunk ids in, manifest nodes and a manifest out, in memory that does not grow with the content. */

import { equalBytes } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import { MAX_CHUNK_BYTES } from '../limits.ts';
import type { Manifest } from './manifest.ts';
import {
  ID_BYTES,
  MAX_NODE_ENTRIES,
  MAX_REPEAT,
  encodeNode,
  type NodeEntry,
} from './manifest-node.ts';

/** A node shorter than this does not end by content, so that a tree stays bushy. */
const MIN_NODE_ENTRIES = 16;
/** Mean entries between two ids that may end a node. */
const BOUNDARY_PERIOD = 128;

/** Keeps a node, of the level, and returns its id. Called children first, in the content's order. */
export type EmitNode = (level: number, bytes: Uint8Array) => Uint8Array;

interface OpenNode {
  entries: NodeEntry[];
  /** Plain bytes below the entries. */
  size: number;
  /** Whether this level has emitted a node: then what is left is not alone. */
  emitted: boolean;
}

/** Whether a node may end after this entry: by its id alone, so that equal runs of chunks end alike. */
function isBoundary(entry: NodeEntry): boolean {
  return (entry.id[3] ?? 0) % BOUNDARY_PERIOD === 0;
}

/**
 * Builds one manifest. Equal sequences of chunks give equal manifests: neighbours that are equal are
 * one entry; a node ends after an entry whose id, read as a big-endian u32 of its first four bytes, is
 * a multiple of 128 once the node holds 16 entries, or when it holds 409; a root never has one child
 * (one chunk, unless repeated, is its own root).
 *
 * So a changed chunk changes the nodes on its path, and at each level about one neighbour: a node that
 * was cut for being full (1 in 20) moves the cut after it until both sides meet a boundary.
 */
export class ManifestBuilder {
  readonly #emitNode: EmitNode;
  readonly #levels: OpenNode[] = [];
  #run: { id: Uint8Array; length: number; repeat: number } | undefined;
  #size = 0;
  #finished = false;

  constructor(emitNode: EmitNode) {
    this.#emitNode = emitNode;
  }

  /**
   * Appends `repeat` chunks of `length` plain bytes each; `id` is copied. Throws `RangeError` for what no
   * chunk can be, `VAULT_LIMIT_EXCEEDED` where the content passes 2^53 − 1 bytes, `TypeError` after
   * {@link finish}, and what the emitter throws.
   */
  add(id: Uint8Array, length: number, repeat = 1): void {
    this.#checkOpen();
    if (id.length !== ID_BYTES) throw new RangeError(`expected a chunk id, got ${id.length} bytes`);
    if (!Number.isInteger(length) || length < 1 || length > MAX_CHUNK_BYTES) {
      throw new RangeError(`expected a length in 1 … ${MAX_CHUNK_BYTES}, got ${length}`);
    }
    if (!Number.isSafeInteger(repeat) || repeat < 1) {
      throw new RangeError(`expected a positive repeat, got ${repeat}`);
    }
    const size = this.#size + length * repeat;
    if (!Number.isSafeInteger(size)) {
      throw new VaultError('VAULT_LIMIT_EXCEEDED', 'content of more than 2^53 - 1 bytes');
    }
    this.#size = size;
    let left = repeat;
    if (this.#run?.length === length && equalBytes(this.#run.id, id)) {
      const joined = Math.min(left, MAX_REPEAT - this.#run.repeat);
      this.#run.repeat += joined;
      left -= joined;
    }
    while (left > 0) {
      this.#endRun();
      const first = Math.min(left, MAX_REPEAT);
      this.#run = { id: new Uint8Array(id), length, repeat: first };
      left -= first;
    }
  }

  /** Emits what is open and returns the manifest. The builder is then done: `TypeError` after it. */
  finish(): Manifest {
    this.#checkOpen();
    this.#endRun();
    this.#finished = true;
    if (this.#size === 0) return { size: 0, depth: 0, root: undefined };
    for (let level = 1; ; level++) {
      const open = this.#open(level);
      const [only] = open.entries;
      if (!open.emitted && open.entries.length === 1 && only?.repeat === 1) {
        return { size: this.#size, depth: level - 1, root: only.id };
      }
      if (open.entries.length > 0) this.#emit(level, open);
    }
  }

  #endRun(): void {
    if (this.#run !== undefined) this.#push(1, this.#run);
    this.#run = undefined;
  }

  #push(level: number, entry: NodeEntry): void {
    const open = this.#open(level);
    const count = open.entries.push(entry);
    open.size += entry.length * entry.repeat;
    if (count === MAX_NODE_ENTRIES || (count >= MIN_NODE_ENTRIES && isBoundary(entry))) {
      this.#emit(level, open);
    }
  }

  #emit(level: number, open: OpenNode): void {
    const id = this.#emitNode(level, encodeNode(level, open.entries));
    const entry = { id: new Uint8Array(id), length: open.size, repeat: 1 };
    open.entries = [];
    open.size = 0;
    open.emitted = true;
    this.#push(level + 1, entry);
  }

  #open(level: number): OpenNode {
    return (this.#levels[level - 1] ??= { entries: [], size: 0, emitted: false });
  }

  #checkOpen(): void {
    if (this.#finished)
      throw new TypeError('expected an open manifest builder, got a finished one');
  }
}
