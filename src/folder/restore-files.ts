/**
 * Worker task: sealed values → files. Each file is written under a temporary name beside its place
 * and renamed; no byte reaches a file before its chunk was authenticated and its id recomputed.
 */

import { createHash } from 'node:crypto';
import { asBuffer } from '../bytes.ts';
import type { Manifest } from '../chunking/manifest.ts';
import { readManifest } from '../chunking/manifest-reader.ts';
import { valueTypes } from '../crypto/sealed-value.ts';
import { isVaultError, systemCode, VaultError, type ErrorCode } from '../errors.ts';
import { pathToBytes } from '../path-bytes.ts';
import type { FileStat, FileSystem, OpenFile } from '../system/file-system.ts';
import type { TaskContext } from '../system/worker-pool.ts';
import { contentCodec, type ContentCodec } from './content-codec.ts';
import { isExecutable } from './working-copy-row.ts';

export type Overwrite = 'never' | 'if-changed' | 'always';

export interface RestoreFile {
  readonly name: string;
  readonly manifest: Manifest;
  readonly mtimeNs: bigint;
  readonly executable: boolean;
}

export interface RestoreFilesInput {
  /** Name of the setting that holds the folder's `ContentSecrets`. */
  readonly secrets: string;
  /** Path of the directory, held by the caller until the task ends. */
  readonly directory: string;
  readonly files: readonly RestoreFile[];
  readonly overwrite: Overwrite;
  /** Read back what was written and recompute its ids. */
  readonly verify: boolean;
}

export type RestoredFile =
  | { readonly status: 'written' | 'kept' | 'same' }
  | { readonly status: 'damaged'; readonly message: string }
  | { readonly status: 'failed'; readonly message: string };

/** Asks for sealed values; the answer has them one after another, with the length of each (0: missing). */
export interface ValuesQuestion {
  /** 32 bytes each. */
  readonly ids: Uint8Array;
}
export interface ValuesAnswer {
  readonly bytes: Uint8Array;
  readonly lengths: Uint32Array;
}

const notOfTheFile: ReadonlySet<ErrorCode> = new Set([
  'VAULT_DAMAGED',
  'VAULT_INTERRUPTED',
  'VAULT_CLOSED',
]);
/** Plain bytes asked for at once. */
const BATCH_BYTES = 1024 * 1024;
/** Runs of zeros shorter than this are written out. */
const HOLE_BYTES = 4096;
const zeros = Buffer.alloc(HOLE_BYTES);

/** Restores each file; one file's trouble stops no other. A full disk and a wrong index are thrown. */
export async function restoreFiles(
  input: RestoreFilesInput,
  context: TaskContext,
): Promise<RestoredFile[]> {
  const codec = await contentCodec(context.settings.get(input.secrets));
  const values = new ValueSource(codec, context);
  const todo: number[] = [];
  const results: RestoredFile[] = input.files.map((file, index) => {
    const decided = decideFile(context.fileSystem, input, file);
    if (decided === undefined) todo.push(index);
    return decided ?? { status: 'written' };
  });
  await values.prefetch(
    todo.flatMap((index) => {
      const { manifest } = input.files[index] as RestoreFile;
      return manifest.depth === 0 && manifest.root !== undefined ? [manifest.root] : [];
    }),
  );
  for (const index of todo) {
    const file = input.files[index] as RestoreFile;
    try {
      await writeFile(context.fileSystem, input, file, values);
    } catch (error) {
      const code = systemCode(error);
      if (code === 'ENOSPC' || code === 'EDQUOT') throw error;
      // The index is wrong, which the one who asked can mend; or nobody wants the file any more.
      if (isVaultError(error) && notOfTheFile.has(error.code)) throw error;
      if (isVaultError(error)) results[index] = { status: 'damaged', message: error.message };
      else if (code !== undefined) results[index] = { status: 'failed', message: code };
      else throw error;
    }
  }
  return results;
}

