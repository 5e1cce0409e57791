/** Worker task: one stretch of a large file → chunks → sealed values, so that all lanes read at it. */

import { valueTypes } from '../crypto/sealed-value.ts';
import { systemCode } from '../errors.ts';
import type { FileStat } from '../system/file-system.ts';
import type { TaskContext } from '../system/worker-pool.ts';
import { contentCodec, type ContentCodec } from './content-codec.ts';
import { Outgoing } from './outgoing.ts';
import { stoodStill } from './seen-stat.ts';

export interface StoreStretchInput {
  /** Name of the setting that holds the folder's `ContentSecrets`. */
  readonly secrets: string;
  /** Absolute path. */
  readonly path: string;
  /** Where cutting begins: at a cut of the content, or so far ahead that the cuts meet those of the content. */
  readonly from: number;
  /** Chunks that begin in `start` … `end` are stored. */
  readonly start: number;
  readonly end: number;
}

/** Chunks of a stretch, one after another. */
export interface StretchChunks {
  /** What the file was before and after. */
  readonly stat: FileStat;
  /** Where the first one begins. */
  readonly begin: number;
  /** Where the last one ends. */
  readonly after: number;
  readonly lengths: Uint32Array;
  /** 32 bytes each. */
  readonly ids: Uint8Array;
}

export interface StoreStretchOutput {
  /** Undefined where the file cannot be read, or did not stand still: whoever reads all of it says why. */
  readonly chunks: StretchChunks | undefined;
  /** Sealed values not yet handed over, lent, to be given back: others may count on them, whatever became of the file. */
  readonly sealed: Uint8Array | undefined;
}

/** Stores the chunks that begin in the stretch. */
export async function storeStretch(
  input: StoreStretchInput,
  context: TaskContext,
): Promise<StoreStretchOutput> {
  const codec = await contentCodec(context.settings.get(input.secrets));
  const outgoing = new Outgoing(codec, context);
  const chunks = await readChunks(input, context, codec, outgoing);
  const sealed = await outgoing.finish();
  return { chunks, sealed };
}

async function readChunks(
  { path, from, start, end }: StoreStretchInput,
  { fileSystem }: TaskContext,
  codec: ContentCodec,
  outgoing: Outgoing,
): Promise<StretchChunks | undefined> {
  const chunker = codec.takeChunker();
  const ids: Uint8Array[] = [];
  const lengths: number[] = [];
  let begin: number | undefined;
  let after = from;
  try {
    const file = fileSystem.open(path, { mode: 'read' });
    try {
      const stat = file.stat();
      if (stat.kind !== 'file') return undefined;
      let at = from;
      const read = (into: Uint8Array): number => {
        const count = file.read(into, at);
        at += count;
        return count;
      };
      for (const plain of chunker.chunks(read)) {
        if (after >= end) break;
        if (after >= start) {
          begin ??= after;
          lengths.push(plain.length);
          ids.push(await outgoing.add(valueTypes.chunk, plain));
        }
        after += plain.length;
      }
      if (!stoodStill(stat, file.stat())) return undefined;
      return {
        stat,
        begin: begin ?? after,
        after,
        lengths: Uint32Array.from(lengths),
        ids: new Uint8Array(Buffer.concat(ids)),
      };
    } finally {
      file.close();
    }
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  } finally {
    codec.giveChunker(chunker);
  }
}
