/** Bytes with holes, in memory: only pages that were written take room. */

export const PAGE_BYTES = 4096;

/** What a page holds where nothing was written. */
const HOLE = new Uint8Array(PAGE_BYTES);

export class SparseContent {
  #size = 0;
  readonly #pages: Map<number, Uint8Array>;

  constructor(from?: SparseContent) {
    this.#pages = new Map(from && copiedPages(from.#pages));
    this.#size = from?.size ?? 0;
  }

  get size(): number {
    return this.#size;
  }

  /** Pages that take room. */
  get pages(): number {
    return this.#pages.size;
  }

  /** Fills `into` from offset `at`; the bytes read, fewer than asked at the end. */
  read(into: Uint8Array, at: number): number {
    const length = Math.max(0, Math.min(into.length, this.#size - at));
    for (const part of parts(at, length)) {
      const page = this.#pages.get(part.page) ?? HOLE;
      into.set(page.subarray(part.from, part.from + part.length), part.done);
    }
    return length;
  }

  /** Writes at offset `at` as long as there is room for `room` new pages; the bytes written. */
  write(bytes: Uint8Array, at: number, room = Infinity): number {
    let written = 0;
    let left = room;
    for (const part of parts(at, bytes.length)) {
      let page = this.#pages.get(part.page);
      if (!page) {
        if (left < 1) break;
        left--;
        page = new Uint8Array(PAGE_BYTES);
        this.#pages.set(part.page, page);
      }
      page.set(bytes.subarray(part.done, part.done + part.length), part.from);
      written += part.length;
    }
    if (written > 0) this.#size = Math.max(this.#size, at + written);
    return written;
  }

  truncate(size: number): void {
    if (size < this.#size) {
      const kept = Math.ceil(size / PAGE_BYTES);
      for (const page of this.#pages.keys()) if (page >= kept) this.#pages.delete(page);
      this.#pages.get(Math.floor(size / PAGE_BYTES))?.fill(0, size % PAGE_BYTES);
    }
    this.#size = size;
  }
}

function* copiedPages(pages: ReadonlyMap<number, Uint8Array>): Generator<[number, Uint8Array]> {
  for (const [number, page] of pages) yield [number, page.slice()];
}

interface Part {
  readonly page: number;
  /** Offset in the page. */
  readonly from: number;
  readonly length: number;
  /** Bytes of the parts before. */
  readonly done: number;
}

/** The stretch of `length` bytes from `at`, cut at pages. */
function* parts(at: number, length: number): Generator<Part> {
  for (let done = 0; done < length;) {
    const from = (at + done) % PAGE_BYTES;
    const part = {
      page: Math.floor((at + done) / PAGE_BYTES),
      from,
      length: Math.min(PAGE_BYTES - from, length - done),
      done,
    };
    yield part;
    done += part.length;
  }
}
