/**
 * A large file on its way into the store: in stretches, each read by whichever lane is free. Where chunks
 * end depends on where they begin and on the bytes, so a lane that begins anywhere meets the content's own
 * cuts after a few chunks. It begins that much ahead of its stretch; that it did meet them shows where the
 * stretch before ends. Where it did not, as in long runs of equal bytes, the stretch is read again.
 */

import { ManifestBuilder } from '../chunking/manifest-builder.ts';
import { chunkId } from '../crypto/chunk-id.ts';
import type { SecretKey } from '../crypto/hash.ts';
import { valueTypes } from '../crypto/sealed-value.ts';
import type { FileStat } from '../system/file-system.ts';
import { isSameFileState } from './seen-stat.ts';
import type { StoredFile } from './store-files.ts';
import type { StoreNodesInput, StoreNodesOutput } from './store-nodes.ts';
import type { StoreStretchInput, StoreStretchOutput, StretchChunks } from './store-stretch.ts';

/** Files from this size on are stored in stretches. */
export const LARGE_BYTES = 64 * 1024 * 1024;

/** How a large file is divided. */
export interface Stretching {
  /** At least as long as the longest chunk. */
  readonly stretchBytes: number;
  /** How far ahead of its stretch a lane begins to cut: room for some of the longest chunks. */
  readonly aheadBytes: number;
}

export const defaultStretching: Stretching = {
  stretchBytes: 32 * 1024 * 1024,
  aheadBytes: 1024 * 1024,
};

/** Nodes that are sealed at once. */
const NODES_PER_TASK = 64;
/** Stretches in a row that one lane reads at the most where cuts were not met. */
const MOST_ALONE = 16;

export interface LargeIntakeParts extends Stretching {
  /** Name of the setting that holds the folder's `ContentSecrets`. */
  readonly secrets: string;
  /** Makes the ids of nodes. */
  readonly idKey: SecretKey;
  readonly lanes: number;
  /** Runs a task and brings what it sealed into the store. */
  readonly run: <I, O extends StoreNodesOutput>(task: string, input: I) => Promise<O>;
}

/**
 * Stores the content of a file of `size` bytes. Undefined where it could not be read as one content: it
 * changed meanwhile, or cannot be read; chunks stored on the way stay, as those of any file that changes
 * while it is read. On return no task of it runs.
 */
export async function storeLargeFile(
  path: string,
  size: number,
  parts: LargeIntakeParts,
): Promise<StoredFile | undefined> {
  const intake = new LargeIntake(path, size, parts);
  try {
    return await intake.store();
  } finally {
    await intake.settle();
  }
}

interface Ahead {
  readonly end: number;
  readonly stretch: Promise<StretchChunks | undefined>;
}

class LargeIntake {
  readonly #path: string;
  readonly #size: number;
  readonly #parts: LargeIntakeParts;
  readonly #builder: ManifestBuilder;
  #nodes: Uint8Array[] = [];
  /** Stretches under way, in order. */
  readonly #ahead: Ahead[] = [];
  /** Where the next one begins. */
  #next = 0;
  /** The chunks before are known; a cut of the content. */
  #joined = 0;
  /** Stretches to be read one after another, and how many it will be after the next cuts that are not met. */
  #alone = 0;
  #aloneNext = 1;

  constructor(path: string, size: number, parts: LargeIntakeParts) {
    this.#path = path;
    this.#size = size;
    this.#parts = parts;
    this.#builder = new ManifestBuilder((_level, bytes) => {
      this.#nodes.push(bytes);
      return chunkId(parts.idKey, valueTypes.node, bytes);
    });
  }

  async store(): Promise<StoredFile | undefined> {
    let stat: FileStat | undefined;
    while (this.#joined < this.#size) {
      const chunks = await this.#following();
      // Nothing where the file ends early.
      if (chunks === undefined || chunks.after === this.#joined) return undefined;
      stat ??= chunks.stat;
      if (!isSameFileState(stat, chunks.stat)) return undefined;
      this.#take(chunks);
      if (this.#nodes.length >= NODES_PER_TASK) await this.#storeNodes();
    }
    if (stat === undefined || stat.size !== this.#joined) return undefined;
    const manifest = this.#builder.finish();
    await this.#storeNodes();
    return { status: 'stored', stat, manifest };
  }

  /** Waits for what is under way. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#ahead.splice(0).map(({ stretch }) => stretch));
  }

  /** The chunks from where the known ones end. */
  async #following(): Promise<StretchChunks | undefined> {
    const { stretchBytes, aheadBytes, lanes } = this.#parts;
    if (this.#ahead.length === 0 && this.#alone > 0) {
      this.#alone--;
      this.#next = Math.min(this.#size, this.#joined + stretchBytes);
      return this.#read(this.#joined, this.#joined, this.#next);
    }
    while (this.#ahead.length < lanes && this.#next < this.#size) {
      const start = this.#next;
      this.#next = Math.min(this.#size, start + stretchBytes);
      const stretch = this.#read(Math.max(0, start - aheadBytes), start, this.#next);
      // Whoever comes to it hears of its failure, or of an earlier one.
      stretch.catch(() => undefined);
      this.#ahead.push({ end: this.#next, stretch });
    }
    const first = this.#ahead.shift();
    if (first === undefined) return undefined;
    const chunks = await first.stretch;
    if (chunks === undefined) return undefined;
    if (chunks.begin === this.#joined) {
      this.#aloneNext = 1;
      return chunks;
    }
    await this.settle();
    this.#alone = this.#aloneNext;
    this.#aloneNext = Math.min(MOST_ALONE, 2 * this.#aloneNext);
    this.#next = first.end;
    return this.#read(this.#joined, this.#joined, first.end);
  }

  async #read(from: number, start: number, end: number): Promise<StretchChunks | undefined> {
    const { run, secrets } = this.#parts;
    const input = { secrets, path: this.#path, from, start, end };
    const { chunks } = await run<StoreStretchInput, StoreStretchOutput>('storeStretch', input);
    return chunks;
  }

  #take({ lengths, ids, after }: StretchChunks): void {
    for (const [at, length] of lengths.entries()) {
      this.#builder.add(ids.subarray(at * 32, at * 32 + 32), length);
    }
    this.#joined = after;
  }

  async #storeNodes(): Promise<void> {
    const nodes = this.#nodes;
    if (nodes.length === 0) return;
    this.#nodes = [];
    const { run, secrets } = this.#parts;
    await run<StoreNodesInput, StoreNodesOutput>('storeNodes', { secrets, nodes });
  }
}
