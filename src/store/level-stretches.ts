/** The databases of a chunk store, each for a stretch of sequence numbers, and which of them has what. */

import { u64be } from '../bytes.ts';
import type { FileSystem } from '../system/file-system.ts';
import type { ChunkWrite } from './chunk-store.ts';
import type { LevelDatabase } from './level-database.ts';
import type { LevelOperation, LevelSettings } from './level-handle.ts';
import { RepairableLevel } from './level-repair.ts';
import { edge } from './level-scan.ts';

/** One database, from its first sequence number to before the next one's. */
export interface Stretch {
  readonly first: number;
  readonly level: RepairableLevel;
  readonly database: LevelDatabase;
  /** The greatest sequence number ever written here, as far as known. */
  last: number;
  bytes: number;
  /** Whether a write without sync ended since the last barrier began. */
  unsynced: boolean;
}

export interface StretchesOptions {
  /** Bytes after which a new database is begun. */
  readonly databaseBytes: number;
  readonly settings: LevelSettings;
  /** Looks at every table before it is used, also those known to be sound. */
  readonly checkAll: boolean;
}

/** Beyond every sequence number. */
export const END = Number.MAX_SAFE_INTEGER;
const DATABASE_NAME = /^00[01][0-9a-f]{13}$/;

export class LevelStretches {
  readonly #fs: FileSystem;
  readonly #path: string;
  readonly #options: StretchesOptions;
  /** In order; once opened never empty, and the first begins at 0. */
  readonly #all: Stretch[] = [];

  /** Of the store in the directory `path`; {@link open} opens it. */
  constructor(fs: FileSystem, path: string, options: StretchesOptions) {
    this.#fs = fs;
    this.#path = path;
    this.#options = options;
  }

  /** Opens all databases there are, at least one. Throws as `RepairableLevel.open`. */
  async open(): Promise<void> {
    const firsts = new Set([0]);
    for (const { name, kind } of this.#fs.list(this.#path)) {
      if (kind === 'directory' && DATABASE_NAME.test(name)) firsts.add(Number.parseInt(name, 16));
    }
    for (const first of [...firsts].sort((a, b) => a - b)) await this.#begin(first);
  }

  get all(): readonly Stretch[] {
    return this.#all;
  }

  /** The stretches that have numbers in `from` … `to`, and which. */
  *within(from: number, to: number): Generator<Stretch & { begin: number; end: number }> {
    for (const [index, stretch] of [...this.#all].entries()) {
      const end = Math.min(to, this.#all[index + 1]?.first ?? END);
      const begin = Math.max(from, stretch.first);
      if (begin < end) yield { ...stretch, begin, end };
    }
  }

  async #begin(first: number): Promise<void> {
    const path = `${this.#path}/${first.toString(16).padStart(16, '0')}`;
    const begun: { stretch?: Stretch } = {};
    const level = await RepairableLevel.open(
      this.#fs,
      path,
      { settings: this.#options.settings, probe: () => probeKey(begun.stretch?.last ?? first) },
      { derived: false, checkAll: this.#options.checkAll },
    );
    const { database } = level;
    const last = await edge(database, first, END, true);
    const bytes = await database.approximateBytes(u64be(0), u64be(END));
    begun.stretch = { first, level, database, last: last?.seq ?? first, bytes, unsynced: true };
    this.#all.push(begun.stretch);
  }

  /** The stretch `seq` belongs to. Throws `RangeError` if it is no sequence number. */
  of(seq: number): Stretch {
    if (!Number.isSafeInteger(seq) || seq < 0 || seq === END) {
      throw new RangeError(`expected a sequence number, got ${seq}`);
    }
    for (let at = this.#all.length - 1; at >= 0; at--) {
      const stretch = this.#all[at];
      if (stretch !== undefined && stretch.first <= seq) return stretch;
    }
    throw new RangeError('expected an open store');
  }

  /** Begins a new database if the newest is full and all values to put lie behind it. */
  async makeRoom({ puts = [] }: ChunkWrite): Promise<void> {
    if (puts.length === 0) return;
    let first = END;
    for (const { seq } of puts) first = Math.min(first, seq);
    const newest = this.#all.at(-1);
    if (newest && newest.bytes >= this.#options.databaseBytes && first > newest.last)
      await this.#begin(first);
  }

  /** What of a batch goes to which database. */
  split({ puts = [], deletes = [] }: ChunkWrite): Map<Stretch, LevelOperation[]> {
    const parts = new Map<Stretch, LevelOperation[]>();
    for (const seq of deletes) {
      partOf(parts, this.of(seq)).push({ type: 'del', key: u64be(seq) });
    }
    for (const { seq, value } of puts) {
      const stretch = this.of(seq);
      partOf(parts, stretch).push({ type: 'put', key: u64be(seq), value });
      stretch.last = Math.max(stretch.last, seq);
      stretch.bytes += value.length;
    }
    return parts;
  }
}

function partOf(parts: Map<Stretch, LevelOperation[]>, stretch: Stretch): LevelOperation[] {
  let part = parts.get(stretch);
  if (part === undefined) {
    part = [];
    parts.set(stretch, part);
  }
  return part;
}

/** Just behind the last value: deleting it makes no table overlap another, and no value has it. */
function probeKey(last: number): Uint8Array {
  const key = new Uint8Array(9);
  key.set(u64be(last));
  return key;
}
