/** A large file on its way to its place: in parts, each written by whichever lane is free. */

import { packFiles, type RestoreFile } from '../folder/packed-files.ts';
import {
  decideFile,
  temporaryName,
  troubleOf,
  type Overwrite,
  type RestoredFile,
} from '../folder/restore-files.ts';
import type { RestorePartInput } from '../folder/restore-part.ts';
import { createTemporary } from '../folder/write-content.ts';
import type { FileSystem } from '../system/file-system.ts';
import type { WorkerPool } from '../system/worker-pool.ts';
import type { ValuePlaces } from '../folder/value-source.ts';

/** Files from this size on are restored in parts. */
export const LARGE_BYTES = 64 * 1024 * 1024;
export const PART_BYTES = 32 * 1024 * 1024;

export interface LargeFileParts {
  readonly fileSystem: FileSystem;
  readonly pool: WorkerPool;
  /** Name of the setting that holds the folder's `ContentSecrets`. */
  readonly secrets: string;
  readonly overwrite: Overwrite;
  readonly verify: boolean;
  /** Bytes that a lane takes at once. */
  readonly partBytes: number;
  /** Where the root lies; undefined where values lie in no tables. */
  readonly places: ValuePlaces | undefined;
  readonly answer: (question: unknown) => Promise<unknown>;
}

/**
 * Restores one file to the held directory, under a temporary name until it is whole. On return nothing
 * writes to it any more, and nothing of it is left unless it was written. Throws what is not of this
 * file alone.
 */
export async function restoreLargeFile(
  directory: string,
  file: RestoreFile,
  parts: LargeFileParts,
): Promise<RestoredFile> {
  const { fileSystem } = parts;
  const path = `${directory}/${file.name}`;
  const decided = decideFile(fileSystem, path, parts.overwrite, file);
  if (decided !== undefined) return decided;
  const temporary = `${directory}/${temporaryName(file.name)}`;
  let isCreated = false;
  try {
    const made = createTemporary(fileSystem, temporary, file.executable);
    isCreated = true;
    try {
      // What ends in a hole can be read back only within the file. Else it gets its size last: some
      // file systems write zeros for it.
      if (parts.verify) made.truncate(file.manifest.size);
    } finally {
      made.close();
    }
    const trouble = await writeParts(temporary, file, parts);
    if (trouble !== undefined) return trouble;
    const out = fileSystem.open(temporary, { mode: 'write' });
    try {
      if (out.stat().size < file.manifest.size) out.truncate(file.manifest.size);
      out.setModified(file.mtimeNs);
    } finally {
      out.close();
    }
    fileSystem.rename(temporary, path);
    isCreated = false;
    return { status: 'written' };
  } catch (error) {
    return troubleOf(error);
  } finally {
    if (isCreated) fileSystem.removeFile(temporary);
  }
}

/** The first trouble that a part met: then those that were not begun stay undone. */
async function writeParts(
  path: string,
  file: RestoreFile,
  { pool, secrets, verify, partBytes, places, answer }: LargeFileParts,
): Promise<RestoredFile | undefined> {
  const { size } = file.manifest;
  const packed = packFiles([file]);
  let next = 0;
  let trouble: RestoredFile | undefined;
  const write = async (): Promise<void> => {
    while (next < size && trouble === undefined) {
      const start = next;
      const end = Math.min(size, start + partBytes);
      next = end;
      const input = { secrets, path, file: packed, verify, start, end };
      const result = await pool.run<RestorePartInput, RestoredFile>(
        'restorePart',
        places === undefined ? input : { ...input, places },
        { ask: answer },
      );
      if (result.status !== 'written') trouble ??= result;
    }
  };
  // All are waited for: none may write to a file that was given up.
  const writers = Array.from({ length: pool.lanes + 1 }, () =>
    write().catch((error: unknown) => {
      next = size;
      throw error;
    }),
  );
  const ended = await Promise.allSettled(writers);
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
  return trouble;
}
