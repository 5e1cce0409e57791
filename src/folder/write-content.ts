/** Contents into files, sparse where they are zeros. */

import { asBuffer } from '../bytes.ts';
import type { Manifest } from '../chunking/manifest.ts';
import { systemCode, VaultError } from '../errors.ts';
import type { FileSystem, OpenFile } from '../system/file-system.ts';
import { contentPieces, type ContentRange } from './content-pieces.ts';
import type { ValueSource } from './value-source.ts';

/** Runs of zeros shorter than this are written out. */
const HOLE_BYTES = 4096;
const zeros = Buffer.alloc(HOLE_BYTES);

/** A new file for the content, where one of an earlier run may lie. */
export function createTemporary(
  fileSystem: FileSystem,
  path: string,
  executable: boolean,
): OpenFile {
  const options = { mode: 'create', permissions: executable ? 0o777 : 0o666 } as const;
  try {
    return fileSystem.open(path, options);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    fileSystem.removeFile(path);
    return fileSystem.open(path, options);
  }
}

/** Writes what of the content begins in the range; long runs of zeros stay holes. The end of what was written. */
export async function writeContent(
  out: OpenFile,
  manifest: Manifest,
  values: ValueSource,
  range?: ContentRange,
): Promise<number> {
  let end = 0;
  for await (const { offset, plain } of contentPieces(manifest, values, range)) {
    end = writeSparse(out, plain, offset);
  }
  return end;
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

/** Throws `VAULT_IO` where the file does not hold what was written. */
export async function readBack(
  out: OpenFile,
  manifest: Manifest,
  values: ValueSource,
  range?: ContentRange,
): Promise<void> {
  for await (const { offset, plain } of contentPieces(manifest, values, range)) {
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
