/**
 * What this node wants of the contents that its logs speak of, and does not hold: found by walking from
 * entries to bodies, from bodies to manifests, from manifests to chunks. Contents of current versions come
 * first, of small files before large ones, then what is kept of history; what the drop set names is not
 * wanted, nor what is not kept, unless somebody asks for it. Keeps count for each log of how far all of it
 * is here.
 */

import { decodeNode } from '../chunking/manifest-node.ts';
import { mapKey } from '../bytes.ts';
import type { Manifest } from '../chunking/manifest.ts';
import { unlessLost } from '../errors.ts';
import type { FolderStore } from '../store/folder-store.ts';
import type { DropSet } from './drop-set.ts';
import type { FolderLog } from './folder-log.ts';
import { hasContent } from './link.ts';
import { isCurrent } from './superseding.ts';
import type { KeptContents } from './kept-contents.ts';
import type { Dot, LogId, NamedLink } from './types.ts';

/** What comes before larger files. */
const SMALL_BYTES = 128 * 1024;
const SEAL_BYTES = 92;
const NODE_BYTES = 16 * 1024;

export type WantLane = 'entries' | 'small' | 'bulk';

/** One value that is wanted: a page by its entry, or a chunk or manifest node by its id. */
export interface WantedValue {
  readonly name:
    | { readonly kind: 'content'; readonly id: Uint8Array }
    | {
        readonly kind: 'page';
        readonly log: LogId;
        readonly seq: number;
        readonly hash: Uint8Array;
      };
  readonly log: LogId;
  readonly seq: number;
  readonly lane: WantLane;
  /** Bytes it may take as a sealed value. */
  readonly bytes: number;
}

/** Something of one entry that is not all here. */
interface Debt {
  readonly line: LogId;
  readonly seq: number;
  /** Values, and places where more of them may be found. */
  open: number;
}

interface Wanted extends WantedValue {
  readonly key: string;
  /** Of a node: its level. */
  readonly level: number;
  readonly debts: Debt[];
}

interface Waiting {
  readonly link: NamedLink;
  readonly debt: Debt;
}

/** Entries of a line that were not looked at: from `from` to below `to`, the last first. */
interface Unread {
  readonly line: LogId;
  readonly from: number;
  to: number;
}

