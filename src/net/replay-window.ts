/**
 * Which first messages of one key are new. Each carries a time that only grows; a clock that was once far
 * ahead locks nobody out.
 */

import { mapKey, readU64be, u64be, concat, type Bytes } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import { MAX_REMEMBERED_KNOCKS } from '../limits.ts';

/** How far ahead of our clock a time is still believed, in microseconds. */
const BELIEVED_US = 600_000_000;
const HASH_BYTES = 32;
const ROW_BYTES = 8 + HASH_BYTES;

interface Remembered {
  readonly sentUs: number;
  readonly hash: Uint8Array;
}

export class ReplayWindow {
  /** What was sent at or before this is refused. */
  #floorUs: number;
  /** Accepted messages above the floor, by their hash. */
  readonly #above = new Map<string, Remembered>();

  /** Nothing was accepted yet, and nothing sent at or before `floorUs` will be. */
  constructor(floorUs = -1) {
    this.#floorUs = floorUs;
  }

  /** At or before it nothing is accepted. */
  get floorUs(): number {
    return this.#floorUs;
  }

  /** Whether a message sent at `sentUs` by its sender's clock, whose hash this is, was never accepted before. */
  isNew(sentUs: number, hash: Bytes): boolean {
    return sentUs > this.#floorUs && !this.#above.has(mapKey(hash));
  }

  /**
   * Takes note of an accepted message. What is at most ten minutes ahead of our clock becomes the floor.
   * Of what is further ahead the hash is remembered; the floor rises to ten minutes ahead and, when
   * there are more than {@link MAX_REMEMBERED_KNOCKS}, to the earliest of them.
   */
  accept(sentUs: number, hash: Bytes, nowUs: number): void {
    const believed = nowUs + BELIEVED_US;
    this.#above.set(mapKey(hash), { sentUs, hash: hash.slice() });
    this.#raise(Math.min(sentUs, believed));
    while (this.#above.size > MAX_REMEMBERED_KNOCKS) {
      this.#raise(Math.min(...[...this.#above.values()].map((one) => one.sentUs)));
    }
  }

  /** For keeping: the floor and what is above it. */
  encode(): Uint8Array {
    const rows = [...this.#above.values()].map(({ sentUs, hash }) => concat(u64be(sentUs), hash));
    return concat(Uint8Array.of(1), u64be(this.#floorUs + 1), ...rows);
  }

  /** Throws `VAULT_DAMAGED` where `bytes` are not what {@link encode} made. */
  static decode(bytes: Bytes): ReplayWindow {
    const rows = (bytes.length - 9) / ROW_BYTES;
    const isWhole = bytes[0] === 1 && Number.isInteger(rows) && rows >= 0;
    if (!isWhole || rows > MAX_REMEMBERED_KNOCKS) throw damaged();
    const window = new ReplayWindow();
    try {
      window.#floorUs = readU64be(bytes, 1) - 1;
      for (let at = 9; at < bytes.length; at += ROW_BYTES) {
        const hash = bytes.slice(at + 8, at + ROW_BYTES);
        window.#above.set(mapKey(hash), { sentUs: readU64be(bytes, at), hash });
      }
    } catch (cause) {
      throw damaged(cause);
    }
    return window;
  }

  #raise(toUs: number): void {
    this.#floorUs = Math.max(this.#floorUs, toUs);
    for (const [key, { sentUs }] of this.#above)
      if (sentUs <= this.#floorUs) this.#above.delete(key);
  }
}

/** The time to send next to a responder: never one that it was sent before, whatever our clock does. */
export function nextSentUs(lastUs: number | undefined, nowUs: number): number {
  return Math.max((lastUs ?? -1) + 1, nowUs);
}

function damaged(cause?: unknown): VaultError {
  return new VaultError('VAULT_DAMAGED', 'the memory of handshakes is damaged', { cause });
}
