import type { RandomSource } from '../random.ts';
import {
  FileError,
  type DirectoryEntry,
  type FileStat,
  type FileSystem,
  type HeldDirectory,
  type OpenFile,
  type OpenOptions,
} from './file-system.ts';
import { makeDirectories } from './make-directories.ts';
import { volumeAfterCrash } from './memory-crash.ts';
import { MemoryFile } from './memory-file.ts';
import type { DirectoryInode, Inode } from './memory-inode.ts';
import { checkAbsolute, type Place } from './memory-path.ts';
import { MemoryVolume, type MemoryFileSystemOptions, type VolumeWatcher } from './memory-volume.ts';
import { readWhole } from './read-whole.ts';
import { removeTree } from './remove-tree.ts';

const SET_ID = 0o6000;

/**
 * A simulated file system: as Linux for the superuser under umask 022, deterministic, with crashes. Its
 * root is `/`. Permissions are kept, not enforced. Times come from the clock and stand still if it does.
 */
export class MemoryFileSystem implements FileSystem {
  readonly #volume: MemoryVolume;

  constructor(options: MemoryFileSystemOptions | MemoryVolume) {
    this.#volume = options instanceof MemoryVolume ? options : new MemoryVolume(options);
  }

  /**
   * The file system as found after a power cut now; this one stays as it is. What was synced is there:
   * content by a file's `sync`, names by `syncDirectory` of their directory. Each other write may be
   * whole, torn or missing, each other creation, removal and rename done or not, as `random` decides;
   * always as a tree in which no file or directory that was durable is lost to a rename. `options` are
   * those of the machine that is then started, as far as they differ.
   */
  crash(random: RandomSource, options: Partial<MemoryFileSystemOptions> = {}): MemoryFileSystem {
    return new MemoryFileSystem(volumeAfterCrash(this.#volume, random, options));
  }

  /** Puts something there that is no file, directory or symlink. */
  makeOther(path: string): void {
    const place = this.#newPlace('open', path, this.#walk('open', path));
    this.#enter(place, this.#volume.makeOther(path));
  }

  /**
   * Calls `tell` with the path of each name at which something changes from now on, and whether a directory
   * is there; the returned function ends that.
   */
  watch(tell: (path: string, isDirectory: boolean) => void): () => void {
    const watcher: VolumeWatcher = (directory, name, inode) => {
      const above = directory === this.#volume.root ? '' : pathOf(directory);
      tell(`${above}/${name}`, inode?.kind === 'directory');
    };
    this.#volume.watchers.add(watcher);
    return () => this.#volume.watchers.delete(watcher);
  }

  stat(path: string): FileStat {
    this.#volume.before('stat', path);
    return this.#volume.statOf(this.#present('stat', path));
  }

  statIfPresent(path: string): FileStat | undefined {
    this.#volume.before('statIfPresent', path);
    try {
      const { inode } = this.#walk('stat', path);
      return inode && this.#volume.statOf(inode);
    } catch (error) {
      const isAbsent = error instanceof FileError && ['ENOENT', 'ENOTDIR'].includes(error.code);
      if (isAbsent) return undefined;
      throw error;
    }
  }

  list(path: string): DirectoryEntry[] {
    this.#volume.before('list', path);
    const { entries } = this.#directory('list', path, true);
    return Array.from(entries.values(), ({ name, inode }) => ({ name, kind: inode.kind }));
  }

  open(path: string, { mode, permissions = 0o666 }: OpenOptions): OpenFile {
    this.#volume.before('open', path);
    if (mode === 'create') {
      const place = this.#newPlace('create', path, this.#walk('create', path));
      const inode = this.#volume.makeFile('create', path, permissions);
      this.#enter(place, inode);
      return new MemoryFile(this.#volume, path, inode, true);
    }
    const inode = this.#present('open', path);
    if (inode.kind === 'symlink') throw new FileError('ELOOP', 'open', path);
    if (inode.kind === 'directory' && mode === 'write') {
      throw new FileError('EISDIR', 'open', path);
    }
    return new MemoryFile(this.#volume, path, inode, mode === 'write');
  }

  readFile(path: string, limit?: number): Uint8Array {
    return readWhole(this, path, limit);
  }

  makeDirectory(path: string, mode = 0o777): void {
    this.#volume.before('makeDirectory', path);
    const place = this.#newPlace('make directory', path, this.#walk('make directory', path));
    this.#enter(place, this.#volume.makeDirectory(path, mode, place.directory));
  }

  makeDirectories(path: string, mode?: number): void {
    makeDirectories(this, path, mode);
  }

  removeDirectory(path: string): void {
    this.#volume.before('removeDirectory', path);
    const place = this.#walk('remove directory', path);
    const fail = (code: string): FileError => new FileError(code, 'remove directory', path);
    if (!place.inode) throw fail('ENOENT');
    if (place.inode === this.#volume.root) throw fail('EBUSY');
    if (place.name === '.') throw fail('EINVAL');
    if (place.inode.kind !== 'directory') throw fail('ENOTDIR');
    if (place.inode.entries.size > 0) throw fail('ENOTEMPTY');
    this.#leave(place, place.inode);
  }

  removeFile(path: string): void {
    this.#volume.before('removeFile', path);
    const place = this.#walk('remove', path);
    if (!place.inode) throw new FileError('ENOENT', 'remove', path);
    if (place.inode.kind === 'directory') throw new FileError('EISDIR', 'remove', path);
    this.#leave(place, place.inode);
  }

  removeTree(path: string): void {
    removeTree(this, path);
  }

  rename(from: string, to: string): void {
    this.#volume.before('rename', from);
    const source = this.#walk('rename', from);
    const target = this.#walk('rename', to);
    const { inode } = source;
    const fail = (code: string): FileError => new FileError(code, 'rename', from);
    if (source.name === '.' || target.name === '.') throw fail('EBUSY');
    if (!inode) throw fail('ENOENT');
    if (isWithin(target.directory, inode)) throw fail('EINVAL');
    if (target.inode && isWithin(source.directory, target.inode)) throw fail('ENOTEMPTY');
    const left = { ...this.#slot(source), before: inode, after: undefined };
    const taken = {
      ...this.#slot(target),
      before: target.inode,
      after: { name: target.name, inode },
    };
    if (inode === target.inode) {
      // Two names of one file stay; two spellings of one name are a change.
      const sameName = left.directory === taken.directory && left.key === taken.key;
      if (sameName && source.name !== target.name) this.#volume.change([taken]);
      return;
    }
    checkReplaceable(inode, target.inode, fail);
    if (target.directory.links === 0) throw fail('ENOENT');
    this.#volume.change([left, taken]);
  }

  link(from: string, to: string): void {
    this.#volume.before('link', to);
    const inode = this.#present('link', from);
    const place = this.#newPlace('link', to, this.#walk('link', to));
    if (inode.kind === 'directory') throw new FileError('EPERM', 'link', to);
    this.#enter(place, inode);
  }

  makeSymlink(target: string, path: string): void {
    this.#volume.before('makeSymlink', path);
    if (target === '') throw new FileError('ENOENT', 'make symlink', path);
    const place = this.#newPlace('make symlink', path, this.#walk('make symlink', path));
    this.#enter(place, this.#volume.makeSymlink(path, target));
  }

  readSymlink(path: string): string {
    this.#volume.before('readSymlink', path);
    const inode = this.#present('read symlink', path);
    if (inode.kind !== 'symlink') throw new FileError('EINVAL', 'read symlink', path);
    return inode.target;
  }

  setModified(path: string, mtimeNs: bigint): void {
    this.#volume.before('setModified', path);
    this.#volume.setModified(this.#present('set the time of', path), mtimeNs);
  }

  setMode(path: string, mode: number): void {
    this.#volume.before('setMode', path);
    const inode = this.#present('set the mode of', path);
    if (inode.kind === 'symlink') throw new FileError('ELOOP', 'set the mode of', path);
    this.#volume.setMode(inode, mode);
  }

  takeOver(from: string, to: string, names: readonly string[]): void {
    this.#volume.before('takeOver', from);
    for (const name of names) {
      const source = this.#walk('take over', `${from}/${name}`).inode;
      const target = this.#walk('take over', `${to}/${name}`).inode;
      if (source?.kind === 'file' && target?.kind === 'file') {
        this.#volume.setMode(target, source.mode & ~SET_ID);
      }
    }
  }

  syncDirectory(path: string): void {
    this.#volume.before('syncDirectory', path);
    this.#volume.changes.sync(this.#directory('sync', path, true));
  }

  hold(path: string): HeldDirectory {
    this.#volume.before('hold', path);
    const held = this.#volume.hold(this.#directory('hold', path, false));
    return { path: held.path, close: held.release };
  }

  realPath(path: string): string {
    this.#volume.before('realPath', path);
    const place = this.#walk('resolve', path, true);
    if (!place.inode || place.inode.links === 0) throw new FileError('ENOENT', 'resolve', path);
    if (place.name === '.') return pathOf(place.directory);
    const name = place.directory.entries.get(this.#volume.keyOf(place.name))?.name ?? place.name;
    return `${place.directory === this.#volume.root ? '' : pathOf(place.directory)}/${name}`;
  }

  freeBytes(path: string): number {
    this.#volume.before('freeBytes', path);
    this.#present('ask for free space of', path, true);
    return this.#volume.freeBytes;
  }

  #walk(operation: string, path: string, followLast = false): Place {
    checkAbsolute(path);
    return this.#volume.walk(operation, path, followLast);
  }

  #present(operation: string, path: string, followLast = false): Inode {
    const { inode } = this.#walk(operation, path, followLast);
    if (!inode) throw new FileError('ENOENT', operation, path);
    return inode;
  }

  #directory(operation: string, path: string, followLast: boolean): DirectoryInode {
    const inode = this.#present(operation, path, followLast);
    if (inode.kind !== 'directory') throw new FileError('ENOTDIR', operation, path);
    return inode;
  }

  /** A place for something new. */
  #newPlace(operation: string, path: string, place: Place): Place {
    if (place.inode) throw new FileError('EEXIST', operation, path);
    if (place.directory.links === 0) throw new FileError('ENOENT', operation, path);
    return place;
  }

  #slot(place: Place): { directory: DirectoryInode; key: string } {
    return { directory: place.directory, key: this.#volume.keyOf(place.name) };
  }

  #enter(place: Place, inode: Inode): void {
    const after = { name: place.name, inode };
    this.#volume.change([{ ...this.#slot(place), before: undefined, after }]);
  }

  #leave(place: Place, inode: Inode): void {
    this.#volume.change([{ ...this.#slot(place), before: inode, after: undefined }]);
  }
}

function checkReplaceable(
  inode: Inode,
  replaced: Inode | undefined,
  fail: (code: string) => FileError,
): void {
  if (!replaced) return;
  if (inode.kind === 'directory') {
    if (replaced.kind !== 'directory') throw fail('ENOTDIR');
    if (replaced.entries.size > 0) throw fail('ENOTEMPTY');
  } else if (replaced.kind === 'directory') throw fail('EISDIR');
}

/** Whether `directory` is `ancestor` or below it. */
function isWithin(directory: DirectoryInode, ancestor: Inode): boolean {
  for (let at = directory; ; at = at.parent) {
    if (at === ancestor) return true;
    if (at === at.parent) return false;
  }
}

function pathOf(directory: DirectoryInode): string {
  const names: string[] = [];
  for (let at = directory; at !== at.parent; at = at.parent) {
    for (const { name, inode } of at.parent.entries.values()) if (inode === at) names.push(name);
  }
  return `/${names.reverse().join('/')}`;
}