export class ContentWants {
  readonly #log: FolderLog;
  readonly #store: FolderStore;
  readonly #dropped: DropSet;
  readonly #kept: KeptContents;
  /** Versions that somebody asked for, whether or not they are kept otherwise. */
  readonly #fetched = new Set<string>();
  #unread: Unread[] = [];
  readonly #wanted = new Map<string, Wanted>();
  /** Wanted and not listed yet, by lane. */
  readonly #unlisted = {
    entries: new Set<Wanted>(),
    small: new Set<Wanted>(),
    bulk: new Set<Wanted>(),
  };
  /** Large contents of current versions, then contents that were current once: not walked yet. */
  readonly #large: Waiting[] = [];
  readonly #history: Waiting[] = [];
  /** By line, then seq. */
  readonly #debts = new Map<LogId, Map<number, Debt>>();

  constructor(log: FolderLog, store: FolderStore, dropped: DropSet, kept: KeptContents) {
    this.#log = log;
    this.#store = store;
    this.#dropped = dropped;
    this.#kept = kept;
  }

  /** Says that a line has these entries and that their contents may not all be here. */
  add(line: LogId, from: number, to: number): void {
    if (from < to) this.#unread.push({ line, from, to });
  }

  /** Of how many entries of a line all that is wanted is here. */
  through(line: LogId): number {
    const head = this.#log.heads.get(line);
    let through = (head?.seq ?? -1) + 1;
    for (const one of this.#unread) if (one.line === line) through = Math.min(through, one.from);
    for (const seq of this.#debts.get(line)?.keys() ?? []) through = Math.min(through, seq);
    return through;
  }

  /** Whether a chunk or node is wanted as far as was looked. */
  wantsContent(id: Uint8Array): boolean {
    return this.#wanted.has(mapKey(id));
  }

  /** Up to `limit` values that were not listed yet, the most urgent first; none: nothing is left for now. */
  async list(limit: number): Promise<readonly WantedValue[]> {
    const { entries, small, bulk } = this.#unlisted;
    while (entries.size + small.size < limit && this.#unread.length > 0) await this.#readOne();
    while (entries.size + small.size + bulk.size < limit) {
      const next = this.#large.pop() ?? this.#history.pop();
      if (next === undefined) break;
      await this.#walk(next);
    }
    const listed: WantedValue[] = [];
    for (const lane of [entries, small, bulk]) {
      for (const wanted of lane) {
        if (listed.length >= limit) return listed;
        lane.delete(wanted);
        listed.push(wanted);
      }
    }
    return listed;
  }

  /** Looks at these entries now, so that what they speak of is known to be wanted. */
  async look(line: LogId, from: number, to: number): Promise<void> {
    for (let seq = to - 1; seq >= from; seq--) await this.#readEntry(line, seq);
    this.#unread = this.#unread.filter(
      (one) => one.line !== line || one.from !== from || one.to !== to,
    );
  }

  /** Wants the content of a version, which lies in `line`, also where it is not kept or was dropped. */
  async fetch(line: LogId, { dot }: NamedLink): Promise<void> {
    this.#fetched.add(dotKey(dot));
    await this.#readEntry(line, dot.seq);
  }

  /** More may be kept than was: what was passed over is looked at once more. */
  lookAgain(): void {
    for (const [line, { seq }] of this.#log.heads)
      this.add(line, this.#log.lines.from(line), seq + 1);
  }

  /** Whether something of an entry is wanted and not here, as far as it was looked at. */
  owes(line: LogId, seq: number): boolean {
    return this.#debts.get(line)?.has(seq) === true;
  }

  /** Everything that is wanted may be listed again. */
  rewind(): void {
    for (const wanted of this.#wanted.values()) this.#unlisted[wanted.lane].add(wanted);
  }

  /** Takes notice that the page of an entry is here now. */
  async pageArrived(line: LogId, seq: number, hash: Uint8Array): Promise<void> {
    const wanted = this.#take(mapKey(hash));
    await this.#readEntry(line, seq);
    if (wanted !== undefined) this.#pay(wanted.debts);
  }

  /** Takes notice that a chunk or node is here now: `plain` is its content. */
  async contentArrived(id: Uint8Array, plain: Uint8Array): Promise<void> {
    const wanted = this.#take(mapKey(id));
    if (wanted === undefined) return;
    if (wanted.level > 0) {
      for (const debt of wanted.debts) {
        await this.#children(plain, wanted.level, wanted, debt);
      }
    }
    this.#pay(wanted.debts);
  }

  async #readOne(): Promise<void> {
    const last = this.#unread.at(-1);
    if (last === undefined) return;
    await this.#readEntry(last.line, last.to - 1);
    last.to--;
    if (last.to <= last.from) this.#unread = this.#unread.filter((one) => one !== last);
  }

  async #readEntry(line: LogId, seq: number): Promise<void> {
    // What is lost here is verify's affair: nobody can say what it spoke of.
    const read = await this.#log.entry(line, seq).catch(unlessLost);
    if (read === undefined) return;
    const { entry, links } = read;
    const debt = this.#debtOf(line, seq);
    debt.open++;
    if (await this.#log.exchange.lacksPage(line, seq)) {
      const { log, hash } = entry;
      this.#want(
        { kind: 'page', log, seq, hash },
        { key: mapKey(hash), level: 0, lane: 'entries', bytes: NODE_BYTES, debt, log },
      );
    } else {
      for (const link of links) {
        if (!hasContent(link.kind)) continue;
        const isFetched = this.#fetched.has(dotKey(link.dot));
        if (!isFetched && this.#dropped.hasVersion(link.dot)) continue;
        if (!isFetched && !(await this.#kept.keeps(link))) continue;
        debt.open++;
        const waiting = { link, debt };
        if (isFetched || (await isCurrent(this.#log, link))) await this.#walkSmall(waiting);
        else this.#history.push(waiting);
      }
      if (await this.#kept.noteEntry(line, seq)) this.lookAgain();
    }
    this.#pay([debt]);
  }

  async #walkSmall(waiting: Waiting): Promise<void> {
    const manifest = await this.#manifestOf(waiting.link);
    if (manifest !== undefined && manifest.size > SMALL_BYTES) this.#large.push(waiting);
    else await this.#walk(waiting);
  }

  async #walk({ link, debt }: Waiting): Promise<void> {
    const manifest = await this.#manifestOf(link);
    if (manifest?.root !== undefined) {
      const { root, depth, size } = manifest;
      const lane = size > SMALL_BYTES ? 'bulk' : 'small';
      await this.#visit([{ id: root, length: size }], depth, { lane, log: link.dot.log }, debt);
    }
    this.#pay([debt]);
  }

  async #manifestOf(link: NamedLink): Promise<Manifest | undefined> {
    return (await this.#log.body(link).catch(unlessLost))?.manifest;
  }

  async #children(
    plain: Uint8Array,
    level: number,
    of: Pick<Wanted, 'lane' | 'log'>,
    debt: Debt,
  ): Promise<void> {
    await this.#visit(decodeNode(level, plain), level - 1, of, debt);
  }

  /** Wants those of these chunks or nodes that are not here, and looks into the nodes that are. */
  async #visit(
    items: readonly { readonly id: Uint8Array; readonly length: number }[],
    level: number,
    of: Pick<Wanted, 'lane' | 'log'>,
    debt: Debt,
  ): Promise<void> {
    const held = await this.#store.holds(items.map(({ id }) => id));
    for (const [at, { id, length }] of items.entries()) {
      if (held[at] !== true) {
        const bytes = SEAL_BYTES + (level > 0 ? NODE_BYTES : length);
        const { lane, log } = of;
        this.#want({ kind: 'content', id }, { key: mapKey(id), level, lane, bytes, debt, log });
      } else if (level > 0) {
        const plain = await this.#log.openContent(id).catch(unlessLost);
        if (plain !== undefined) await this.#children(plain, level, of, debt);
      }
    }
  }

  #want(
    name: WantedValue['name'],
    {
      key,
      debt,
      ...rest
    }: Pick<Wanted, 'key' | 'level' | 'lane' | 'bytes' | 'log'> & { readonly debt: Debt },
  ): void {
    const known = this.#wanted.get(key);
    if (known?.debts.includes(debt) === true) return;
    debt.open++;
    if (known !== undefined) {
      known.debts.push(debt);
      return;
    }
    const wanted: Wanted = { name, key, seq: debt.seq, ...rest, debts: [debt] };
    this.#wanted.set(key, wanted);
    this.#unlisted[wanted.lane].add(wanted);
  }

  #take(key: string): Wanted | undefined {
    const wanted = this.#wanted.get(key);
    if (wanted === undefined) return undefined;
    this.#wanted.delete(key);
    this.#unlisted[wanted.lane].delete(wanted);
    return wanted;
  }

  #debtOf(line: LogId, seq: number): Debt {
    let debts = this.#debts.get(line);
    if (debts === undefined) this.#debts.set(line, (debts = new Map<number, Debt>()));
    let debt = debts.get(seq);
    if (debt === undefined) debts.set(seq, (debt = { line, seq, open: 0 }));
    return debt;
  }

  #pay(debts: readonly Debt[]): void {
    for (const debt of debts) {
      debt.open--;
      if (debt.open === 0) this.#debts.get(debt.line)?.delete(debt.seq);
    }
  }
}

function dotKey({ log, seq, index }: Dot): string {
  return `${log}:${seq}:${index}`;
}
