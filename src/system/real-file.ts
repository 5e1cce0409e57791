import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  readSync,
  writeSync,
  type BigIntStats,
} from 'node:fs';
import { FileError, type FileKind, type FileStat, type OpenFile } from './file-system.ts';
import { secondsForModified } from './modification-time.ts';
import { systemCall, throwUnlessInterrupted } from './system-call.ts';

const BIGINT = { bigint: true } as const;
const KIND_MASK = 0o170000;
const KINDS: Readonly<Record<number, FileKind>> = {
  0o100000: 'file',
  0o040000: 'directory',
  0o120000: 'symlink',
};

/** Node's answer in our words. */
export function fileStat(stats: BigIntStats): FileStat {
  const mode = Number(stats.mode);
  return {
    kind: KINDS[mode & KIND_MASK] ?? 'other',
    size: Number(stats.size),
    allocated: Number(stats.blocks) * 512,
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
    bornNs: stats.birthtimeNs,
    inode: stats.ino,
    device: stats.dev,
    mode: mode & 0o7777,
    links: Number(stats.nlink),
  };
}

/** Closes a descriptor. Interrupted or not it is gone: a second try could close somebody else's. */
export function closeOnce(fd: number, path: string): void {
  try {
    closeSync(fd);
  } catch (error) {
    throwUnlessInterrupted(error, 'close', path);
  }
}

/** An open file descriptor. Closing twice is fine; any other use after closing throws `EBADF`. */
export class RealFile implements OpenFile {
  #fd: number;
  readonly #path: string;

  constructor(fd: number, path: string) {
    this.#fd = fd;
    this.#path = path;
  }

  read(into: Uint8Array, at: number): number {
    const fd = this.#descriptor('read');
    for (;;) {
      try {
        return readSync(fd, into, 0, into.length, at);
      } catch (error) {
        throwUnlessInterrupted(error, 'read', this.#path);
      }
    }
  }

  write(bytes: Uint8Array, at: number): void {
    for (let done = 0; done < bytes.length;) {
      const from = done;
      done += this.#call('write', (fd) =>
        writeSync(fd, bytes, from, bytes.length - from, at + from),
      );
    }
  }

  stat(): FileStat {
    const fd = this.#descriptor('stat');
    for (;;) {
      try {
        return fileStat(fstatSync(fd, BIGINT));
      } catch (error) {
        throwUnlessInterrupted(error, 'stat', this.#path);
      }
    }
  }

  truncate(size: number): void {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new RangeError(`expected a size in bytes, got ${size}`);
    }
    this.#call('truncate', (fd) => ftruncateSync(fd, size));
  }

  setModified(mtimeNs: bigint): void {
    const seconds = secondsForModified(mtimeNs);
    this.#call('set the time of', (fd) => futimesSync(fd, seconds, seconds));
  }

  setMode(mode: number): void {
    this.#call('set the mode of', (fd) => fchmodSync(fd, mode));
  }

  sync(): void {
    this.#call('sync', (fd) => fsyncSync(fd));
  }

  close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    closeOnce(fd, this.#path);
  }

  #call<T>(operation: string, run: (fd: number) => T): T {
    const fd = this.#descriptor(operation);
    return systemCall(operation, this.#path, () => run(fd));
  }

  #descriptor(operation: string): number {
    if (this.#fd < 0) throw new FileError('EBADF', operation, this.#path);
    return this.#fd;
  }
}
