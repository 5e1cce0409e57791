/**
 * Worker task: sealed values → files. Each file is written under a temporary name beside its place
 * and renamed; no byte reaches a file before its chunk was authenticated and its id recomputed.
 */

import { hash } from 'node:crypto';
import { decodeNode } from '../chunking/manifest-node.ts';
import { isVaultError, systemCode, type ErrorCode } from '../errors.ts';
import { pathToBytes } from '../path-bytes.ts';
import type { FileStat, FileSystem } from '../system/file-system.ts';
import type { TaskContext } from '../system/worker-pool.ts';
import { contentCodec } from './content-codec.ts';
import { rootsOf, unpackFiles, type PackedFiles, type RestoreFile } from './packed-files.ts';
import { tableReader } from './lane-tables.ts';
import { createTemporary, readBack, writeContent } from './write-content.ts';
import { ValueSource, type ValuePlaces } from './value-source.ts';
import { isExecutable } from './working-copy-row.ts';

export type Overwrite = 'never' | 'if-changed' | 'always';

export interface RestoreDirectory {
  /** Held by the caller until the task ends. */
  readonly path: string;
  /** How many files go there. */
  readonly count: number;
  /** Nothing has a name in it yet: it was made for them. Default false. */
  readonly isNew?: boolean;
}

export interface RestoreFilesInput {
  /** Name of the setting that holds the folder's `ContentSecrets`. */
  readonly secrets: string;
  /** Where the files go: the first ones to the first, and so on. */
  readonly directories: readonly RestoreDirectory[];
  readonly files: PackedFiles;
  readonly overwrite: Overwrite;
  /** Read back what was written and recompute its ids. */
  readonly verify: boolean;
  /** Where the roots of the files lie, in order; undefined where values lie in no tables. */
  readonly places?: ValuePlaces;
}

export type RestoredFile =
  | { readonly status: 'written' | 'kept' | 'same' }
  | { readonly status: 'damaged'; readonly message: string }
  | { readonly status: 'failed'; readonly message: string };

const notOfTheFile: ReadonlySet<ErrorCode> = new Set([
  'VAULT_DAMAGED',
  'VAULT_INTERRUPTED',
  'VAULT_CLOSED',
]);
/** Files up to this size have what they need asked for together. */
const SMALL_BYTES = 1024 * 1024;
const WRITTEN: RestoredFile = { status: 'written' };

/** Restores each file; one file's trouble stops no other. A full disk and a wrong index are thrown. */
export async function restoreFiles(
  input: RestoreFilesInput,
  context: TaskContext,
): Promise<RestoredFile[]> {
  const codec = await contentCodec(context.settings.get(input.secrets));
  const { fileSystem } = context;
  const files = unpackFiles(input.files);
  const todo: Todo[] = [];
  const results: RestoredFile[] = [];
  for (const { path, count, isNew = false } of input.directories) {
    for (let left = count; left > 0; left--) {
      const index = results.length;
      const file = files[index] as RestoreFile;
      const at = `${path}/${file.name}`;
      const decided = isNew ? undefined : decideFile(fileSystem, at, input.overwrite, file);
      if (decided === undefined) todo.push({ index, directory: path, file });
      results.push(decided ?? WRITTEN);
    }
  }
  const tables = input.places && tableReader(codec, fileSystem);
  const values = new ValueSource(codec, context, tables);
  try {
    if (input.places !== undefined) values.know(rootsOf(files), input.places);
    await values.prefetch(await firstValues(todo, values));
    await writeFiles(input, fileSystem, values, todo, results);
  } finally {
    tables?.close();
  }
  return results;
}

interface Todo {
  readonly index: number;
  readonly directory: string;
  readonly file: RestoreFile;
}

/** Ids of what small files need, so that all of it is asked for at once: also what their nodes name, where these can be read. */
async function firstValues(todo: readonly Todo[], values: ValueSource): Promise<Uint8Array[]> {
  const ids: Uint8Array[] = [];
  for (const { file } of todo) {
    const { root, depth, size } = file.manifest;
    if (root === undefined) continue;
    if (depth === 0) ids.push(root);
    if (depth !== 1 || size > SMALL_BYTES || !values.readsTables) continue;
    try {
      for (const { id } of decodeNode(1, await values.keepNode(root), root)) ids.push(id);
    } catch (error) {
      // Met again, and told, when it is this file's turn.
      if (!isVaultError(error) || notOfTheFile.has(error.code)) throw error;
    }
  }
  return ids;
}

async function writeFiles(
  input: RestoreFilesInput,
  fileSystem: FileSystem,
  values: ValueSource,
  todo: readonly Todo[],
  results: RestoredFile[],
): Promise<void> {
  for (const { index, directory, file } of todo) {
    try {
      await writeFile(fileSystem, directory, file, values, input.verify);
    } catch (error) {
      results[index] = troubleOf(error);
    }
  }
}

/** What an error says of the file it was met with; throws one that is not of the file alone. */
export function troubleOf(error: unknown): RestoredFile {
  const code = systemCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') throw error;
  // The index is wrong, which the one who asked can mend; or nobody wants the file any more.
  if (isVaultError(error) && notOfTheFile.has(error.code)) throw error;
  if (isVaultError(error)) return { status: 'damaged', message: error.message };
  if (code !== undefined) return { status: 'failed', message: code };
  throw error;
}

/** What becomes of a file at `path` that is not to be written; undefined where it is. */
export function decideFile(
  fileSystem: FileSystem,
  path: string,
  overwrite: Overwrite,
  file: RestoreFile,
): RestoredFile | undefined {
  let there: FileStat | undefined;
  try {
    there = fileSystem.statIfPresent(path);
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
  if (overwrite === 'always') return undefined;
  if (same) return { status: 'same' };
  return overwrite === 'never' ? { status: 'kept' } : undefined;
}

/** Whether two times are one, as far as file systems keep what they were given (1 µs). */
function isCloseTime(a: bigint, b: bigint): boolean {
  const apart = a - b;
  return apart < 1000n && apart > -1000n;
}

/** Temporary name beside `name`: the same each time, so that a later run finds what a killed one left. */
export function temporaryName(name: string): string {
  const text = hash('sha256', pathToBytes(name), 'hex').slice(0, 24);
  return `.vault-${text}.tmp`;
}

async function writeFile(
  fileSystem: FileSystem,
  directory: string,
  file: RestoreFile,
  values: ValueSource,
  verify: boolean,
): Promise<void> {
  const temporary = `${directory}/${temporaryName(file.name)}`;
  const out = createTemporary(fileSystem, temporary, file.executable);
  let done = false;
  try {
    try {
      const end = await writeContent(out, file.manifest, values);
      if (end < file.manifest.size) out.truncate(file.manifest.size);
      if (verify) await readBack(out, file.manifest, values);
      out.setModified(file.mtimeNs);
    } finally {
      out.close();
    }
    fileSystem.rename(temporary, `${directory}/${file.name}`);
    done = true;
  } finally {
    if (!done) fileSystem.removeFile(temporary);
  }
}
