import { FileError, type FileSystem } from './file-system.ts';

/** Sizes are only a hint: files of `/proc` say 0, and any file may grow while it is read. */
const SPARE_BYTES = 1024;

/**
 * The whole content of a regular file of at most `limit` bytes. Throws `EFBIG` for more, `EISDIR` for a
 * directory and `EINVAL` for anything else that is not a regular file.
 */
export function readWhole(
  files: Pick<FileSystem, 'open'>,
  path: string,
  limit = Infinity,
): Uint8Array {
  const file = files.open(path, { mode: 'read' });
  try {
    const { kind, size } = file.stat();
    if (kind !== 'file') {
      throw new FileError(kind === 'directory' ? 'EISDIR' : 'EINVAL', 'read', path);
    }
    if (size > limit) throw new FileError('EFBIG', 'read', path);
    let buffer = new Uint8Array(size === 0 ? SPARE_BYTES : size + 1);
    let length = 0;
    for (;;) {
      if (length === buffer.length) {
        const larger = new Uint8Array(2 * buffer.length);
        larger.set(buffer);
        buffer = larger;
      }
      const read = file.read(buffer.subarray(length), length);
      if (read === 0) return buffer.slice(0, length);
      length += read;
      if (length > limit) throw new FileError('EFBIG', 'read', path);
    }
  } finally {
    file.close();
  }
}
