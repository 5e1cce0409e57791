/** Plain bytes of a content out of its chunks. */

import type { Manifest } from '../chunking/manifest.ts';
import { readManifest } from '../chunking/manifest-reader.ts';
import { VaultError } from '../errors.ts';
import type { ValueSource } from './value-source.ts';

export interface ContentPiece {
  /** In the content. */
  readonly offset: number;
  readonly plain: Uint8Array;
}

/** Bytes of a content. */
export interface ContentRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The verified content in order; of a range, the chunks that begin in it, whole. Runs of one chunk are
 * opened once. Throws what a `ValueSource` throws.
 */
export async function* contentPieces(
  manifest: Manifest,
  values: ValueSource,
  { start, end }: ContentRange = { start: 0, end: manifest.size },
): AsyncGenerator<ContentPiece> {
  if (manifest.root === undefined) return;
  if (manifest.depth === 0) {
    const plain = await values.chunk(manifest.root);
    if (plain.length !== manifest.size) throw mismatch();
    if (start === 0) yield { offset: 0, plain };
    return;
  }
  let batch: { id: Uint8Array; offset: number; length: number; repeat: number }[] = [];
  let bytes = 0;
  const drain = async function* (): AsyncGenerator<ContentPiece> {
    await values.prefetch(batch.map(({ id }) => id));
    for (const leaf of batch) {
      const plain = await values.chunk(leaf.id);
      if (plain.length !== leaf.length) throw mismatch();
      for (let turn = 0; turn < leaf.repeat; turn++) {
        const offset = leaf.offset + turn * leaf.length;
        if (offset >= start) yield { offset, plain };
      }
    }
    batch = [];
    bytes = 0;
  };
  for await (const leaf of readManifest(manifest, (_level, id) => values.node(id), start, end)) {
    batch.push(leaf);
    bytes += leaf.length;
    if (bytes >= values.batchBytes) yield* drain();
  }
  yield* drain();
}

function mismatch(): VaultError {
  return new VaultError('VAULT_CHUNK_CORRUPT', 'a chunk has another length than its manifest says');
}