/** What becomes of a file that is not to be written; undefined where it is. */
export function decideFile(
  fileSystem: FileSystem,
  input: Pick<RestoreFilesInput, 'directory' | 'overwrite'>,
  file: RestoreFile,
): RestoredFile | undefined {
  let there: FileStat | undefined;
  try {
    there = fileSystem.statIfPresent(`${input.directory}/${file.name}`);
  } catch (error) {
    return { status: 'failed', message: systemCode(error) ?? String(error) };
  }
  if (there === undefined) return undefined;
  if (there.kind === 'directory') return { status: 'failed', message: 'a directory is in the way' };
  const same =
    there.kind === 'file' &&
    there.size === file.manifest.size &&
    isCloseTime(there.mtimeNs, file.mtimeNs) &&
    isExecutable(there.mode) === file.executable;
  if (input.overwrite === 'always') return undefined;
  if (same) return { status: 'same' };
  return input.overwrite === 'never' ? { status: 'kept' } : undefined;
}

/** Whether two times are one, as far as file systems keep what they were given (1 µs). */
function isCloseTime(a: bigint, b: bigint): boolean {
  const apart = a - b;
  return apart < 1000n && apart > -1000n;
}

/** Temporary name beside `name`: the same each time, so that a later run finds what a killed one left. */
export function temporaryName(name: string): string {
  const hash = createHash('sha256').update(pathToBytes(name)).digest('hex').slice(0, 24);
  return `.vault-${hash}.tmp`;
}

async function writeFile(
  fileSystem: FileSystem,
  input: RestoreFilesInput,
  file: RestoreFile,
  values: ValueSource,
): Promise<void> {
  const temporary = `${input.directory}/${temporaryName(file.name)}`;
  const out = create(fileSystem, temporary, file.executable);
  let done = false;
  try {
    try {
      await writeContent(out, file.manifest, values);
      if (input.verify) await readBack(out, file.manifest, values);
      out.setModified(file.mtimeNs);
    } finally {
      out.close();
    }
    fileSystem.rename(temporary, `${input.directory}/${file.name}`);
    done = true;
  } finally {
    if (!done) fileSystem.removeFile(temporary);
  }
}

function create(fileSystem: FileSystem, path: string, executable: boolean): OpenFile {
  const options = { mode: 'create', permissions: executable ? 0o777 : 0o666 } as const;
  try {
    return fileSystem.open(path, options);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    fileSystem.removeFile(path);
    return fileSystem.open(path, options);
  }
}

async function writeContent(out: OpenFile, manifest: Manifest, values: ValueSource): Promise<void> {
  let end = 0;
  for await (const { offset, plain } of pieces(manifest, values)) {
    end = writeSparse(out, plain, offset);
  }
  if (end < manifest.size) out.truncate(manifest.size);
}

/** Writes all but longer runs of zeros; the end of what was written. */
function writeSparse(out: OpenFile, plain: Uint8Array, offset: number): number {
  const buffer = asBuffer(plain);
  let end = 0;
  let from = 0;
  for (let at = 0; at < buffer.length; at += HOLE_BYTES) {
    const block = buffer.subarray(at, at + HOLE_BYTES);
    if (block.length < HOLE_BYTES || block[0] !== 0 || !block.equals(zeros)) continue;
    if (from < at) out.write(buffer.subarray(from, at), offset + from);
    if (from < at) end = offset + at;
    from = at + HOLE_BYTES;
  }
  if (from < buffer.length) {
    out.write(buffer.subarray(from), offset + from);
    end = offset + buffer.length;
  }
  return end;
}

async function readBack(out: OpenFile, manifest: Manifest, values: ValueSource): Promise<void> {
  for await (const { offset, plain } of pieces(manifest, values)) {
    const found = Buffer.allocUnsafe(plain.length);
    let length = 0;
    while (length < found.length) {
      const count = out.read(found.subarray(length), offset + length);
      if (count === 0) break;
      length += count;
    }
    if (length < found.length || !found.equals(plain)) {
      throw new VaultError('VAULT_IO', 'what was read back differs from what was written');
    }
  }
}

