/**
 * Which versions each path has: rows of pointers into the log, grouped by directory, under keyed
 * hashes so that no name lies in the open. A pointer says only where to look; the sealed entry says
 * what is true. Each directory has one sealed count and sum of its pointers, so that a row that was
 * lost or changed is noticed and never read as an absence.
 */

import { crc32 } from 'node:zlib';
import { mapKey, utf8, type Bytes } from '../bytes.ts';
import { hmacSha256, type SecretKey } from '../crypto/hash.ts';
import { openRow, sealRow } from '../crypto/row-seal.ts';
import { VaultError } from '../errors.ts';
import { pathToBytes } from '../path-bytes.ts';
import type { RandomSource } from '../random.ts';
import { directoryOf } from '../folder-path.ts';
import type { MetaOperation, MetaReader } from '../store/meta-store.ts';
import { metaKey, metaPrefix, metaRange } from '../store/meta-keys.ts';
import type { Dot, LogId } from './types.ts';

/** Numbers for logs, so that a pointer needs 2 bytes for one instead of 32. */
export interface LogNumbers {
  number(log: LogId): number;
  log(number: number): LogId | undefined;
}

export interface PathIndexKeys {
  readonly nameKey: SecretKey;
  readonly metaKey: SecretKey;
}

/** A version that is to be found at a path. */
export interface PathPointer {
  readonly path: string;
  readonly dot: Dot;
  /** Whether it is a version of another path, found here because it superseded one of this. */
  readonly isElsewhere?: boolean;
}

/** A version of a path, or one elsewhere that superseded a version of it. */
export interface Pointer {
  /** 16 bytes: which name of the directory. */
  readonly nameKey: Uint8Array;
  readonly dot: Dot;
  /** Whether it is a version of another path. */
  readonly isElsewhere: boolean;
}

interface Summary {
  count: number;
  sum: number;
}

const directoryLabel = utf8('d');
const nameLabel = utf8('n');

/** Values of rows: of a version of the path, and of one elsewhere that superseded such a version. */
const OWN = new Uint8Array(0);
const ELSEWHERE = Uint8Array.of(1);

function rowSum(key: Uint8Array, value: Uint8Array): number {
  // Of nothing, zlib makes a checksum that starts anew where its memory has no address.
  return value.length === 0 ? crc32(key) : crc32(value, crc32(key));
}

export class PathIndex {
  readonly #meta: MetaReader;
  readonly #keys: PathIndexKeys;
  readonly #logs: LogNumbers;
  readonly #random: RandomSource;
  readonly #summaries = new Map<string, Summary>();
  #lastDirectory: { path: string; key: Uint8Array } | undefined;

  constructor(meta: MetaReader, keys: PathIndexKeys, logs: LogNumbers, random: RandomSource) {
    this.#meta = meta;
    this.#keys = keys;
    this.#logs = logs;
    this.#random = random;
  }

