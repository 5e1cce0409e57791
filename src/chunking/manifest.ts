/** What a content is made of: the shape shared by builder, reader and the log. */

import { MAX_CHUNK_BYTES, MAX_MANIFEST_DEPTH } from '../limits.ts';
import { ID_BYTES, malformed } from './manifest-node.ts';

/** One content: nothing (empty), one chunk (depth 0), or a tree of manifest nodes (depth ≥ 1). */
export interface Manifest {
  /** Plain bytes. */
  readonly size: number;
  /** 0: `root` is a chunk. n ≥ 1: `root` is a manifest node of level n. */
  readonly depth: number;
  /** Id of the chunk or of the root node; undefined for empty content. */
  readonly root: Uint8Array | undefined;
}

/**
 * Returns `manifest` if some content can have it, going by these three fields alone. Throws
 * `VAULT_CHUNK_CORRUPT` otherwise.
 */
export function checkManifest(manifest: Manifest): Manifest {
  const { size, depth, root } = manifest;
  if (!Number.isSafeInteger(size) || size < 0) throw malformed(`a size of ${size}`);
  if (!Number.isInteger(depth) || depth < 0 || depth > MAX_MANIFEST_DEPTH) {
    throw malformed(`a depth of ${depth}`);
  }
  if ((root === undefined) !== (size === 0)) {
    throw malformed(`${size} bytes ${root === undefined ? 'without' : 'with'} a root`);
  }
  if (root === undefined && depth !== 0) throw malformed(`a depth of ${depth} without a root`);
  if (root !== undefined && root.length !== ID_BYTES) throw malformed('a root that is no id');
  if (depth === 0 && size > MAX_CHUNK_BYTES) throw malformed(`one chunk of ${size} bytes`);
  return manifest;
}
