import type { Clock } from '../clock.ts';
import { pathToBytes } from '../path-bytes.ts';
import { EntryChanges, type EntryChange } from './entry-changes.ts';
import { FileError, type FileStat, type FileSystem, type OpenFile } from './file-system.ts';
import { MemoryContent } from './memory-content.ts';
import { bytesTaken, INODE_BYTES, type DirectoryInode, type Inode } from './memory-inode.ts';
import { HELD_PREFIX, walkPath, type Place } from './memory-path.ts';
import { PAGE_BYTES } from './sparse-content.ts';

/** A call about to be made: of the file system, or of one of its open files. */
export type MemoryCall =
  | Exclude<keyof FileSystem, 'readFile' | 'removeTree' | 'makeDirectories'>
  | `file.${Exclude<keyof OpenFile, 'close'>}`;

export interface MemoryFileSystemOptions {
  /** Gives the times of files. */
  readonly clock: Clock;
  /** File times are multiples of this many nanoseconds. Default 1; FAT has 2,000,000,000. */
  readonly granularityNs?: bigint;
  /** Which names are one: only equal ones (default), or also those that differ in case, or in case and Unicode form. Names are kept as they were given. */
  readonly names?: 'exact' | 'ignore-case' | 'ignore-case-and-form';
  /** Bytes that inodes and content can take. Default 1 TiB. */
  readonly capacity?: number;
  readonly device?: bigint;
  /**
   * Called before each call with the path it was given (for an open file, the one it was opened by).
   * What it throws is thrown instead of the call: `new FileError('EIO', …)`. It may itself use the file
   * system, as a user racing with us would; those calls are not announced.
   */
  readonly beforeCall?: (call: MemoryCall, path: string) => void;
}

export type VolumeWatcher = (
  directory: DirectoryInode,
  name: string,
  inode: Inode | undefined,
) => void;

/** What outlives a crash besides the tree. */
export interface VolumeState {
  readonly root: DirectoryInode;
  readonly nextInode: bigint;
  readonly used: number;
}

const DEFAULT_CAPACITY = 2 ** 40;
/** What is taken away from the permissions asked for, as by the usual umask. */
const UMASK = 0o022;

/** The inodes of a simulated file system, their times, names and room. */
export class MemoryVolume {
  readonly options: MemoryFileSystemOptions;
  readonly root: DirectoryInode;
  readonly changes = new EntryChanges();
  /** Told each name at which something changed, and what is there now. */
  readonly watchers = new Set<VolumeWatcher>();
  readonly #held = new Map<string, DirectoryInode>();
  #nextHeld = 0;
  #nextInode: bigint;
  #used: number;
  #announcing = false;

  constructor(options: MemoryFileSystemOptions, state?: VolumeState) {
    this.options = options;
    this.#nextInode = state?.nextInode ?? 2n;
    this.#used = state?.used ?? 0;
    this.root = state?.root ?? this.#makeRoot();
  }

  get nextInode(): bigint {
    return this.#nextInode;
  }