  /** 16 bytes that stand for a directory. */
  directoryKey(path: string): Uint8Array {
    if (this.#lastDirectory?.path !== path) {
      const key = hmacSha256(this.#keys.nameKey, directoryLabel, pathToBytes(path)).subarray(0, 16);
      this.#lastDirectory = { path, key };
    }
    return this.#lastDirectory.key;
  }

  /** 16 bytes that stand for a path within its directory. */
  nameKey(path: string): Uint8Array {
    return hmacSha256(this.#keys.nameKey, nameLabel, pathToBytes(path)).subarray(0, 16);
  }

  /**
   * Rows that add versions. `pointers` name the path under which a dot is to be found; none may be
   * given twice.
   */
  async add(pointers: readonly PathPointer[]): Promise<MetaOperation[]> {
    const rows: MetaOperation[] = [];
    const changed = new Map<string, { key: Uint8Array; summary: Summary }>();
    for (const { path, dot, isElsewhere } of pointers) {
      const directory = this.directoryKey(directoryOf(path));
      const key = this.#pointerKey(directory, this.nameKey(path), dot);
      const name = mapKey(directory);
      let entry = changed.get(name);
      if (entry === undefined) {
        entry = { key: directory, summary: await this.#summary(directory) };
        changed.set(name, entry);
      }
      entry.summary.count++;
      const value = isElsewhere === true ? ELSEWHERE : OWN;
      entry.summary.sum = (entry.summary.sum + rowSum(key, value)) >>> 0;
      rows.push({ type: 'put', key, value });
    }
    for (const { key, summary } of changed.values()) rows.push(this.#summaryRow(key, summary));
    return rows;
  }

  /** Forgets what was read or computed; call it only when every row given so far is written. */
  settle(): void {
    this.#summaries.clear();
  }

  /** Rows that make directories known that hold nothing yet. */
  async addDirectories(paths: readonly string[]): Promise<MetaOperation[]> {
    const rows: MetaOperation[] = [];
    for (const path of paths) {
      const key = this.directoryKey(path);
      const known = this.#summaries.has(mapKey(key));
      const summary = await this.#summary(key);
      if (!known && summary.count === 0) rows.push(this.#summaryRow(key, summary));
    }
    return rows;
  }

  /** Whether each of these was added as a version of its path, and is written. */
  async known(pointers: readonly PathPointer[]): Promise<boolean[]> {
    const keys = pointers.map(({ path, dot }) => this.#pointerKeyOf(path, dot));
    return (await this.#meta.getMany(keys)).map((row) => row?.length === OWN.length);
  }

  /** Whether anything was ever recorded in a directory: one look-up. */
  async has(directory: string): Promise<boolean> {
    const key = metaKey(metaPrefix.directory, this.directoryKey(directory));
    return (await this.#meta.get(key)) !== undefined;
  }

  /**
   * All pointers of a directory, or undefined where the directory was never recorded. Throws
   * `VAULT_DAMAGED` where rows are missing or changed: then `meta/` has to be made again.
   */
  async pointers(directory: string): Promise<Pointer[] | undefined> {
    const key = this.directoryKey(directory);
    const sealed = await this.#meta.get(metaKey(metaPrefix.directory, key));
    const pointers: Pointer[] = [];
    let sum = 0;
    for await (const row of this.#meta.scan(metaRange(metaKey(metaPrefix.version, key)))) {
      sum = (sum + rowSum(row.key, row.value)) >>> 0;
      pointers.push(this.#decode(row.key, row.value));
    }
    if (sealed === undefined && pointers.length === 0) return undefined;
    const summary = sealed && this.#openSummary(key, sealed);
    if (summary?.count !== pointers.length || summary.sum !== sum) {
      throw new VaultError('VAULT_DAMAGED', 'the index of a directory is damaged');
    }
    return pointers;
  }

  /** Pointers of one path, unchecked: good enough for finding what a new version supersedes. */
  async pointersOf(path: string): Promise<Pointer[]> {
    const prefix = metaKey(
      metaPrefix.version,
      this.directoryKey(directoryOf(path)),
      this.nameKey(path),
    );
    const pointers: Pointer[] = [];
    for await (const row of this.#meta.scan(metaRange(prefix)))
      pointers.push(this.#decode(row.key, row.value));
    return pointers;
  }

  /** Dots of one log at one path, the last first, unchecked as {@link pointersOf}; read as far as they are taken. */
  async *pointersBack(path: string, log: LogId): AsyncGenerator<Dot> {
    const range = metaRange(this.#pathPrefix(path, log));
    for await (const { key, value } of this.#meta.scan({ ...range, reverse: true })) {
      yield this.#decode(key, value).dot;
    }
  }

  /** As {@link pointersBack}, but the first one first; with `after`, a dot of this log, only what follows it. */
  async *pointersAlong(path: string, log: LogId, after?: Dot): AsyncGenerator<Dot> {
    const { gte, lt } = metaRange(this.#pathPrefix(path, log));
    const from = after === undefined ? gte : this.#pointerKeyOf(path, after);
    for await (const { key, value } of this.#meta.scan({ gte: from, lt })) {
      const { dot } = this.#decode(key, value);
      if (dot.seq !== after?.seq || dot.index !== after.index) yield dot;
    }
  }

  /** How many versions were recorded in a directory, those elsewhere that superseded one among them: one look-up. */
  async count(directory: string): Promise<number> {
    const key = this.directoryKey(directory);
    const sealed = await this.#meta.get(metaKey(metaPrefix.directory, key));
    return sealed === undefined ? 0 : this.#openSummary(key, sealed).count;
  }

  #pathPrefix(path: string, log: LogId): Uint8Array {
    const number = this.#logs.number(log);
    const directory = this.directoryKey(directoryOf(path));
    const bytes = Uint8Array.of(number >> 8, number & 0xff);
    return metaKey(metaPrefix.version, directory, this.nameKey(path), bytes);
  }

  #pointerKeyOf(path: string, dot: Dot): Uint8Array {
    return this.#pointerKey(this.directoryKey(directoryOf(path)), this.nameKey(path), dot);
  }

  #pointerKey(directory: Bytes, name: Bytes, dot: Dot): Uint8Array {
    // From Node's buffer pool: there are many, and each crosses into the database.
    const key = Buffer.allocUnsafe(43);
    key[0] = metaPrefix.version;
    key.set(directory, 1);
    key.set(name, 17);
    key.writeUInt16BE(this.#logs.number(dot.log), 33);
    key.writeUIntBE(dot.seq, 35, 6);
    key.writeUInt16BE(dot.index, 41);
    return key;
  }

  #decode(key: Uint8Array, value: Uint8Array): Pointer {
    const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
    const log = key.length === 43 ? this.#logs.log(view.getUint16(33)) : undefined;
    if (log === undefined) throw new VaultError('VAULT_DAMAGED', 'malformed row of the path index');
    const seq = view.getUint16(35) * 0x1_0000_0000 + view.getUint32(37);
    const dot = { log, seq, index: view.getUint16(41) };
    return { nameKey: key.slice(17, 33), dot, isElsewhere: value.length > 0 };
  }

  async #summary(directory: Uint8Array): Promise<Summary> {
    const name = mapKey(directory);
    let summary = this.#summaries.get(name);
    if (summary === undefined) {
      const sealed = await this.#meta.get(metaKey(metaPrefix.directory, directory));
      summary = sealed === undefined ? { count: 0, sum: 0 } : this.#openSummary(directory, sealed);
      this.#summaries.set(name, summary);
    }
    return summary;
  }

  #openSummary(directory: Uint8Array, sealed: Uint8Array): Summary {
    const plain = openRow(this.#keys.metaKey, metaKey(metaPrefix.directory, directory), sealed);
    const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
    return { count: view.getUint32(0), sum: view.getUint32(4) };
  }

  #summaryRow(directory: Uint8Array, summary: Summary): MetaOperation {
    const plain = new Uint8Array(8);
    const view = new DataView(plain.buffer);
    view.setUint32(0, summary.count);
    view.setUint32(4, summary.sum);
    const key = metaKey(metaPrefix.directory, directory);
    return { type: 'put', key, value: sealRow(this.#keys.metaKey, key, plain, this.#random) };
  }
}