/** The verified content in order. Runs of one chunk are opened once. */
export async function* pieces(
  manifest: Manifest,
  values: ValueSource,
): AsyncGenerator<{ offset: number; plain: Uint8Array }> {
  if (manifest.root === undefined) return;
  if (manifest.depth === 0) {
    const plain = await values.chunk(manifest.root);
    if (plain.length !== manifest.size) throw mismatch();
    yield { offset: 0, plain };
    return;
  }
  let batch: { id: Uint8Array; offset: number; length: number; repeat: number }[] = [];
  let bytes = 0;
  const drain = async function* (): AsyncGenerator<{ offset: number; plain: Uint8Array }> {
    await values.prefetch(batch.map(({ id }) => id));
    for (const leaf of batch) {
      const plain = await values.chunk(leaf.id);
      if (plain.length !== leaf.length) throw mismatch();
      for (let turn = 0; turn < leaf.repeat; turn++) {
        yield { offset: leaf.offset + turn * leaf.length, plain };
      }
    }
    batch = [];
    bytes = 0;
  };
  for await (const leaf of readManifest(manifest, (_level, id) => values.node(id))) {
    batch.push(leaf);
    bytes += leaf.length;
    if (bytes >= BATCH_BYTES) yield* drain();
  }
  yield* drain();
}

function mismatch(): VaultError {
  return new VaultError('VAULT_CHUNK_CORRUPT', 'a chunk has another length than its manifest says');
}

/** Opens values of one folder, asking for many at once. */
export class ValueSource {
  readonly #codec: ContentCodec;
  readonly #context: Pick<TaskContext, 'ask'>;
  #fetched = new Map<string, Uint8Array | undefined>();

  constructor(codec: ContentCodec, context: Pick<TaskContext, 'ask'>) {
    this.#codec = codec;
    this.#context = context;
  }

  /** Fetches these chunks in one question and forgets what was fetched before. */
  async prefetch(ids: readonly Uint8Array[]): Promise<void> {
    this.#fetched = await this.#fetch(ids);
  }

  /** Plain bytes of a chunk. Throws `VAULT_CHUNK_MISSING`, or what opening throws. */
  chunk(id: Uint8Array): Promise<Uint8Array> {
    return this.#open(valueTypes.chunk, id);
  }

  /** Plain bytes of a manifest node, as {@link chunk}. */
  node(id: Uint8Array): Promise<Uint8Array> {
    return this.#open(valueTypes.node, id);
  }

  async #open(type: 1 | 2, id: Uint8Array): Promise<Uint8Array> {
    const key = asBuffer(id).toString('hex');
    const value = this.#fetched.has(key)
      ? this.#fetched.get(key)
      : (await this.#fetch([id])).get(key);
    if (value === undefined) {
      throw new VaultError('VAULT_CHUNK_MISSING', `chunk ${key} is missing`, {
        details: { id: key },
      });
    }
    return this.#codec.open(value, type, id);
  }

  async #fetch(ids: readonly Uint8Array[]): Promise<Map<string, Uint8Array | undefined>> {
    const fetched = new Map<string, Uint8Array | undefined>();
    if (ids.length === 0) return fetched;
    const question: ValuesQuestion = { ids: Buffer.concat(ids) };
    const answer = (await this.#context.ask(question)) as ValuesAnswer;
    let at = 0;
    ids.forEach((id, index) => {
      const length = answer.lengths[index] ?? 0;
      const value = length === 0 ? undefined : answer.bytes.subarray(at, at + length);
      fetched.set(asBuffer(id).toString('hex'), value);
      at += length;
    });
    return fetched;
  }
}
