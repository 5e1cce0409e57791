/** A folder as the exchange sees it: its log and store behind the interface that `net/` asks for. */

import { fromHex } from '../bytes.ts';
import { parseHeader, valueTypes } from '../crypto/sealed-value.ts';
import { isVaultError, unlessLost } from '../errors.ts';
import { MAX_KEY_RIDE_BYTES } from '../limits.ts';
import { ContentWants } from '../log/content-wants.ts';
import { DropSet } from '../log/drop-set.ts';
import type { FolderLog } from '../log/folder-log.ts';
import { KeptContents, type HistoryKept } from '../log/kept-contents.ts';
import { hasContent } from '../log/link.ts';
import { recordType } from '../log/record-types.ts';
import type { Head, LogId, NamedLink } from '../log/types.ts';
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
} from '../net/folder-side.ts';
import type { FolderStore } from '../store/folder-store.ts';
import { decodeSeq, encodeSeq, metaKey, metaPrefix } from '../store/meta-keys.ts';
import type { MetaOperation } from '../store/meta-store.ts';

/** A content that may ride along with its entry is one chunk of at most this size. */
const MAX_RIDING_BYTES = 16 * 1024;
/** Chunks that may be undone by a crash: they are wanted again then. */
const CHUNKS_PER_COMMIT = 256;

export interface ExchangedFolder {
  readonly log: FolderLog;
  readonly store: FolderStore;
}

export class ExchangeSide implements FolderSide {
  readonly #log: FolderLog;
  readonly #store: FolderStore;
  readonly #kept: KeptContents;
  readonly #wants: ContentWants;
  /** What was last written of how far contents are here. */
  readonly #through = new Map<LogId, number>();
  readonly #onNews: () => void;

  /** Statements about members when it was last found out what is kept. */
  #statements: number;

  private constructor(
    { log, store }: ExchangedFolder,
    dropped: DropSet,
    kept: KeptContents,
    onNews: () => void,
  ) {
    this.#onNews = onNews;
    this.#log = log;
    this.#store = store;
    this.#kept = kept;
    this.#wants = new ContentWants(log, store, dropped, kept);
    this.#statements = statementsIn(log);
  }

  /**
   * The side of an opened folder; what it was given and lacked when it was last open is wanted again.
   * `onNews` is called when something came that was not here; `history`: what is kept.
   */
  static async open(
    folder: ExchangedFolder,
    onNews: () => void = () => undefined,
    history: HistoryKept = 'all',
  ): Promise<ExchangeSide> {
    const dropped = new DropSet();
    for await (const { record } of folder.log.records(recordType.dropSet, () => undefined)) {
      if (record.type === 'drop-set') dropped.apply(record);
    }
    const kept = await KeptContents.open(folder.log, history);
    const side = new ExchangeSide(folder, dropped, kept, onNews);
    for (const [line, from] of await contentsThrough(folder)) {
      side.#through.set(line, from);
      side.#wants.add(line, from, (folder.log.heads.get(line)?.seq ?? -1) + 1);
    }
    // What somebody set aside since does not supersede any more.
    if (kept.history === 'current' && !folder.log.members.isPlain) side.#wants.lookAgain();
    return side;
  }

