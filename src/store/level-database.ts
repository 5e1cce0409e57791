/**
 * One LevelDB with what it lacks: errors with stable codes, a flush that fails when it did not
 * happen, and a handle that can be closed and opened anew under its users.
 *
 * LevelDB 1.20 keeps a background failure for as long as the handle lives, and after a failed write
 * its log may hold a torn record that later ones would hide behind. So one failed write makes this
 * handle refuse all further ones until {@link LevelDatabase.reopen}; reads go on.
 */

import { Mutex } from '../async.ts';
import {
  openHandle,
  ownBytes,
  writeBatch,
  type LevelHandle,
  type LevelIterator,
  type LevelOperation,
  type LevelSettings,
} from './level-handle.ts';
import { closedFailure, noSpaceFailure, storeFailure } from './store-failure.ts';
import { UseGate } from './use-gate.ts';

export interface LevelOpening {
  readonly settings: LevelSettings;
  /**
   * A key that is never used. LevelDB says nothing when a compaction fails, but refuses the next
   * write: deleting that key is the question whether it took place. Default: one beyond all keys.
   */
  readonly probe?: () => Uint8Array;
  /** Bytes free on the device; 0 if unknown. */
  readonly freeBytes?: () => number;
  /** Told when tables may have come or gone. */
  readonly note?: (when: 'running' | 'closing') => void;
}

export interface LevelRange {
  readonly gte: Uint8Array;
  readonly lt: Uint8Array;
  readonly reverse?: boolean;
  readonly limit?: number;
}

export type LevelRow = readonly [key: Uint8Array, value: Uint8Array];

/** Rows of one page at most. */
const PAGE_ROWS = 1000;

/** Bytes an iterator gathers before it hands them over. */
const PAGE_BYTES = 256 * 1024;
/**
 * Bytes read after which the handle is opened anew. LevelDB maps the tables it reads into memory, a
 * thousand of them, and counts that against nothing; only closing it lets go of them.
 */
const MAPPED_BYTES = 16 * 1024 * 1024;
/** What the system maps around a single value, besides it. */
const MAPPED_AROUND = 48 * 1024;
/** What must stay free after a write: room for manifests, logs and deletions. */
const MARGIN_BYTES = 2 * 1024 * 1024;
const WITHOUT_CACHE = { fillCache: false } as const;
/** Sorts after every key in use, so that compacting this point rewrites no table. */
const BEYOND = new Uint8Array(64).fill(0xff);

export class LevelDatabase {
  readonly path: string;
  readonly #opening: Required<LevelOpening>;
  readonly #gate = new UseGate();
  readonly #writing = new Mutex();
  #handle: LevelHandle;
  /** Bytes written since the last flush: at most these are still to be written as tables. */
  #unflushed = 0;
  /** Bytes read since the handle was opened, and the iterators that keep it from being reopened. */
  #mapped = 0;
  #iterators = 0;
  #handlesOpened = 1;
  #failure: Error | undefined;
  #closed = false;

