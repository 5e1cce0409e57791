/**
 * Files and symlinks that are gone from where they were recorded, by what a rename keeps: where one of
 * them turns up again it was moved there. Pure.
 *
 * A rename keeps inode, size and modification time. It changes the change time of what is renamed, and
 * of nothing below a renamed directory. So where that is the same too, nothing touched the content, and
 * it is not read again; where it differs, an edit that put the modification time back could hide behind
 * the rename, and only reading tells.
 */

import { pathToBytes } from '../path-bytes.ts';
import type { FileTraits } from './packed-stats.ts';
import { isSameStat } from './seen-stat.ts';
import {
  eachSeenRow,
  FIXED_ROW_BYTES,
  keptTime,
  readSeenRow,
  rowLength,
  writeSeenRow,
  type SeenEntry,
} from './working-copy-row.ts';

export interface GoneFile {
  /** Which of all. */
  readonly id: number;
  readonly directory: string;
  readonly name: string;
  readonly before: SeenEntry;
}

/** More are not kept in mind: what else was moved is read again, and recorded as new. */
const MOST = 100_000;
/** Bytes of rows in one piece of memory. */
const PIECE_BYTES = 1024 * 1024;

export class GoneFiles {
  readonly #most: number;
  /** Rows, many in a piece: an object for each would take several times as much. */
  readonly #pieces: Buffer[] = [];
  #used = PIECE_BYTES;
  readonly #directories: string[] = [];
  readonly #logs = new Map<string, string>();
  /** By id: its piece, its place there, its directory. */
  readonly #places: number[] = [];
  readonly #byInode = new Map<bigint, number | readonly number[]>();
  #size = 0;
  #isShort = false;

  constructor(most = MOST) {
    this.#most = most;
  }

  /** How many may still turn up. */
  get size(): number {
    return this.#size;
  }

  /** Whether more is gone than is kept in mind. */
  get isShort(): boolean {
    return this.#isShort;
  }

  add(directory: string, name: string, before: SeenEntry): void {
    if (before.kind === 'directory') return;
    if (this.#size >= this.#most) {
      this.#isShort = true;
      return;
    }
    const nameBytes = pathToBytes(name);
    const length = FIXED_ROW_BYTES + nameBytes.length;
    if (this.#used + length > PIECE_BYTES) {
      this.#pieces.push(Buffer.allocUnsafe(PIECE_BYTES));
      this.#used = 0;
    }
    const piece = this.#pieces.length - 1;
    writeSeenRow(this.#pieces[piece] as Buffer, this.#used, nameBytes, before);
    if (this.#directories.at(-1) !== directory) this.#directories.push(directory);
    const id = this.#places.length / 3;
    this.#places.push(piece, this.#used, this.#directories.length - 1);
    this.#used += length;
    const { log } = before.version;
    this.#logs.set(log.slice(0, log.length / 2), log);
    this.#byInode.set(before.inode, joined([...this.#idsOf(before.inode), id]));
    this.#size++;
  }

  /**
   * What may have been moved to this name and was not {@link take}n: of hard links the one of the same
   * name, or else of the same directory, before others.
   */
  find(stat: FileTraits, directory: string, name: string): GoneFile | undefined {
    const ids = this.#idsOf(stat.inode);
    if (ids.length === 0) return undefined;
    const found = ids
      .map((id) => this.#read(id))
      .filter(({ before }) => {
        return (
          before.kind === stat.kind &&
          before.size === stat.size &&
          before.mtimeNs === keptTime(stat.mtimeNs)
        );
      });
    return (
      found.find((file) => file.name === name) ??
      found.find((file) => file.directory === directory) ??
      found[0]
    );
  }

  /** Where something stands at a name again, it was not moved away. Nothing happens if it was {@link take}n. */
  forget(directory: string, name: string, { inode }: SeenEntry): void {
    for (const id of this.#idsOf(inode)) {
      const file = this.#read(id);
      if (file.directory === directory && file.name === name) this.take(file);
    }
  }

  /** Each file was moved to one place at most. Whether it was still to be had. */
  take({ id, before: { inode } }: GoneFile): boolean {
    const ids = this.#idsOf(inode);
    if (!ids.includes(id)) return false;
    this.#size--;
    if (ids.length === 1) this.#byInode.delete(inode);
    else this.#byInode.set(inode, joined(ids.filter((one) => one !== id)));
    return true;
  }

  #idsOf(inode: bigint): readonly number[] {
    const known = this.#byInode.get(inode);
    if (known === undefined) return [];
    return typeof known === 'number' ? [known] : known;
  }

  #read(id: number): GoneFile {
    const [piece = 0, at = 0, directory = 0] = this.#places.slice(id * 3, id * 3 + 3);
    const bytes = this.#pieces[piece] as Buffer;
    let name = '';
    eachSeenRow(bytes.subarray(at, at + rowLength(bytes, at)), (_at, found) => {
      name = found ?? '';
    });
    const before = readSeenRow(bytes, at, (half) => this.#logs.get(half) ?? half);
    return { id, directory: this.#directories[directory] ?? '', name, before };
  }
}

/** Nearly every inode has one name. */
function joined(ids: readonly number[]): number | readonly number[] {
  const [first] = ids;
  return ids.length === 1 && first !== undefined ? first : ids;
}

/** Whether the content of a moved file is beyond doubt what was recorded. */
export function isProved({ before }: GoneFile, stat: FileTraits): boolean {
  return !before.racy && isSameStat(before, stat);
}
