/**
 * Worker task: files → chunks → sealed values. Reads each file once, chunks it, takes the ids, asks
 * which of them are wanted, and compresses and seals only those.
 */

import { ManifestBuilder } from '../chunking/manifest-builder.ts';
import type { Manifest } from '../chunking/manifest.ts';
import { systemCode } from '../errors.ts';
import type { FileStat, FileSystem, OpenFile } from '../system/file-system.ts';
import type { TaskContext } from '../system/worker-pool.ts';
import { valueTypes } from '../crypto/sealed-value.ts';
import { contentCodec, type ContentCodec } from './content-codec.ts';
import { Outgoing } from './outgoing.ts';
import { stoodStill } from './seen-stat.ts';

export interface StoreFilesInput {
  /** Name of the setting that holds the folder's `ContentSecrets`. */
  readonly secrets: string;
  /** Absolute paths. */
  readonly paths: readonly string[];
  /** Files of this many bytes or more are left to whoever asked. Default: none. */
  readonly largeFrom?: number;
}

/** What became of one file. */
export type StoredFile =
  | { readonly status: 'stored' | 'unstable'; readonly stat: FileStat; readonly manifest: Manifest }
  | { readonly status: 'vanished' }
  | { readonly status: 'not-a-file' }
  | { readonly status: 'unreadable'; readonly code: string };

/** A file that is too large for one lane; nothing of it was read. */
export interface LargeFile {
  readonly status: 'large';
  readonly stat: FileStat;
}

export interface StoreFilesOutput {
  readonly files: readonly (StoredFile | LargeFile)[];
  /** Sealed values not yet handed over; lent, to be given back. */
  readonly sealed: Uint8Array | undefined;
}

/** How often a file that changes while it is read is read again before it is stored as unstable. */
const ATTEMPTS = 3;

/** Stores the content of every file; a file's trouble is its own and stops no other. */
export async function storeFiles(
  input: StoreFilesInput,
  context: TaskContext,
): Promise<StoreFilesOutput> {
  const codec = await contentCodec(context.settings.get(input.secrets));
  const outgoing = new Outgoing(codec, context);
  const largeFrom = input.largeFrom ?? Infinity;
  const files: (StoredFile | LargeFile)[] = [];
  for (const path of input.paths) {
    files.push(await storeFile(path, largeFrom, context.fileSystem, codec, outgoing));
  }
  const sealed = await outgoing.finish();
  return { files, sealed };
}

async function storeFile(
  path: string,
  largeFrom: number,
  fileSystem: FileSystem,
  codec: ContentCodec,
  outgoing: Outgoing,
): Promise<StoredFile | LargeFile> {
  let file: OpenFile;
  try {
    file = fileSystem.open(path, { mode: 'read' });
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { status: 'vanished' };
    if (code === 'ELOOP' || code === 'ENXIO') return { status: 'not-a-file' };
    if (code === undefined) throw error;
    return { status: 'unreadable', code };
  }
  try {
    let before = file.stat();
    if (before.kind !== 'file') return { status: 'not-a-file' };
    if (before.size >= largeFrom) return { status: 'large', stat: before };
    for (let attempt = 1; ; attempt++) {
      const manifest = await storeContent(file, before.size, codec, outgoing);
      const after = file.stat();
      if (stoodStill(before, after) && manifest.size === after.size) {
        return { status: 'stored', stat: after, manifest };
      }
      if (attempt === ATTEMPTS) return { status: 'unstable', stat: after, manifest };
      before = after;
    }
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    return { status: 'unreadable', code };
  } finally {
    file.close();
  }
}

async function storeContent(
  file: OpenFile,
  size: number,
  codec: ContentCodec,
  outgoing: Outgoing,
): Promise<Manifest> {
  if (size <= codec.params.min) {
    const plain = outgoing.reserve(codec.params.min + 1);
    const length = readUpTo(file, plain, size);
    if (length === 0) return { size: 0, depth: 0, root: undefined };
    if (length <= codec.params.min) {
      const root = await outgoing.addReserved(valueTypes.chunk, length);
      return { size: length, depth: 0, root };
    }
  }
  const nodes: Uint8Array[] = [];
  const builder = new ManifestBuilder((_level, bytes) => {
    nodes.push(bytes);
    return codec.id(valueTypes.node, bytes);
  });
  let at = 0;
  const chunker = codec.takeChunker();
  try {
    for (const plain of chunker.chunks((into) => {
      const count = file.read(into, at);
      at += count;
      return count;
    })) {
      const length = plain.length;
      const id = await outgoing.add(valueTypes.chunk, plain);
      builder.add(id, length);
      while (nodes.length > 0) await outgoing.add(valueTypes.node, nodes.shift() ?? plain);
    }
    const manifest = builder.finish();
    while (nodes.length > 0) {
      const node = nodes.shift();
      if (node !== undefined) await outgoing.add(valueTypes.node, node);
    }
    return manifest;
  } finally {
    codec.giveChunker(chunker);
  }
}

/** Reads `size` bytes, or what there is; asks once where there should be none. Whether there is more by now, the stat afterwards tells. */
function readUpTo(file: OpenFile, into: Uint8Array, size: number): number {
  let length = 0;
  while (length < Math.max(size, 1)) {
    const count = file.read(length === 0 ? into : into.subarray(length), length);
    if (count === 0) break;
    length += count;
  }
  return length;
}
