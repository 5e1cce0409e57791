/** Stats of many files in one piece of memory that moves between threads. */

import type { FileStat } from '../system/file-system.ts';
import { keptTime } from './working-copy-row.ts';

/** What of a stat tells whether a file was changed or moved. */
export type FileTraits = Pick<FileStat, 'kind' | 'size' | 'mtimeNs' | 'ctimeNs' | 'inode' | 'mode'>;

const FIELDS = 5;

/** Gathers stats of files by name. */
export class StatPacker {
  readonly #places = new Map<string, number>();
  #fields = new BigInt64Array(0);

  add(name: string, { size, mtimeNs, ctimeNs, inode, mode }: FileTraits): void {
    const at = this.#places.size * FIELDS;
    this.#places.set(name, at);
    if (at + FIELDS > this.#fields.length) {
      const larger = new BigInt64Array(Math.max(16 * FIELDS, this.#fields.length * 2));
      larger.set(this.#fields);
      this.#fields = larger;
    }
    const times = [keptTime(mtimeNs), keptTime(ctimeNs)];
    this.#fields.set([BigInt(size), ...times, BigInt.asIntN(64, inode), BigInt(mode)], at);
  }

  /** The stats of these names, in this order; empty where none was added. Each must have been, else. */
  pack(names: readonly string[]): BigInt64Array {
    if (this.#places.size === 0) return new BigInt64Array(0);
    const packed = new BigInt64Array(names.length * FIELDS);
    for (const [index, name] of names.entries()) {
      const at = this.#places.get(name) ?? 0;
      packed.set(this.#fields.subarray(at, at + FIELDS), index * FIELDS);
    }
    return packed;
  }
}

/** What {@link StatPacker.pack} has at an index, as far as rows keep it; undefined where nothing was packed. */
export function packedStat(packed: BigInt64Array, index: number): FileTraits | undefined {
  const [size, mtimeNs, ctimeNs, inode, mode] = packed.subarray(
    index * FIELDS,
    (index + 1) * FIELDS,
  );
  if (size === undefined || mtimeNs === undefined || ctimeNs === undefined) return undefined;
  if (inode === undefined || mode === undefined) return undefined;
  return {
    kind: 'file',
    size: Number(size),
    mtimeNs,
    ctimeNs,
    inode: BigInt.asUintN(64, inode),
    mode: Number(mode),
  };
}
