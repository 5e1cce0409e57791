/**
 * Values between being staged and lying in `chunks/`: numbered, gathered into batches, written in order,
 * readable all the while. After a failed write nothing more is taken.
 */

import { Semaphore } from '../async.ts';
import type { ChunkStore } from './chunk-store.ts';

/** Staged bytes that go to `chunks/` as one unsynced batch. */
const WRITE_BYTES = 1024 * 1024;
/** Bytes on their way to `chunks/` before staging waits. */
const IN_FLIGHT_BYTES = 4 * 1024 * 1024;

export interface StagedValue {
  readonly seq: number;
  readonly value: Uint8Array;
}

export class StagedValues {
  readonly #chunks: ChunkStore;
  #nextSeq: number;
  #buffer: StagedValue[] = [];
  #bufferBytes = 0;
  /** On their way to `chunks/`. */
  readonly #writing = new Map<number, Uint8Array>();
  /** Whether unsynced batches were written since the last barrier. */
  #unsynced = false;
  readonly #inFlight = new Semaphore(IN_FLIGHT_BYTES);
  readonly #writes = new Set<Promise<void>>();
  /** By number: told once that value and all before it were written. */
  readonly #waiting = new Map<number, () => void>();
  #failure: Error | undefined;

  /** Numbers values from `nextSeq` on. */
  constructor(chunks: ChunkStore, nextSeq: number) {
    this.#chunks = chunks;
    this.#nextSeq = nextSeq;
  }

  /** The number that the next value gets. */
  get nextSeq(): number {
    return this.#nextSeq;
  }

  /** Gives a value its number and leaves it to the caller: to be handed to {@link settle}. */
  number(value: Uint8Array): StagedValue {
    return { seq: this.#nextSeq++, value };
  }

  /** Takes a value; its number. */
  add(value: Uint8Array): number {
    const staged = this.number(value);
    this.#buffer.push(staged);
    this.#bufferBytes += value.length;
    return staged.seq;
  }

  /** Calls `onWritten` once the value of this number, and those added before it, are written or given up. */
  whenWritten(seq: number, onWritten: () => void): void {
    this.#waiting.set(seq, onWritten);
  }

  /** Begins to write once enough has gathered, and waits while much is on its way. Throws an earlier failure. */
  async flow(): Promise<void> {
    if (this.#bufferBytes >= WRITE_BYTES) await this.#writeBuffer();
  }

  /** Copies of the staged ones of these numbers that do not lie in `chunks/` for certain. */
  read(seqs: readonly number[]): (Uint8Array | undefined)[] {
    const first = this.#buffer[0]?.seq ?? this.#nextSeq;
    const buffered = new Map(
      seqs.some((seq) => seq >= first) ? this.#buffer.map(({ seq, value }) => [seq, value]) : [],
    );
    return seqs.map((seq) => {
      const value = buffered.get(seq) ?? this.#writing.get(seq);
      return value && new Uint8Array(value);
    });
  }

  /** Makes everything added so far durable, and then `last`. Values added meanwhile may miss it. */
  async settle(last: readonly StagedValue[]): Promise<void> {
    this.assertSound();
    if (!this.#unsynced) {
      const values = last.length === 0 ? this.#buffer : [...this.#buffer, ...last];
      this.#buffer = [];
      this.#bufferBytes = 0;
      if (values.length > 0) await this.#writeSynced(values);
      return;
    }
    await this.#writeBuffer();
    await Promise.all(this.#writes);
    this.assertSound();
    // A write that others begin meanwhile may miss this barrier.
    this.#unsynced = this.#writes.size > 0;
    await this.guard(() => this.#chunks.barrier());
    if (last.length > 0) await this.#writeSynced(last);
  }

  /** Until nothing is on its way. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#writes);
  }

  /** Runs what changes the store: its failure ends all taking. */
  async guard<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
      throw error;
    }
  }

  /** Throws what a write failed with. */
  assertSound(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #writeBuffer(): Promise<void> {
    const values = this.#buffer;
    const bytes = this.#bufferBytes;
    if (values.length === 0) return;
    this.#buffer = [];
    this.#bufferBytes = 0;
    this.#unsynced = true;
    const write = (async () => {
      await this.#inFlight.take(bytes);
      try {
        await this.guard(() => this.#chunks.write({ puts: values }, { sync: false }));
      } finally {
        this.#inFlight.give(bytes);
      }
    })();
    this.#track(values, write);
    await this.#inFlight.take(1);
    this.#inFlight.give(1);
    this.assertSound();
  }

  async #writeSynced(values: readonly StagedValue[]): Promise<void> {
    const write = this.guard(() => this.#chunks.write({ puts: values }, { sync: true }));
    this.#track(values, write);
    await write;
  }

  /** Keeps values readable while they are written. A failure is kept, and thrown by the next commit. */
  #track(values: readonly StagedValue[], write: Promise<void>): void {
    for (const { seq, value } of values) this.#writing.set(seq, value);
    const tracked: Promise<void> = write
      .catch(() => undefined)
      .finally(() => {
        for (const { seq } of values) {
          this.#writing.delete(seq);
          this.#waiting.get(seq)?.();
          this.#waiting.delete(seq);
        }
        this.#writes.delete(tracked);
      });
    this.#writes.add(tracked);
  }
}
