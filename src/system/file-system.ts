/**
 * The file system as it is handed in. Calls are synchronous: bulk file work runs in worker threads,
 * and a simulated file system stays deterministic (docs/decisions/0002).
 *
 * Paths are absolute, in the text form of `path-bytes.ts`. Failures are thrown as `FileError` with
 * the system's code (`ENOENT`, `ENOSPC`, …).
 */

export type FileKind = 'file' | 'directory' | 'symlink' | 'other';

export interface FileStat {
  readonly kind: FileKind;
  /** Bytes. */
  readonly size: number;
  /** Bytes really allocated, as far as the system tells. */
  readonly allocated: number;
  /** Nanoseconds since 1970. */
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  /** When the inode was made; 0 where the system does not tell. */
  readonly bornNs: bigint;
  readonly inode: bigint;
  readonly device: bigint;
  /** Permission bits, 0o7777. */
  readonly mode: number;
  readonly links: number;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly kind: FileKind;
}

export interface OpenOptions {
  /** `read`: must exist. `create`: must not exist (`EEXIST`), read and write. `write`: must exist, read and write. */
  readonly mode: 'read' | 'create' | 'write';
  /** Permission bits for `create`, before the umask. Default 0o666. */
  readonly permissions?: number;
}

/** An open file. Symlinks are never followed at the last component: opening one throws `ELOOP`. */
export interface OpenFile {
  /** Reads into `into` from file offset `at`; the bytes read, 0 at the end. May read less than asked. */
  read(into: Uint8Array, at: number): number;
  /** Writes all of `bytes` at file offset `at`. */
  write(bytes: Uint8Array, at: number): void;
  stat(): FileStat;
  /** Cuts or extends (sparsely) to `size` bytes. */
  truncate(size: number): void;
  /** Sets modification time; systems keep it to about 0.25 µs, coarser on FAT. */
  setModified(mtimeNs: bigint): void;
  setMode(mode: number): void;
  /** Returns once content and size are durable. */
  sync(): void;
  close(): void;
}

/** A held directory: `path` stays this very directory even if somebody renames or replaces it, where the system can. */
export interface HeldDirectory {
  /** Prefix for children: `${path}/${name}`. */
  readonly path: string;
  close(): void;
}

export interface FileSystem {
  /** What is at `path` itself; symlinks are not followed. */
  stat(path: string): FileStat;
  /** As {@link stat}, but undefined where nothing is there (`ENOENT`, `ENOTDIR`). */
  statIfPresent(path: string): FileStat | undefined;
  /** Names in a directory, in no particular order, without `.` and `..`. */
  list(path: string): DirectoryEntry[];
  open(path: string, options: OpenOptions): OpenFile;
  /** Whole content of a regular file of at most `limit` bytes; more throws `EFBIG`. */
  readFile(path: string, limit?: number): Uint8Array;
  /** Creates one directory; `EEXIST` if anything is there. Default mode 0o777 before the umask. */
  makeDirectory(path: string, mode?: number): void;
  /** Creates a directory and missing parents; fine if it is there. */
  makeDirectories(path: string, mode?: number): void;
  removeDirectory(path: string): void;
  /** Removes a file or symlink. */
  removeFile(path: string): void;
  /** Removes whatever is there, with everything below; fine if nothing is. Never follows symlinks. */
  removeTree(path: string): void;
  /** Replaces what is at `to` atomically. */
  rename(from: string, to: string): void;
  /** Hard link; `EEXIST` if anything is at `to`. */
  link(from: string, to: string): void;
  makeSymlink(target: string, path: string): void;
  readSymlink(path: string): string;
  /** Sets modification time of a path without following symlinks. */
  setModified(path: string, mtimeNs: bigint): void;
  setMode(path: string, mode: number): void;
  /**
   * Gives files in the directory `to` what files of the same names in `from` have besides content and
   * times: permission bits but for set-id, and where the system has them and permits it owner, group,
   * access list and extended attributes. What cannot be taken over is left out; nothing is thrown for it.
   */
  takeOver(from: string, to: string, names: readonly string[]): void;
  /** Makes entries of a directory durable where the system can; silently nothing where it cannot. */
  syncDirectory(path: string): void;
  /** Opens a directory, not a symlink to one (`ELOOP` or `ENOTDIR`). */
  hold(path: string): HeldDirectory;
  /** The canonical absolute path: symlinks resolved. */
  realPath(path: string): string;
  /** Bytes free to this user on the file system holding `path`. */
  freeBytes(path: string): number;
}

/** A failed call, with the system's code and the path. */
export class FileError extends Error {
  readonly code: string;
  readonly operation: string;
  readonly path: string;

  constructor(code: string, operation: string, path: string, cause?: unknown) {
    super(
      `${code}: cannot ${operation} ${JSON.stringify(path)}`,
      cause === undefined ? {} : { cause },
    );
    this.name = 'FileError';
    this.code = code;
    this.operation = operation;
    this.path = path;
  }
}