  private constructor(path: string, opening: LevelOpening, handle: LevelHandle) {
    this.path = path;
    this.#opening = {
      probe: () => BEYOND,
      freeBytes: () => 0,
      note: () => undefined,
      ...opening,
    };
    this.#handle = handle;
  }

  /**
   * Opens the database in the directory `path`, creating it if missing.
   * Throws `VAULT_LOCKED`, `VAULT_DAMAGED`, `VAULT_NO_SPACE`, `VAULT_IO`.
   */
  static async open(path: string, opening: LevelOpening): Promise<LevelDatabase> {
    return new LevelDatabase(path, opening, await openHandle(path, opening.settings));
  }

  /** The failure that made this handle refuse writes, if any. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** How many handles this database has had so far. */
  get handlesOpened(): number {
    return this.#handlesOpened;
  }

  /** One look-up in this thread: about 2 µs, where a turn through the thread pool takes 36. */
  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#use('read', async (db) => this.#read(db.getSync(key, WITHOUT_CACHE)));
  }

  /** As {@link get} for each key, in the order asked: for values so small that a turn through the pool costs more. */
  getManyNow(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#use('read', async (db) => {
      const values: (Uint8Array | undefined)[] = [];
      for (const key of keys) values.push(this.#read(db.getSync(key, WITHOUT_CACHE)));
      return values;
    });
  }

  /** Values in the order asked, read in the pool. One unreadable value fails the whole call. */
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#use('read', async (db) =>
      (await db.getMany(keys as Uint8Array[], WITHOUT_CACHE)).map((value) => this.#read(value)),
    );
  }

  /**
   * Applies all operations atomically, after those of earlier calls; with `sync`, durable on return.
   * Throws `VAULT_NO_SPACE` and applies nothing where the device could not take them once more as
   * a table; unlike a failure of LevelDB itself, that leaves the handle as it was.
   */
  write(operations: readonly LevelOperation[], sync: boolean): Promise<void> {
    return this.#writing.run(async () => {
      const bytes = putBytes(operations);
      if (bytes > 0) await this.#assureSpace(bytes);
      this.#unflushed += bytes;
      await this.#change('write to', (db) => writeBatch(db, operations, sync));
    });
  }

  /**
   * Writes what is in memory to a synced table named by a synced manifest, so that everything
   * written before is durable on return, however often the log was rotated meanwhile.
   */
  async flush(): Promise<void> {
    await this.#writing.run(async () => undefined);
    await this.#flushNow();
  }

  /** As {@link flush}, and gives back the space of what was deleted between the two keys. */
  compact(from: Uint8Array, to: Uint8Array): Promise<void> {
    return this.#compactNow('compact', from, to);
  }

  /** Bytes in tables between the two keys; what is only in memory does not count. */
  approximateBytes(from: Uint8Array, to: Uint8Array): Promise<number> {
    return this.#use('measure', (db) => db.approximateSize(from, to));
  }

  /**
   * Pages of rows in key order, as of the call. LevelDB passes over what it cannot read and says so
   * only at the end or at the limit (`VAULT_DAMAGED`): what came before is good, but not all there
   * is, and rows of an unfinished page are lost, so that pages of one row lose none.
   */
  pages(range: LevelRange, rows = PAGE_ROWS): AsyncGenerator<LevelRow[]> {
    const opening = this.#use('read', async (db) => {
      const iterator = db.iterator({ ...range, fillCache: false, highWaterMarkBytes: PAGE_BYTES });
      this.#iterators++;
      return iterator;
    });
    opening.catch(() => undefined); // thrown where the pages are taken, if they ever are
    return this.#pagesOf(opening, rows);
  }

  async *#pagesOf(opening: Promise<LevelIterator>, rows: number): AsyncGenerator<LevelRow[]> {
    const iterator = await opening;
    try {
      for (;;) {
        const page = await this.#use('read', () => iterator.nextv(rows));
        if (page.length === 0) return;
        for (const [, value] of page) this.#mapped += value.length;
        yield page.map(([key, value]) => [ownBytes(key), ownBytes(value)] as const);
      }
    } finally {
      this.#iterators--;
      await iterator.close();
    }
  }

  /**
   * Closes the handle, calls `prepare`, and opens it anew, which forgets a failure; further calls
   * wait. Scans in progress end with `VAULT_CLOSED`. Throws as {@link open}; then every call fails
   * with that until a later reopening succeeds.
   */
  reopen(prepare: () => Promise<void> = async () => undefined): Promise<void> {
    return this.#afterWrites(async () => {
      if (this.#closed) throw closedFailure(this.path);
      await this.#openAnew(prepare);
    });
  }

  /** Waits for calls in progress, then releases everything. Idempotent. */
  close(): Promise<void> {
    return this.#afterWrites(async () => {
      if (this.#closed) return;
      this.#closed = true;
      await this.#handle.close();
      this.#opening.note('closing');
    });
  }

  #flushNow(): Promise<void> {
    return this.#compactNow('flush', BEYOND, BEYOND);
  }

  #compactNow(doing: string, from: Uint8Array, to: Uint8Array): Promise<void> {
    return this.#change(doing, async (db) => {
      const flushing = this.#unflushed;
      await db.compactRange(from, to);
      await db.batch([{ type: 'del', key: this.#opening.probe() }], { sync: false });
      this.#unflushed -= flushing;
      this.#opening.note('running');
    });
  }

  /**
   * Whatever is written must be written once more, from memory to a table, also by the next opening:
   * a log for which there is no such room could not even be opened to delete something.
   */
  async #assureSpace(bytes: number): Promise<void> {
    if (this.#hasRoom(2 * bytes)) return;
    if (this.#unflushed > 0) await this.#flushNow();
    if (!this.#hasRoom(2 * bytes)) throw noSpaceFailure(this.path, 'write to');
  }

  /** Whether `bytes` more and all that is only in memory would fit the device, as far as known. */
  #hasRoom(bytes: number): boolean {
    const { freeBytes, settings } = this.#opening;
    const free = freeBytes();
    const unflushed = Math.min(this.#unflushed, 2 * settings.writeBufferSize);
    return free === 0 || free >= unflushed + bytes + MARGIN_BYTES;
  }

  #change(doing: string, run: (db: LevelHandle) => Promise<void>): Promise<void> {
    return this.#use(doing, async (db) => {
      if (this.#failure) throw this.#failure;
      try {
        await run(db);
      } catch (error) {
        this.#failure ??= storeFailure(error, this.path, doing);
        throw this.#failure;
      }
    });
  }

  #read(value: Uint8Array | undefined): Uint8Array | undefined {
    this.#mapped += value ? value.length + MAPPED_AROUND : 0;
    return value && ownBytes(value);
  }

  /** Opens the handle anew if it has read much, nothing hinders, and there is room for it. */
  async #letGo(): Promise<void> {
    const isDue = (): boolean =>
      this.#mapped > MAPPED_BYTES && this.#iterators === 0 && !this.#closed && !this.#failure;
    if (!isDue() || this.#opening.freeBytes() === 0 || !this.#hasRoom(0)) return;
    await this.#gate.alone(async () => {
      if (isDue()) await this.#openAnew(async () => undefined);
    });
  }

  async #openAnew(prepare: () => Promise<void>): Promise<void> {
    await this.#handle.close();
    try {
      await prepare();
      this.#handle = await openHandle(this.path, this.#opening.settings);
      this.#failure = undefined;
      this.#unflushed = 0;
      this.#mapped = 0;
      this.#handlesOpened++;
    } catch (error) {
      this.#failure = storeFailure(error, this.path, 'reopen');
      throw this.#failure;
    }
  }

  async #use<T>(doing: string, run: (db: LevelHandle) => Promise<T>): Promise<T> {
    if (this.#mapped > MAPPED_BYTES) await this.#letGo();
    return this.#gate.use(async () => {
      if (this.#closed) throw closedFailure(this.path);
      if (this.#handle.status !== 'open') throw this.#failure ?? closedFailure(this.path);
      try {
        return await run(this.#handle);
      } catch (error) {
        throw storeFailure(error, this.path, doing);
      }
    });
  }

  #afterWrites(task: () => Promise<void>): Promise<void> {
    return this.#writing.run(() => this.#gate.alone(task));
  }
}

function putBytes(operations: readonly LevelOperation[]): number {
  let bytes = 0;
  for (const operation of operations) {
    if (operation.type === 'put') bytes += operation.key.length + operation.value.length;
  }
  return bytes;
}
