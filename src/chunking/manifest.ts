/** What a content is made of: the shape shared by builder, reader and the log. */

/** One content: nothing (empty), one chunk (depth 0), or a tree of manifest nodes (depth ≥ 1). */
export interface Manifest {
  /** Plain bytes. */
  readonly size: number;
  /** 0: `root` is a chunk. n ≥ 1: `root` is a manifest node of level n. */
  readonly depth: number;
  /** Id of the chunk or of the root node; undefined for empty content. */
  readonly root: Uint8Array | undefined;
}
