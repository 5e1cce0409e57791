import assert from 'node:assert/strict';
import type { Bytes } from '../../src/bytes.ts';
import { FileError, type FileSystem } from '../../src/system/file-system.ts';

/** Asserts that `run` throws a `FileError` with this code (one of these), and gives it back. */
export function fails(code: string | readonly string[], run: () => unknown): FileError {
  try {
    run();
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const wanted = typeof code === 'string' ? [code] : code;
    assert.ok(wanted.includes(error.code), `expected ${wanted.join(' or ')}, got ${error.message}`);
    return error;
  }
  throw new assert.AssertionError({ message: `expected ${String(code)}, got no error` });
}

/** Creates a file with this content. */
export function writeFile(files: FileSystem, path: string, content: Bytes): void {
  const file = files.open(path, { mode: 'create' });
  try {
    file.write(content, 0);
  } finally {
    file.close();
  }
}

/** Content of a file, read in one piece. */
export function readAll(files: FileSystem, path: string): Uint8Array {
  return files.readFile(path);
}
