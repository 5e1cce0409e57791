/**
 * What one folder's logs give to other nodes and take from them: stretches of entries, and the pages that
 * come later.
 */

import { cameFromElsewhere } from './first-seen.ts';
import type { SignedStretch } from './given-stretch.ts';
import { verifyHead } from './head.ts';
import {
  LogAdoption,
  type LogAdoptionParts,
  type OnTaken,
  type PageOutcome,
  type StretchOutcome,
} from './log-adoption.ts';
import {
  lineHolding,
  readStretch,
  type ReadStretch,
  type StretchAsk,
  type StretchSource,
} from './log-stretches.ts';
import type { LogWriter } from './log-writer.ts';
import type { Head, LogId } from './types.ts';

export interface LogExchangeParts extends Omit<LogAdoptionParts, 'observe'> {
  readonly writer: LogWriter;
}

/** Heads that a slow peer may still ask for while newer ones come. */
const MAX_RECENT_HEADS = 1024;

export class LogExchange {
  readonly #parts: LogExchangeParts;
  readonly #adoption: LogAdoption;
  /** Heads of others' logs that came since this was opened, by line and seq: what peers were told of. */
  readonly #recent = new Map<string, Head>();
  /** A log that this node wrote when entries of it came from elsewhere, or may have. */
  #adopted: { readonly log: LogId; readonly isSure: boolean } | undefined;

  constructor(parts: LogExchangeParts) {
    this.#parts = parts;
    this.#adoption = new LogAdoption({
      ...parts,
      observe: (time) => {
        parts.writer.observe(time);
      },
    });
  }

  /**
   * Whether entries of this node's own log came from elsewhere, now or before it was opened: another copy of
   * this home wrote them. `unknown` where what would tell is lost.
   */
  get hasAdoptedOwn(): boolean | 'unknown' {
    if (this.#adopted?.log !== this.#parts.own()) return false;
    return this.#adopted.isSure || 'unknown';
  }

  /** Reads what came before. */
  async load(): Promise<void> {
    const { store, reader, own } = this.#parts;
    const log = own();
    const came = await cameFromElsewhere(store, reader.lines.of(log));
    if (came !== false) this.#adopted = { log, isSure: came === true };
  }

  /** Keeps a head that peers may have been told of. */
  note(line: LogId, head: Head): void {
    this.#recent.set(`${line}:${head.seq}`, head);
    if (this.#recent.size <= MAX_RECENT_HEADS) return;
    this.#recent.delete(this.#recent.keys().next().value ?? '');
  }

  /**
   * Takes over entries that another node wrote, all or none: durable on return; `onTaken` hears of them
   * before anybody sees them in a line. Waits until what is staged here is committed. Throws what the store throws, and `VAULT_CLOSED` where what was staged never was.
   */
  adopt(stretch: SignedStretch, onTaken?: OnTaken): Promise<StretchOutcome> {
    return this.#parts.writer.whenCommitted(async () => {
      const told = await this.#adoption.adopt(stretch, onTaken);
      if (told.outcome === 'adopted') {
        this.note(told.line, stretch.head);
        const isOwn = stretch.log === this.#parts.own() && told.from < told.to;
        if (isOwn) this.#adopted = { log: stretch.log, isSure: true };
      }
      return told;
    });
  }

  /** Takes a sealed page of an entry that came without it: durable on return. */
  adoptPage(value: Uint8Array): Promise<PageOutcome> {
    return this.#parts.writer.whenCommitted(() => this.#adoption.adoptPage(value));
  }

  /** Entries for another node, up to a signed head; undefined where they are not here, or not all. */
  readStretch(ask: StretchAsk): Promise<ReadStretch | undefined> {
    return readStretch(this.#stretches, ask);
  }

  /** The sealed page of an entry of a line's history; undefined where it has none, or none here. */
  sealedPage(line: LogId, seq: number): Promise<Uint8Array | undefined> {
    return this.#parts.reader.sealedPage(line, seq);
  }

  /** Whether an entry has a page that has not come here. */
  async lacksPage(line: LogId, seq: number): Promise<boolean> {
    const place = await this.#parts.reader.placeOf(this.#parts.reader.lines.holder(line, seq), seq);
    return place !== undefined && place.pageSeq === undefined;
  }

  /** Whether a head was signed by the owner of its log; false where nobody here knows whose it is. */
  isGenuine(head: Head): boolean {
    const { verify, folder, members } = this.#parts;
    const owner = members.ownerOf(head.log);
    return owner !== undefined && verifyHead(verify, folder, owner.node, head);
  }

  /** The line whose history holds this entry; undefined where none does. */
  lineHolding(place: {
    readonly log: LogId;
    readonly seq: number;
    readonly hash: Uint8Array;
  }): Promise<LogId | undefined> {
    return lineHolding(this.#stretches, place);
  }

  get #stretches(): StretchSource {
    const { store, reader, heads, sealer, own } = this.#parts;
    return {
      store,
      reader,
      heads,
      earlier: (line, { seq, hash }) =>
        line === own() ? sealer.signed(line, seq, hash) : this.#recent.get(`${line}:${seq}`),
    };
  }
}
