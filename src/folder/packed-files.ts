/** Files to restore as columns: a few arrays cross to a lane where each object would cost as much as its file. */

import type { Manifest } from '../chunking/manifest.ts';

export interface RestoreFile {
  readonly name: string;
  readonly manifest: Manifest;
  readonly mtimeNs: bigint;
  readonly executable: boolean;
}

/** The columns of files, in their order. */
export interface PackedFiles {
  readonly names: readonly string[];
  readonly sizes: Float64Array;
  readonly depths: Uint8Array;
  /** 32 bytes for each file with a root. */
  readonly roots: Uint8Array;
  readonly mtimesNs: BigInt64Array;
  /** {@link EXECUTABLE} and {@link HAS_ROOT}. */
  readonly flags: Uint8Array;
}

const EXECUTABLE = 1;
const HAS_ROOT = 2;
const ID_BYTES = 32;

export function packFiles(files: readonly RestoreFile[]): PackedFiles {
  return {
    names: files.map(({ name }) => name),
    sizes: Float64Array.from(files, ({ manifest }) => manifest.size),
    depths: Uint8Array.from(files, ({ manifest }) => manifest.depth),
    roots: Buffer.concat(rootsOf(files)),
    mtimesNs: BigInt64Array.from(files, ({ mtimeNs }) => mtimeNs),
    flags: Uint8Array.from(files, flagsOf),
  };
}

/** The inverse of {@link packFiles}; roots are views. */
export function unpackFiles(packed: PackedFiles): RestoreFile[] {
  let at = 0;
  return packed.names.map((name, index) => {
    const flags = packed.flags[index] ?? 0;
    const hasRoot = (flags & HAS_ROOT) !== 0;
    return {
      name,
      manifest: {
        size: packed.sizes[index] ?? 0,
        depth: packed.depths[index] ?? 0,
        root: hasRoot ? packed.roots.subarray(at, (at += ID_BYTES)) : undefined,
      },
      mtimeNs: packed.mtimesNs[index] ?? 0n,
      executable: (flags & EXECUTABLE) !== 0,
    };
  });
}

/** The first chunk or node of each content: of every file that is not empty. */
export function rootsOf(files: readonly RestoreFile[]): Uint8Array[] {
  return files.flatMap(({ manifest: { root } }) => (root === undefined ? [] : [root]));
}

function flagsOf({ executable, manifest }: RestoreFile): number {
  return (executable ? EXECUTABLE : 0) | (manifest.root === undefined ? 0 : HAS_ROOT);
}
