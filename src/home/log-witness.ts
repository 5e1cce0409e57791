/**
 * Two small files beside a folder's databases that tell when these are an older copy: `sentinel` says which
 * file it is, so that a copy of it says something else than it is; `appended` counts the entries of this
 * node's log, so that databases put back alone are behind it. Neither is synced: one that is lost or
 * torn tells nothing, and is made again.
 */

import { concat, equalBytes, fromHex, readU64be, toHex, u64be, utf8 } from '../bytes.ts';
import { sha256 } from '../crypto/hash.ts';
import { systemCode } from '../errors.ts';
import type { LogId } from '../log/types.ts';
import type { FileStat, FileSystem } from '../system/file-system.ts';
import type { FolderLayout } from './home-layout.ts';

const SENTINEL = concat(utf8('VLTSENT'), new Uint8Array([1]));
const APPENDED = concat(utf8('VLTAPPD'), new Uint8Array([1]));
const SUM_BYTES = 32;

export class LogWitness {
  readonly #fileSystem: FileSystem;
  readonly #layout: FolderLayout;

  constructor(fileSystem: FileSystem, layout: FolderLayout) {
    this.#fileSystem = fileSystem;
    this.#layout = layout;
  }

  /**
   * Whether the sentinel is another file than it was made as. A device that got another number since is
   * told from a copy by the time at which the file was made. False where there is no whole one.
   */
  isCopied(): boolean {
    const made = this.#read(this.#layout.sentinel, SENTINEL, 24);
    if (made === undefined) return false;
    const { inode, device, bornNs } = this.#fileSystem.stat(this.#layout.sentinel);
    if (!equalBytes(made.subarray(0, 8), low64(inode))) return true;
    const isSameDevice = equalBytes(made.subarray(8, 16), low64(device));
    const isSameBirth = bornNs !== 0n && equalBytes(made.subarray(16), low64(bornNs));
    return !isSameDevice && !isSameBirth;
  }

  /** Entries of `log` that were appended at least; undefined where that is not told. */
  count(log: LogId): number | undefined {
    const counted = this.#read(this.#layout.appended, APPENDED, 40);
    if (counted === undefined || toHex(counted.subarray(0, 32)) !== log) return undefined;
    return readU64be(counted, 32);
  }

  /** To be called when so many entries are durable. What the system refuses is left: it may lag behind. */
  note(log: LogId, count: number): void {
    const { appended } = this.#layout;
    this.#write(appended, sealed(APPENDED, concat(fromHex(log), u64be(count))));
  }

  /** Makes a sentinel where there is none. Left for the next time where the system refuses. */
  makeIfMissing(): void {
    if (this.#read(this.#layout.sentinel, SENTINEL, 24) === undefined) this.renew();
  }

  /** Makes a new sentinel: from now on this is the original. */
  renew(): void {
    const { sentinel } = this.#layout;
    attempt(() => {
      this.#fileSystem.removeTree(sentinel);
      const file = this.#fileSystem.open(sentinel, { mode: 'create', permissions: 0o600 });
      try {
        file.write(sealed(SENTINEL, identityOf(file.stat())), 0);
      } finally {
        file.close();
      }
    });
  }

  #write(path: string, bytes: Uint8Array): void {
    attempt(() => {
      const isThere = this.#fileSystem.statIfPresent(path) !== undefined;
      const mode = isThere ? 'write' : 'create';
      const file = this.#fileSystem.open(path, { mode, permissions: 0o600 });
      try {
        file.write(bytes, 0);
      } finally {
        file.close();
      }
    });
  }

  /** What stands between magic and sum; undefined where the file is missing or not whole. */
  #read(path: string, magic: Uint8Array, length: number): Uint8Array | undefined {
    if (this.#fileSystem.statIfPresent(path)?.kind !== 'file') return undefined;
    const bytes = this.#fileSystem.readFile(path, 1024);
    if (bytes.length !== magic.length + length + SUM_BYTES) return undefined;
    const body = bytes.subarray(magic.length, magic.length + length);
    return equalBytes(bytes, sealed(magic, body)) ? body : undefined;
  }
}

function sealed(magic: Uint8Array, body: Uint8Array): Uint8Array {
  const bytes = concat(magic, body);
  return concat(bytes, sha256(bytes));
}

function identityOf({ inode, device, bornNs }: FileStat): Uint8Array {
  return concat(low64(inode), low64(device), low64(bornNs));
}

function low64(value: bigint): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt.asUintN(64, value));
  return out;
}

/** What it would tell is an aid: a full or failing disk must not stop the work that it stands beside. */
function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
}
