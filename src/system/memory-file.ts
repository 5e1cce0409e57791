import { FileError, type FileStat, type OpenFile } from './file-system.ts';
import type { FileInode, Inode } from './memory-inode.ts';
import type { MemoryVolume } from './memory-volume.ts';

type Call = Exclude<keyof OpenFile, 'close'>;

/** An open file of a simulated file system. */
export class MemoryFile implements OpenFile {
  readonly #volume: MemoryVolume;
  readonly #path: string;
  readonly #writable: boolean;
  #inode: Inode | undefined;

  constructor(volume: MemoryVolume, path: string, inode: Inode, writable: boolean) {
    this.#volume = volume;
    this.#path = path;
    this.#inode = inode;
    this.#writable = writable;
    inode.handles++;
  }

  read(into: Uint8Array, at: number): number {
    const inode = this.#begin('read');
    if (inode.kind === 'directory') throw new FileError('EISDIR', 'read', this.#path);
    if (inode.kind !== 'file') throw new FileError('ESPIPE', 'read', this.#path);
    return inode.content.read(into, at);
  }

  write(bytes: Uint8Array, at: number): void {
    const inode = this.#beginChange('write', 'EBADF');
    if (bytes.length === 0) return;
    const room = this.#volume.roomInPages();
    const written = this.#volume.changeContent(inode, () => inode.content.write(bytes, at, room));
    if (written < bytes.length) throw new FileError('ENOSPC', 'write', this.#path);
  }

  stat(): FileStat {
    return this.#volume.statOf(this.#begin('stat'));
  }

  truncate(size: number): void {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new RangeError(`expected a size in bytes, got ${size}`);
    }
    const inode = this.#beginChange('truncate', 'EINVAL');
    this.#volume.changeContent(inode, () => inode.content.truncate(size));
  }

  setModified(mtimeNs: bigint): void {
    this.#volume.setModified(this.#begin('setModified'), mtimeNs);
  }

  setMode(mode: number): void {
    this.#volume.setMode(this.#begin('setMode'), mode);
  }

  sync(): void {
    const inode = this.#begin('sync');
    if (inode.kind === 'directory') this.#volume.changes.sync(inode);
    if (inode.kind !== 'file') return;
    inode.content.sync();
    inode.durable = { mode: inode.mode, mtimeNs: inode.mtimeNs };
  }

  close(): void {
    const inode = this.#inode;
    this.#inode = undefined;
    if (!inode) return;
    inode.handles--;
    this.#volume.release(inode);
  }

  #begin(call: Call): Inode {
    const inode = this.#inode;
    if (!inode) throw new FileError('EBADF', call, this.#path);
    this.#volume.before(`file.${call}`, this.#path);
    return inode;
  }

  #beginChange(call: 'write' | 'truncate', codeIfReading: string): FileInode {
    const inode = this.#begin(call);
    if (!this.#writable || inode.kind !== 'file') {
      throw new FileError(codeIfReading, call, this.#path);
    }
    return inode;
  }
}
