/** Manifest nodes kept in memory under real ids, for tests of builder and reader. */

import { createHash } from 'node:crypto';
import { mapKey } from '../../src/bytes.ts';
import { ManifestBuilder } from '../../src/chunking/manifest-builder.ts';
import { decodeNode, type NodeEntry } from '../../src/chunking/manifest-node.ts';
import type { Manifest } from '../../src/chunking/manifest.ts';
import { MAX_NODE_BYTES } from '../../src/limits.ts';

/** Chunks as a builder takes them. */
export interface Run {
  readonly id: Uint8Array;
  readonly length: number;
  readonly repeat: number;
}

/** The id that the chunk or node of these bytes has in tests: SHA-256 of the level and them. */
export function testId(level: number, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(Uint8Array.of(level)).update(bytes).digest());
}

/** The id of the `n`-th of a seed's chunks: as good as random. */
export function numberedId(seed: string, n: number): Uint8Array {
  return testId(0, Buffer.from(`${seed} ${n}`));
}

export class NodeStore {
  /** Bytes of each node by its id as a map key. */
  readonly nodes = new Map<string, { readonly level: number; readonly bytes: Uint8Array }>();
  /** Nodes handed over, equal ones counted each time, by level − 1. */
  readonly emitted: number[] = [];

  readonly emit = (level: number, bytes: Uint8Array): Uint8Array => {
    if (bytes.length > MAX_NODE_BYTES) throw new Error(`a node of ${bytes.length} bytes`);
    const id = testId(level, bytes);
    this.nodes.set(mapKey(id), { level, bytes });
    this.emitted[level - 1] = (this.emitted[level - 1] ?? 0) + 1;
    return id;
  };

  readonly get = async (level: number, id: Uint8Array): Promise<Uint8Array> => {
    const node = this.nodes.get(mapKey(id));
    if (node === undefined) throw new Error('asked for a node that was never emitted');
    if (node.level !== level) throw new Error(`asked for level ${level}, is ${node.level}`);
    return node.bytes;
  };

  build(runs: Iterable<Run>): Manifest {
    const builder = new ManifestBuilder(this.emit);
    for (const { id, length, repeat } of runs) builder.add(id, length, repeat);
    return builder.finish();
  }

  entries(level: number, id: Uint8Array): readonly NodeEntry[] {
    const node = this.nodes.get(mapKey(id));
    if (node === undefined) throw new Error('no such node');
    return decodeNode(level, node.bytes);
  }

  /** How many nodes are not in `other`, by level − 1. */
  newNodes(other: NodeStore): number[] {
    const counts: number[] = [];
    for (const [key, { level }] of this.nodes) {
      counts[level - 1] = (counts[level - 1] ?? 0) + (other.nodes.has(key) ? 0 : 1);
    }
    return counts;
  }
}
