/**
 * The disk of this machine. The only file of `src` that changes it (the databases of `store/` aside).
 *
 * Times: see `modification-time.ts`. Windows and macOS: a held directory is its plain path there, so
 * that a parent swapped for a symlink can redirect what follows; on Linux it cannot.
 */

import {
  chmodSync,
  constants,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmdirSync,
  statfsSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { systemCode } from '../errors.ts';
import { nativePath, pathFromBytes } from '../path-bytes.ts';
import {
  FileError,
  type FileStat,
  type FileSystem,
  type HeldDirectory,
  type OpenFile,
  type OpenOptions,
} from './file-system.ts';
import { makeDirectories } from './make-directories.ts';
import { secondsForModified } from './modification-time.ts';
import { readWhole } from './read-whole.ts';
import { realList } from './real-list.ts';
import { closeOnce, fileStat, RealFile } from './real-file.ts';
import { removeTree } from './remove-tree.ts';
import { systemCall, throwUnlessInterrupted } from './system-call.ts';
import { takeOver } from './take-over.ts';

/** Missing on Windows, whatever the types say. */
const NO_FOLLOW: number = constants.O_NOFOLLOW | 0;
const FLAGS: Readonly<Record<OpenOptions['mode'], number>> = {
  // Not blocking: opening a FIFO must not wait for its other end. Regular files do not care.
  read: constants.O_RDONLY | NO_FOLLOW | (constants.O_NONBLOCK | 0),
  write: constants.O_RDWR | NO_FOLLOW | (constants.O_NONBLOCK | 0),
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW,
};
const DIRECTORY: number = constants.O_RDONLY | (constants.O_DIRECTORY | 0);

/** What systems answer that cannot make a directory durable. */
const CANNOT_SYNC = new Set([
  'EINVAL',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOTTY',
  'EISDIR',
  'EPERM',
  'EBADF',
]);

/** Where this process sees its open descriptors as paths (Linux). */
const DESCRIPTORS = '/proc/self/fd';

export interface RealFileSystemOptions {
  /** Hold directories by their plain paths, as where the system offers nothing better. Default false. */
  readonly holdByPath?: boolean;
}

/** The file system of this machine. Opening a FIFO does not wait: look at `stat` before reading. */
export function realFileSystem({ holdByPath = false }: RealFileSystemOptions = {}): FileSystem {
  const canHold = process.platform === 'linux' && existsSync(DESCRIPTORS);
  return new RealFileSystem(canHold && !holdByPath);
}

class RealFileSystem implements FileSystem {
  readonly #holdsByDescriptor: boolean;

  constructor(holdsByDescriptor: boolean) {
    this.#holdsByDescriptor = holdsByDescriptor;
  }

  stat(path: string): FileStat {
    return systemCall('stat', path, () => fileStat(lstatSync(nativePath(path), { bigint: true })));
  }

  statIfPresent(path: string): FileStat | undefined {
    try {
      const stats = lstatSync(nativePath(path), { bigint: true, throwIfNoEntry: false });
      return stats === undefined ? undefined : fileStat(stats);
    } catch (error) {
      if (systemCode(error) === 'ENOTDIR') return undefined;
      return systemCall('stat', path, () => {
        throw error;
      });
    }
  }

  list(path: string) {
    return systemCall('list', path, () => realList(path));
  }

  open(path: string, options: OpenOptions): OpenFile {
    const { mode, permissions } = options;
    if (NO_FOLLOW === 0 && mode !== 'create' && this.stat(path).kind === 'symlink') {
      throw new FileError('ELOOP', 'open', path);
    }
    const operation = mode === 'create' ? 'create' : 'open';
    const native = nativePath(path);
    for (;;) {
      try {
        return new RealFile(openSync(native, FLAGS[mode], permissions ?? 0o666), path);
      } catch (error) {
        throwUnlessInterrupted(error, operation, path);
      }
    }
  }

  readFile(path: string, limit?: number): Uint8Array {
    return readWhole(this, path, limit);
  }

  makeDirectory(path: string, mode = 0o777): void {
    systemCall('make directory', path, () => mkdirSync(nativePath(path), { mode }));
  }

  makeDirectories(path: string, mode?: number): void {
    makeDirectories(this, path, mode);
  }

  removeDirectory(path: string): void {
    systemCall('remove directory', path, () => rmdirSync(nativePath(path)));
  }

  removeFile(path: string): void {
    systemCall('remove', path, () => unlinkSync(nativePath(path)));
  }

  removeTree(path: string): void {
    removeTree(this, path);
  }

  rename(from: string, to: string): void {
    systemCall('rename', from, () => renameSync(nativePath(from), nativePath(to)));
  }

  link(from: string, to: string): void {
    systemCall('link', to, () => linkSync(nativePath(from), nativePath(to)));
  }

  makeSymlink(target: string, path: string): void {
    systemCall('make symlink', path, () => symlinkSync(nativePath(target), nativePath(path)));
  }

  readSymlink(path: string): string {
    return systemCall('read symlink', path, () =>
      pathFromBytes(readlinkSync(nativePath(path), { encoding: 'buffer' })),
    );
  }

  setModified(path: string, mtimeNs: bigint): void {
    const seconds = secondsForModified(mtimeNs);
    systemCall('set the time of', path, () => lutimesSync(nativePath(path), seconds, seconds));
  }

  setMode(path: string, mode: number): void {
    if (this.#isSymlink(path)) throw new FileError('ELOOP', 'set the mode of', path);
    systemCall('set the mode of', path, () => chmodSync(nativePath(path), mode));
  }

  takeOver(from: string, to: string, names: readonly string[]): void {
    takeOver(from, to, names);
  }

  syncDirectory(path: string): void {
    systemCall('sync', path, () => {
      if (process.platform === 'win32') return;
      const fd = openSync(nativePath(path), DIRECTORY);
      try {
        fsyncSync(fd);
      } catch (error) {
        if (!CANNOT_SYNC.has(systemCode(error) ?? '')) throw error;
      } finally {
        closeOnce(fd, path);
      }
    });
  }

  hold(path: string): HeldDirectory {
    if (!this.#holdsByDescriptor) {
      const { kind } = this.stat(path);
      if (kind !== 'directory') throw new FileError('ENOTDIR', 'hold', path);
      return { path, close: () => undefined };
    }
    const fd = systemCall('hold', path, () => openSync(nativePath(path), DIRECTORY | NO_FOLLOW));
    let open = true;
    return {
      path: `${DESCRIPTORS}/${fd}`,
      close() {
        if (open) closeOnce(fd, path);
        open = false;
      },
    };
  }

  realPath(path: string): string {
    return systemCall('resolve', path, () =>
      pathFromBytes(realpathSync.native(nativePath(path), { encoding: 'buffer' })),
    );
  }

  freeBytes(path: string): number {
    return systemCall('ask for free space of', path, () => {
      const { bavail, bsize } = statfsSync(nativePath(path));
      return bavail * bsize;
    });
  }

  #isSymlink(path: string): boolean {
    return this.statIfPresent(path)?.kind === 'symlink';
  }
}