  get freeBytes(): number {
    return Math.max(0, (this.options.capacity ?? DEFAULT_CAPACITY) - this.#used);
  }

  roomInPages(): number {
    return Math.floor(this.freeBytes / PAGE_BYTES);
  }

  /** Announces a call to whoever listens. */
  before(call: MemoryCall, path: string): void {
    const { beforeCall } = this.options;
    if (!beforeCall || this.#announcing) return;
    this.#announcing = true;
    try {
      beforeCall(call, path);
    } finally {
      this.#announcing = false;
    }
  }

  walk(operation: string, path: string, followLast = false): Place {
    const walk = { root: this.root, held: this.#held, keyOf: (name: string) => this.keyOf(name) };
    return walkPath(walk, path, followLast, (code) => {
      throw new FileError(code, operation, path);
    });
  }

  keyOf(name: string): string {
    const { names = 'exact' } = this.options;
    if (names === 'exact') return name;
    const folded = name.toLowerCase();
    return names === 'ignore-case' ? folded : folded.normalize('NFC');
  }

  /** Throws `ENOSPC` where not even an empty file fits. */
  makeFile(operation: string, path: string, permissions: number): Inode {
    const base = this.#newInode(operation, path, permissions & ~UMASK);
    const durable = { mode: base.mode, mtimeNs: base.mtimeNs };
    return { ...base, kind: 'file', content: new MemoryContent(), durable };
  }

  makeDirectory(path: string, permissions: number, parent: DirectoryInode): Inode {
    const base = this.#newInode('makeDirectory', path, permissions & ~UMASK);
    return { ...base, kind: 'directory', entries: new Map(), durable: new Map(), parent };
  }

  makeSymlink(path: string, target: string): Inode {
    return { ...this.#newInode('makeSymlink', path, 0o777), kind: 'symlink', target };
  }

  makeOther(path: string): Inode {
    return { ...this.#newInode('open', path, 0o644), kind: 'other' };
  }

  /** Makes a change of names, with all that follows for times, link counts and room. */
  change(change: EntryChange): void {
    const now = this.now();
    for (const { directory, key, before, after } of change) {
      if (after) directory.entries.set(key, after);
      else directory.entries.delete(key);
      if (before) this.#link(before, directory, -1, now);
      if (after) this.#link(after.inode, directory, 1, now);
      directory.mtimeNs = now;
      directory.ctimeNs = now;
    }
    this.changes.add(change);
    for (const { before } of change) if (before) this.release(before);
    for (const tell of this.watchers) {
      for (const { directory, key, after } of change)
        tell(directory, after?.name ?? key, after?.inode);
    }
  }

  /** Frees what an inode takes once neither a name nor a handle leads to it. */
  release(inode: Inode): void {
    if (inode.links === 0 && inode.handles === 0) this.#used -= bytesTaken(inode);
  }

  /** Runs a change of an inode's content and sets its times. */
  changeContent<T>(inode: Inode, run: () => T): T {
    const before = bytesTaken(inode);
    const result = run();
    this.#used += bytesTaken(inode) - before;
    inode.mtimeNs = this.now();
    inode.ctimeNs = inode.mtimeNs;
    this.#tell(inode);
    return result;
  }

  setModified(inode: Inode, mtimeNs: bigint): void {
    inode.mtimeNs = this.#rounded(mtimeNs);
    inode.ctimeNs = this.now();
    this.#tell(inode);
  }

  setMode(inode: Inode, mode: number): void {
    inode.mode = mode & 0o7777;
    inode.ctimeNs = this.now();
    this.#tell(inode);
  }

  hold(directory: DirectoryInode): { path: string; release: () => void } {
    const number = String(this.#nextHeld++);
    this.#held.set(number, directory);
    directory.handles++;
    return {
      path: `${HELD_PREFIX}${number}`,
      release: () => {
        if (!this.#held.delete(number)) return;
        directory.handles--;
        this.release(directory);
      },
    };
  }

  statOf(inode: Inode): FileStat {
    const { kind, number, mtimeNs, ctimeNs, bornNs, mode, links } = inode;
    const [size, allocated] =
      kind === 'file'
        ? [inode.content.size, inode.content.pages * PAGE_BYTES]
        : kind === 'symlink'
          ? [pathToBytes(inode.target).length, 0]
          : kind === 'directory'
            ? [PAGE_BYTES, PAGE_BYTES]
            : [0, 0];
    const device = this.options.device ?? 1n;
    const times = { mtimeNs, ctimeNs, bornNs };
    return { kind, size, allocated, ...times, inode: number, device, mode, links };
  }

  now(): bigint {
    const ms = this.options.clock.wallMs();
    const whole = Math.floor(ms);
    return this.#rounded(BigInt(whole) * 1_000_000n + BigInt(Math.floor((ms - whole) * 1e6)));
  }

  #tell(inode: Inode, directory = this.root): void {
    if (this.watchers.size === 0) return;
    for (const entry of directory.entries.values()) {
      if (entry.inode === inode)
        for (const tell of this.watchers) tell(directory, entry.name, inode);
      if (entry.inode.kind === 'directory') this.#tell(inode, entry.inode);
    }
  }

  #makeRoot(): DirectoryInode {
    const base = { ...this.#newInode('makeDirectory', '/', 0o755), links: 2 };
    const root = { ...base, kind: 'directory' as const, entries: new Map(), durable: new Map() };
    return Object.assign(root, { parent: root as unknown as DirectoryInode });
  }

  #newInode(operation: string, path: string, mode: number): Omit<Inode, 'kind'> {
    if (this.freeBytes < INODE_BYTES) throw new FileError('ENOSPC', operation, path);
    this.#used += INODE_BYTES;
    const now = this.now();
    const number = this.#nextInode++;
    const times = { mtimeNs: now, ctimeNs: now, bornNs: now };
    return { number, mode: mode & 0o7777, ...times, links: 0, handles: 0 };
  }

  #link(inode: Inode, directory: DirectoryInode, count: 1 | -1, now: bigint): void {
    inode.ctimeNs = now;
    if (inode.kind === 'directory') {
      inode.links += 2 * count;
      directory.links += count;
      if (count > 0) inode.parent = directory;
    } else inode.links += count;
  }

  #rounded(ns: bigint): bigint {
    const step = this.options.granularityNs ?? 1n;
    const over = ns % step;
    return over < 0n ? ns - over - step : ns - over;
  }
}
