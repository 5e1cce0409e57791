/** A manifest in, its chunks and nodes out, in memory that does not grow with the content. */

import { checkManifest, type Manifest } from './manifest.ts';
import { decodeNode, malformed, type NodeEntry } from './manifest-node.ts';

/** The opened bytes of a manifest node. Whoever hands it in has checked that they have this id. */
export type GetNode = (level: number, id: Uint8Array) => Promise<Uint8Array>;

/** A run of equal chunks of a content, at level 0, or a node of its manifest. */
export interface ManifestPart {
  /** 0: chunks. n ≥ 1: a manifest node of level n. */
  readonly level: number;
  readonly id: Uint8Array;
  /** Where it begins in the content, in plain bytes. */
  readonly offset: number;
  /** Plain bytes: of one chunk, or of all that is below the node. */
  readonly length: number;
  /** How many of that chunk follow each other; 1 for a node. */
  readonly repeat: number;
}

/** A part of level 0. */
export type ManifestLeaf = ManifestPart & { readonly level: 0 };

/** Nodes from the root down to the one being read, each with what of it is still to come. */
interface Frame {
  readonly level: number;
  readonly entries: readonly NodeEntry[];
  index: number;
  offset: number;
}

/**
 * The chunks that hold the bytes `[start, end)` of the content, in order; by default all. Of a run only
 * the repetitions that overlap the range are told; chunks are not clipped. Only nodes that lead to the
 * range are asked for.
 *
 * Throws `RangeError` for a range outside the content, `VAULT_CHUNK_CORRUPT` where a node is malformed
 * or does not hold as many bytes as its parent (or the manifest) states, and what `getNode` throws.
 */
export async function* readManifest(
  manifest: Manifest,
  getNode: GetNode,
  start = 0,
  end = manifest.size,
): AsyncGenerator<ManifestLeaf, void, undefined> {
  checkManifest(manifest);
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end > manifest.size) {
    throw new RangeError(`expected a range in 0 … ${manifest.size}, got ${start} … ${end}`);
  }
  if (start >= end) {
    if (start === end) return;
    throw new RangeError(`expected a range that ends after its start, got ${start} … ${end}`);
  }
  const overlaps = (part: ManifestPart): boolean =>
    part.offset < end && part.offset + part.length * part.repeat > start;
  for await (const part of walkManifest(manifest, getNode, overlaps)) {
    if (part.level !== 0) continue;
    const { id, length, offset } = part;
    const first = Math.max(0, Math.floor((start - offset) / length));
    const last = Math.min(part.repeat, Math.ceil((end - offset) / length));
    yield { level: 0, id, length, offset: offset + first * length, repeat: last - first };
  }
}

/**
 * Every part of a manifest: each node before what is below it, chunks in the content's order. Parts
 * that `enter` turns down are neither told nor read, so that a caller who marks or verifies can pass
 * over what it has seen under another content; what it passes over is not checked against its size.
 *
 * Ends for any input: each node holds at least one byte and is one level below its parent. Throws
 * `VAULT_CHUNK_CORRUPT` as {@link readManifest} does, and what `getNode` and `enter` throw.
 */
export async function* walkManifest(
  manifest: Manifest,
  getNode: GetNode,
  enter: (part: ManifestPart) => boolean = () => true,
): AsyncGenerator<ManifestPart, void, undefined> {
  const { root, size, depth } = checkManifest(manifest);
  if (root === undefined) return;
  const stack: Frame[] = [
    { level: depth + 1, entries: [{ id: root, length: size, repeat: 1 }], index: 0, offset: 0 },
  ];
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const entry = frame.entries[frame.index++];
    if (entry === undefined) {
      stack.pop();
      continue;
    }
    const part = { level: frame.level - 1, offset: frame.offset, ...entry };
    frame.offset += entry.length * entry.repeat;
    if (!enter(part)) continue;
    yield part;
    if (part.level === 0) continue;
    const entries = decodeNode(part.level, await getNode(part.level, part.id), part.id);
    checkTotal(entries, part);
    stack.push({ level: part.level, entries, index: 0, offset: part.offset });
  }
}

/** A node must hold exactly the bytes its parent counted on: offsets and skipping rest on it. */
function checkTotal(entries: readonly NodeEntry[], part: ManifestPart): void {
  let sum = 0;
  for (const { length, repeat } of entries) {
    sum += length * repeat;
    if (sum > part.length) break;
  }
  if (sum !== part.length) {
    const found = sum > part.length ? 'more' : `${sum}`;
    throw malformed(`${found} bytes where ${part.length} were stated`, part.id);
  }
}
