import type { RandomSource } from '../random.ts';
import { randomInteger } from './seeded-random.ts';
import { SparseContent } from './sparse-content.ts';

/** A change of content that no sync has covered. */
type Unsynced = { readonly at: number; readonly bytes: Uint8Array } | { readonly size: number };

/** What a drive writes as a whole. */
const SECTOR_BYTES = 512;
/** Beyond this the oldest unsynced changes reach the drive by themselves, as on a real system. */
const MAX_UNSYNCED = 1024;
const MAX_UNSYNCED_BYTES = 16 * 1024 * 1024;

/** How much of what was not synced survives a crash. */
export type Survival = 'none' | 'some' | 'all';

/** A file's content as everybody sees it, and as it is on the drive. */
export class MemoryContent {
  readonly #now: SparseContent;
  readonly #drive: SparseContent;
  #unsynced: Unsynced[] = [];
  #unsyncedBytes = 0;

  constructor(durable = new SparseContent()) {
    this.#now = new SparseContent(durable);
    this.#drive = durable;
  }

  get size(): number {
    return this.#now.size;
  }

  get pages(): number {
    return this.#now.pages;
  }

  read(into: Uint8Array, at: number): number {
    return this.#now.read(into, at);
  }

  /** The bytes written: as many as go into `room` new pages. */
  write(bytes: Uint8Array, at: number, room: number): number {
    const written = this.#now.write(bytes, at, room);
    if (written > 0) this.#remember({ at, bytes: bytes.slice(0, written) }, written);
    return written;
  }

  truncate(size: number): void {
    this.#now.truncate(size);
    this.#remember({ size }, 0);
  }

  sync(): void {
    for (const change of this.#unsynced) apply(this.#drive, change);
    this.#unsynced = [];
    this.#unsyncedBytes = 0;
  }

  /** What is found after a crash: each unsynced change whole, not at all or in part, in any combination. */
  afterCrash(random: RandomSource, survival: Survival): SparseContent {
    const found = new SparseContent(this.#drive);
    for (const change of this.#unsynced) {
      const fate = survival === 'all' ? 0 : survival === 'none' ? 1 : randomInteger(random, 3);
      if (fate === 0) apply(found, change);
      else if (fate === 2 && 'bytes' in change) tear(found, change.bytes, change.at, random);
    }
    // The new size can reach the drive before the bytes do.
    const grown = survival === 'some' && found.size < this.size && randomInteger(random, 4) === 0;
    if (grown) found.truncate(this.size);
    return found;
  }

  #remember(change: Unsynced, bytes: number): void {
    this.#unsynced.push(change);
    this.#unsyncedBytes += bytes;
    while (this.#unsynced.length > MAX_UNSYNCED || this.#unsyncedBytes > MAX_UNSYNCED_BYTES) {
      const oldest = this.#unsynced.shift();
      if (!oldest) return;
      apply(this.#drive, oldest);
      if ('bytes' in oldest) this.#unsyncedBytes -= oldest.bytes.length;
    }
  }
}

function apply(content: SparseContent, change: Unsynced): void {
  if ('bytes' in change) content.write(change.bytes, change.at);
  else content.truncate(change.size);
}

/** Writes some of the sectors of a write. */
function tear(content: SparseContent, bytes: Uint8Array, at: number, random: RandomSource): void {
  for (let from = 0; from < bytes.length;) {
    const to = Math.min(bytes.length, from + SECTOR_BYTES - ((at + from) % SECTOR_BYTES));
    if (randomInteger(random, 2) === 0) content.write(bytes.subarray(from, to), at + from);
    from = to;
  }
}
