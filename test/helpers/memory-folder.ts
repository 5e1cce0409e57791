import { createHash } from 'node:crypto';
import { concat, equalBytes, fromHex, mapKey, toHex, u64be } from '../../src/bytes.ts';
import { asArray, asBytes, asInteger, decode, encode, type CborValue } from '../../src/codec.ts';
import { parseHeader, valueTypes } from '../../src/crypto/sealed-value.ts';
import type { Head, LogId } from '../../src/log/types.ts';
import type {
  Adopted,
  EntryRange,
  FolderSide,
  HeldHead,
  Presence,
  PutOutcome,
  RangeAsk,
  ValueName,
  Want,
} from '../../src/net/folder-side.ts';
import { contentKey, keyOf, pageKey, type ValueKey } from '../../src/net/value-key.ts';

const SMALL = 16 * 1024;
const noHash = new Uint8Array(32);

export function sha256Of(...parts: readonly (string | Uint8Array)[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** A value in the form of a sealed one, whose payload is plain: what tests of the exchange need of sealing. */
export function fakeSealed(type: 1 | 2 | 4, id: Uint8Array, plain: Uint8Array): Uint8Array {
  const header = new Uint8Array(76);
  const view = new DataView(header.buffer);
  view.setUint32(0, 0x564c5401);
  header[4] = type;
  view.setUint32(8, plain.length);
  view.setUint32(12, plain.length);
  header.set(id, 32);
  return concat(header, plain, new Uint8Array(16));
}

function plainOf(sealed: Uint8Array): Uint8Array {
  return sealed.subarray(76, -16);
}

/** A head whose signature is a hash that anybody can make: it stands for the real one. */
export function fakeHead(log: LogId, seq: number, hash: Uint8Array): Head {
  const half = sha256Of('signed', log, u64be(seq), hash);
  return { log, seq, hash, signature: concat(half, half) };
}

interface Known {
  readonly log: LogId;
  readonly seq: number;
  readonly hash: Uint8Array;
  readonly previous: Uint8Array;
  readonly bytes: Uint8Array;
  head: Head | undefined;
}

/**
 * A folder without disk or keys: entries name a page, the page names chunks. Everything happens at
 * once.
 */
export class MemoryFolder {
  readonly own: LogId;
  readonly values = new Map<ValueKey, Uint8Array>();
  readonly expired = new Set<ValueKey>();
  /** Logs whose owner this folder cannot tell yet. */
  readonly strangers = new Set<LogId>();
  /** Which entries' contents are wanted; all by default. */
  keeps: (log: LogId, seq: number) => boolean = () => true;
  readonly #entries = new Map<string, Known>();
  readonly #tips = new Map<LogId, Map<string, Known>>();
  readonly #unsure = new Set<Known>();
  /** What is listed next: entries whose page, and pages whose chunks, were not looked at. */
  #unlisted: Known[] = [];
  #listedAt = 0;
  #backlog: Want[] = [];

  constructor(name: string) {
    this.own = toHex(sha256Of('log', name));
  }

  /** Writes an entry about new chunks to a log, this node's own by default. */
  append(chunks: readonly Uint8Array[], log = this.own, after?: Uint8Array): HeldHead[] {
    const tip = after === undefined ? this.tip(log) : this.#entries.get(mapKey(after));
    const seq = (tip?.seq ?? -1) + 1;
    const ids = chunks.map((chunk) => sha256Of(chunk));
    const page = encode(chunks.map((chunk, at) => [ids[at] ?? noHash, chunk.length]));
    const bytes = encode([fromHex(log), seq, tip?.hash ?? noHash, sha256Of(page)]);
    const hash = sha256Of(bytes);
    for (const [at, id] of ids.entries()) {
      this.values.set(contentKey(id), fakeSealed(1, id, chunks[at] ?? noHash));
    }
    this.values.set(pageKey(hash), fakeSealed(4, hash, page));
    this.#add({ log, seq, hash, previous: tip?.hash ?? noHash, bytes, head: undefined });
    const known = this.#entries.get(mapKey(hash));
    if (known !== undefined) known.head = fakeHead(log, seq, hash);
    return this.headsOf(log);
  }

  tip(log: LogId): Known | undefined {
    const tips = [...(this.#tips.get(log)?.values() ?? [])];
    return tips.toSorted((a, b) => b.seq - a.seq)[0];
  }

  get entryCount(): number {
    return this.#entries.size;
  }

  heads(): HeldHead[] {
    return [...this.#tips.keys()].flatMap((log) => this.headsOf(log));
  }

  headsOf(log: LogId): HeldHead[] {
    return [...(this.#tips.get(log)?.values() ?? [])].map(({ head, seq, hash }) => {
      const through = this.#isComplete(log) ? seq + 1 : 0;
      return { head: head ?? fakeHead(log, seq, hash), through };
    });
  }

  knowsHeads(heads: readonly Head[]): (boolean | undefined)[] {
    return heads.map((head) => {
      if (!isSigned(head)) return undefined;
      return this.#entries.has(mapKey(head.hash));
    });
  }

  readRange({ log, from, toward, rideBytes }: RangeAsk): EntryRange | undefined {
    const chain: Known[] = [];
    let at = this.#entries.get(mapKey(toward.hash));
    if (at?.log !== log || at.seq !== toward.seq) return undefined;
    for (; at !== undefined && at.seq >= from; at = this.#entries.get(mapKey(at.previous))) {
      chain.push(at);
    }
    chain.reverse();
    const end = chain.findIndex(({ seq, head }) => head !== undefined && seq % 1024 === 0);
    const entries = end < 0 ? chain : chain.slice(0, end + 1);
    const last = entries.at(-1);
    if (entries[0]?.seq !== from || last?.head === undefined) return undefined;
    return {
      log,
      from,
      entries: entries.map(({ bytes }) => bytes),
      head: last.head,
      rides: this.#ridesOf(entries, rideBytes),
    };
  }

  adopt({ log, from, entries, head, rides }: EntryRange): Adopted {
    const refused: Adopted = { outcome: 'refused', heads: [], stored: [] };
    const read: Known[] = [];
    for (const [at, bytes] of entries.entries()) {
      const value = asArray(decode(bytes), 4, 4);
      const previous = asBytes(value[2], 32);
      const before = read.at(-1)?.hash;
      const isNext = toHex(asBytes(value[0], 32)) === log && asInteger(value[1]) === from + at;
      if (!isNext || (before !== undefined && !equalBytes(previous, before))) return refused;
      const hash = sha256Of(bytes);
      read.push({ log, seq: from + at, hash, previous, bytes, head: undefined });
    }
    const [first] = read;
    const last = read.at(-1);
    if (first === undefined || last === undefined || !equalBytes(last.hash, head.hash)) {
      return refused;
    }
    if (head.seq !== last.seq || !isSigned(head)) return refused;
    if (this.strangers.has(log)) return { outcome: 'early', heads: [], stored: [] };
    if (from > 0 && !this.#entries.has(mapKey(first.previous))) {
      return { outcome: 'detached', heads: [], stored: [] };
    }
    for (const entry of read) this.#add(entry);
    const known = this.#entries.get(mapKey(last.hash));
    if (known !== undefined) known.head = head;
    const stored = this.putRides(rides);
    return { outcome: 'adopted', heads: this.headsOf(log), stored };
  }

  putRides(rides: readonly Uint8Array[]): ValueName[] {
    const outcomes = this.putSealed(rides);
    return rides.flatMap((sealed, at) => (outcomes[at] === 'stored' ? [this.#nameOf(sealed)] : []));
  }

  wants(limit: number): Want[] {
    while (this.#backlog.length < limit) {
      const entry = this.#unlisted[this.#listedAt];
      if (entry === undefined) break;
      this.#listedAt++;
      this.#backlog.push(...this.wantsOf(entry));
    }
    return this.#backlog.splice(0, limit).filter(({ name }) => !this.values.has(keyOf(name)));
  }

  rewindWants(): void {
    this.#unlisted = [...this.#entries.values()];
    this.#listedAt = 0;
    this.#backlog = [];
  }

  has(names: readonly ValueName[]): Presence[] {
    return names.map((name) => {
      const key = keyOf(name);
      if (this.expired.has(key)) return 'expired';
      return this.values.has(key) ? 'here' : 'missing';
    });
  }

  getSealed(names: readonly ValueName[]): (Uint8Array | undefined)[] {
    return names.map((name) => this.values.get(keyOf(name)));
  }

  putSealed(values: readonly Uint8Array[]): PutOutcome[] {
    return values.map((sealed) => {
      const { type, id } = parseHeader(sealed);
      if (type !== valueTypes.page) {
        if (!equalBytes(sha256Of(plainOf(sealed)), id)) return 'corrupt';
        this.values.set(contentKey(id.slice()), sealed);
        return 'stored';
      }
      const entry = this.#entries.get(mapKey(id));
      if (entry === undefined) return 'unwanted';
      const sum = asBytes(asArray(decode(entry.bytes), 4, 4)[3], 32);
      if (!equalBytes(sha256Of(plainOf(sealed)), sum)) return 'corrupt';
      this.values.set(pageKey(id.slice()), sealed);
      this.#unlisted.push(entry);
      return 'stored';
    });
  }

  /** What is wanted and not here of one entry. */
  wantsOf({ log, seq, hash }: Known): Want[] {
    if (!this.keeps(log, seq)) return [];
    const page = this.values.get(pageKey(hash));
    if (page === undefined) {
      const name: ValueName = { kind: 'page', log, seq, hash };
      return [{ name, log, seq, lane: 'entries', bytes: 1024 }];
    }
    const chunks = chunksOf(page);
    const size = chunks.reduce((sum, { bytes }) => sum + bytes, 0);
    const lane = size <= SMALL ? 'small' : 'bulk';
    return chunks
      .filter(({ id }) => !this.values.has(contentKey(id)))
      .map(({ id, bytes }) => ({ name: { kind: 'content', id }, log, seq, lane, bytes }));
  }

  /** Everything that is wanted and not here. */
  lacking(): Want[] {
    return [...this.#entries.values()].flatMap((entry) => this.wantsOf(entry));
  }

  #isComplete(log: LogId): boolean {
    // What was found complete once counts as complete, even where a test takes values away.
    for (const entry of this.#unsure) {
      if (this.wantsOf(entry).length === 0) this.#unsure.delete(entry);
      else if (entry.log === log) return false;
    }
    return true;
  }

  #ridesOf(entries: readonly Known[], limit: number): Uint8Array[] {
    const rides: Uint8Array[] = [];
    let left = limit;
    const ride = (key: ValueKey): void => {
      const sealed = this.values.get(key);
      if (sealed === undefined || sealed.length > left) return;
      left -= sealed.length;
      rides.push(sealed);
    };
    for (const { hash } of entries) ride(pageKey(hash));
    for (const { hash } of entries) {
      const page = this.values.get(pageKey(hash));
      if (page !== undefined) for (const { id } of chunksOf(page)) ride(contentKey(id));
    }
    return rides;
  }

  #nameOf(sealed: Uint8Array): ValueName {
    const { type, id } = parseHeader(sealed);
    if (type !== valueTypes.page) return { kind: 'content', id };
    const entry = this.#entries.get(mapKey(id));
    return { kind: 'page', log: entry?.log ?? '', seq: entry?.seq ?? 0, hash: id };
  }

  #add(entry: Known): void {
    const key = mapKey(entry.hash);
    if (this.#entries.has(key)) return;
    this.#entries.set(key, entry);
    this.#unlisted.push(entry);
    this.#unsure.add(entry);
    const tips = this.#tips.get(entry.log) ?? new Map<string, Known>();
    this.#tips.set(entry.log, tips);
    tips.delete(mapKey(entry.previous));
    tips.set(key, entry);
  }
}

function isSigned(head: Head): boolean {
  return equalBytes(fakeHead(head.log, head.seq, head.hash).signature, head.signature);
}

function chunksOf(page: Uint8Array): { id: Uint8Array; bytes: number }[] {
  return asArray(decode(plainOf(page))).map((item: CborValue) => {
    const [id, bytes] = asArray(item, 2, 2);
    return { id: asBytes(id, 32), bytes: asInteger(bytes) };
  });
}

/** The folder as the exchange's driver sees it. */
export function sideOf(folder: MemoryFolder): FolderSide {
  const later = async <T>(answer: () => T): Promise<T> => {
    await Promise.resolve();
    return answer();
  };
  return {
    heads: () => later(() => folder.heads()),
    knowsHeads: (heads) => later(() => folder.knowsHeads(heads)),
    readRange: (ask) => later(() => folder.readRange(ask)),
    adopt: (range) => later(() => folder.adopt(range)),
    wants: (limit) => later(() => folder.wants(limit)),
    rewindWants: () => folder.rewindWants(),
    has: (names) => later(() => folder.has(names)),
    getSealed: (names) => later(() => folder.getSealed(names)),
    putSealed: (values) => later(() => folder.putSealed(values)),
  };
}