  heads(): Promise<readonly HeldHead[]> {
    return Promise.resolve(this.#held([...this.#log.heads.keys()]));
  }

  async knowsHeads(heads: readonly Head[]): Promise<readonly (boolean | undefined)[]> {
    const known: (boolean | undefined)[] = [];
    for (const head of heads) {
      if ((await this.#log.exchange.lineHolding(head)) !== undefined) known.push(true);
      else known.push(this.#log.exchange.isGenuine(head) ? false : undefined);
    }
    return known;
  }

  async readRange({ log, from, toward, rideBytes }: RangeAsk): Promise<EntryRange | undefined> {
    const read = await this.#log.exchange.readStretch({ log, from, toward });
    if (read === undefined) return undefined;
    const { line, head, entries } = read;
    const rides: Uint8Array[] = [];
    let left = rideBytes;
    const take = (value: Uint8Array | undefined): void => {
      if (value === undefined || value.length > left) return;
      left -= value.length;
      rides.push(value);
    };
    // Without these the entries after them cannot be read.
    const needed = this.#rotationsIn(line, from, head.seq);
    let room = MAX_KEY_RIDE_BYTES;
    for (const seq of needed) {
      const value = await this.#log.exchange.sealedPage(line, seq);
      if (value === undefined || value.length > room) continue;
      room -= value.length;
      rides.push(value);
    }
    for (let seq = from; seq <= head.seq && left > 0; seq++) {
      if (needed.includes(seq)) continue;
      take(await this.#log.exchange.sealedPage(line, seq));
    }
    for (let seq = from; seq <= head.seq && left > 0; seq++) {
      for (const id of await this.#smallContents(line, seq, left)) {
        const [value] = await this.#store.getSealed([id]);
        take(value);
      }
    }
    return { log, from, entries, head, rides };
  }

  async adopt({ log, entries, head, rides }: EntryRange): Promise<Adopted> {
    const pages = rides.filter((value) => typeOf(value) === valueTypes.page);
    // Known to be open before the line goes that far: a flush meanwhile must not say that all is here.
    const told = await this.#log.exchange.adopt({ log, entries, head, pages }, (...taken) =>
      this.#wants.add(...taken),
    );
    if (told.outcome !== 'adopted') return { outcome: told.outcome, heads: [], stored: [] };
    const { line, from, to } = told;
    const stored: ValueName[] = [];
    for (const seq of told.pages) {
      const { hash } = await this.#log.entryAlone(line, seq);
      stored.push({ kind: 'page', log, seq, hash });
    }
    await this.#wants.look(line, from, to);
    if (this.#kept.history === 'current' && this.#statements !== statementsIn(this.#log)) {
      this.#statements = statementsIn(this.#log);
      if (!this.#log.members.isPlain) this.#wants.lookAgain();
    }
    const contents = rides.filter((value) => typeOf(value) !== valueTypes.page);
    for (const [at, outcome] of (await this.putSealed(contents)).entries()) {
      const value = contents[at];
      if (outcome !== 'stored' || value === undefined) continue;
      stored.push({ kind: 'content', id: parseHeader(value).id.slice() });
    }
    if (from < to) this.#onNews();
    return { outcome: 'adopted', heads: this.#held(this.#log.lines.of(log)), stored };
  }

  wants(limit: number): Promise<readonly Want[]> {
    return this.#wants.list(limit);
  }

  /** Wants the contents of these versions, whether or not they are kept otherwise. */
  async fetch(links: readonly NamedLink[]): Promise<void> {
    for (const link of links) {
      const line = await this.#lineOf(link);
      if (line !== undefined) await this.#wants.fetch(line, link);
    }
  }

  /** Whether all that the entries of these versions owe is here. */
  async hasAll(links: readonly NamedLink[]): Promise<boolean> {
    for (const link of links) {
      const line = await this.#lineOf(link);
      if (line !== undefined && this.#wants.owes(line, link.dot.seq)) return false;
    }
    return true;
  }

  rewindWants(): void {
    this.#wants.rewind();
  }

  async has(names: readonly ValueName[]): Promise<readonly Presence[]> {
    const here: Presence[] = [];
    for (const name of names) here.push((await this.#isHere(name)) ? 'here' : 'missing');
    return here;
  }

  async getSealed(names: readonly ValueName[]): Promise<readonly (Uint8Array | undefined)[]> {
    const values: (Uint8Array | undefined)[] = [];
    for (const name of names) {
      if (!(await this.#isHere(name))) values.push(undefined);
      else if (name.kind === 'content') values.push(...(await this.#store.getSealed([name.id])));
      else {
        const line = await this.#log.exchange.lineHolding(name);
        values.push(
          line === undefined ? undefined : await this.#log.exchange.sealedPage(line, name.seq),
        );
      }
    }
    return values;
  }

  async putSealed(values: readonly Uint8Array[]): Promise<readonly PutOutcome[]> {
    const outcomes: PutOutcome[] = [];
    for (const value of values) {
      outcomes.push(
        typeOf(value) === valueTypes.page ? await this.#putPage(value) : await this.#put(value),
      );
    }
    const { pendingChunks } = this.#store;
    if (pendingChunks >= CHUNKS_PER_COMMIT || (pendingChunks > 0 && this.#isWhole())) {
      await this.flush();
    }
    return outcomes;
  }

  /** Makes what came durable, and how far contents are here. */
  async flush(): Promise<void> {
    const rows: MetaOperation[] = [];
    for (const line of this.#log.heads.keys()) {
      const through = this.#wants.through(line);
      if (this.#through.get(line) === through) continue;
      this.#through.set(line, through);
      rows.push({ type: 'put', key: throughKey(line), value: encodeSeq(through) });
    }
    await this.#store.commit({ rows: () => rows });
  }

  /** Whether all that is wanted of a line's entries up to this one is here. */
  through(line: LogId): number {
    return this.#wants.through(line);
  }

  /** The line in whose history a version lies; undefined where its entry is lost. */
  #lineOf({ dot, hash8 }: NamedLink): Promise<LogId | undefined> {
    return this.#log.lineOf({ ...dot, hash8 }).catch(unlessLost);
  }

  #isWhole(): boolean {
    return [...this.#log.heads].every(([line, { seq }]) => this.#wants.through(line) > seq);
  }

  #held(lines: readonly LogId[]): HeldHead[] {
    return lines.flatMap((line) => {
      const head = this.#log.heads.get(line);
      return head === undefined ? [] : [{ head, through: this.#wants.through(line) }];
    });
  }

  async #isHere(name: ValueName): Promise<boolean> {
    if (name.kind === 'content') return (await this.#store.holds([name.id]))[0] === true;
    const line = await this.#log.exchange.lineHolding(name);
    return line !== undefined && !(await this.#log.exchange.lacksPage(line, name.seq));
  }

  async #put(value: Uint8Array): Promise<PutOutcome> {
    try {
      const { type, id, plain } = this.#log.openValue(value);
      if (type !== valueTypes.chunk && type !== valueTypes.node) return 'unwanted';
      if ((await this.#store.holds([id]))[0] === true) {
        await this.#wants.contentArrived(id.slice(), plain);
        return 'stored';
      }
      if (!this.#wants.wantsContent(id)) return 'unwanted';
      // The caller may use its memory again, and none of it may change below a sealed value.
      await this.#store.stage(Uint8Array.from(value));
      await this.#wants.contentArrived(id.slice(), plain);
      this.#onNews();
      return 'stored';
    } catch (error) {
      if (!isVaultError(error, 'VAULT_CHUNK_CORRUPT')) throw error;
      return 'corrupt';
    }
  }

  async #putPage(value: Uint8Array): Promise<PutOutcome> {
    const told = await this.#log.exchange.adoptPage(Uint8Array.from(value));
    if (told.outcome !== 'stored') return told.outcome;
    await this.#wants.pageArrived(told.line, told.entry.seq, told.entry.hash);
    this.#onNews();
    return 'stored';
  }

  /** Entries of a line's history, of these, that begin epochs. */
  #rotationsIn(line: LogId, from: number, to: number): number[] {
    const { members, lines } = this.#log;
    const found = [...members.rotations.values()]
      .filter(({ seq }) => seq >= from && seq <= to)
      .filter((one) => lines.holder(line, one.seq) === lines.holder(one.line, one.seq));
    return [...new Set(found.map(({ seq }) => seq))].toSorted((a, b) => a - b);
  }

  /** Ids of contents of an entry that are one chunk here, each of at most `room` bytes. */
  async #smallContents(line: LogId, seq: number, room: number): Promise<Uint8Array[]> {
    const { links } = await this.#log.entry(line, seq);
    const ids: Uint8Array[] = [];
    if (await this.#log.exchange.lacksPage(line, seq)) return ids;
    for (const link of links) {
      if (!hasContent(link.kind)) continue;
      const body = await this.#log.body(link).catch((error: unknown) => {
        if (!isVaultError(error)) throw error;
        return undefined;
      });
      const manifest = body?.manifest;
      if (manifest?.root === undefined || manifest.depth > 0) continue;
      if (manifest.size <= Math.min(room, MAX_RIDING_BYTES)) ids.push(manifest.root);
    }
    const held = await this.#store.holds(ids);
    return ids.filter((_, at) => held[at]);
  }
}

/** Of how many statements the folder's members follow. */
function statementsIn({ members }: FolderLog): number {
  const { accepted, refused } = members.membership ?? { accepted: [], refused: [] };
  return accepted.length + refused.length;
}

/** By line of what came from elsewhere: of how many entries all contents that were wanted are here. */
export async function contentsThrough({
  log,
  store,
}: ExchangedFolder): Promise<ReadonlyMap<LogId, number>> {
  const found = new Map<LogId, number>();
  for (const [line, head] of log.heads) {
    const row = await store.meta.get(throughKey(line));
    // What was appended here is here; what another copy of this home wrote has a row since it came.
    if (row === undefined && head.log === log.own) continue;
    found.set(line, decodeSeq(row) ?? log.lines.from(line));
  }
  return found;
}

/** Has the next exchange look at all that is not this node's own once more, whatever was said to be here. */
export async function lookAtAllContents({ log, store }: ExchangedFolder): Promise<void> {
  const rows: MetaOperation[] = [];
  for (const line of log.heads.keys()) {
    if ((await store.meta.get(throughKey(line))) === undefined) continue;
    rows.push({ type: 'put', key: throughKey(line), value: encodeSeq(log.lines.from(line)) });
  }
  await store.commit({ rows: () => rows });
}

function throughKey(line: LogId): Uint8Array {
  return metaKey(metaPrefix.through, fromHex(line));
}

/** The type that a sealed value says it has; undefined where it is none. */
function typeOf(value: Uint8Array): number | undefined {
  try {
    return parseHeader(value).type;
  } catch (error) {
    if (!isVaultError(error)) throw error;
    return undefined;
  }
}
