/**
 * Which contents a node keeps by itself: of all versions, or of those that are current, conflicts included,
 * and those that pinned snapshots show. What is not kept is neither missing nor damaged: it is elsewhere,
 * and can be fetched.
 */

import { toHex } from '../bytes.ts';
import { isLoss } from '../errors.ts';
import type { FolderLog } from './folder-log.ts';
import { recordType } from './record-types.ts';
import { supersedersOf } from './superseding.ts';
import type { NamedLink, SnapshotRecord, VectorClock } from './types.ts';
import { covers } from './vector-clock.ts';

export type HistoryKept = 'all' | 'current';

export class KeptContents {
  readonly history: HistoryKept;
  readonly #log: FolderLog;
  /** Clocks of pinned snapshots, by id. */
  readonly #pinned = new Map<string, VectorClock>();
  /** Those whose entries came. */
  readonly #noted = new Set<string>();

  private constructor(log: FolderLog, history: HistoryKept) {
    this.#log = log;
    this.history = history;
  }

  static async open(log: FolderLog, history: HistoryKept): Promise<KeptContents> {
    const kept = new KeptContents(log, history);
    if (history === 'all') return kept;
    for await (const { record } of log.records(recordType.snapshot, () => undefined)) {
      if (record.type === 'snapshot') kept.#pin(record);
    }
    return kept;
  }

  /**
   * Takes notice of an entry that came, as far as its page is here. Whether it pins a snapshot, told once for
   * each: then versions are kept from now on that were passed over.
   */
  async noteEntry(line: string, seq: number): Promise<boolean> {
    if (this.history === 'all') return false;
    try {
      const { records } = await this.#log.entryAlone(line, seq);
      if (records.every(({ type }) => type !== recordType.snapshot)) return false;
      let isMore = false;
      for (const { record } of await this.#log.recordsOf(line, seq)) {
        if (record.type !== 'snapshot' || !record.pinned || this.#noted.has(toHex(record.id)))
          continue;
        this.#noted.add(toHex(record.id));
        this.#pin(record);
        isMore = true;
      }
      return isMore;
    } catch (error) {
      if (!isLoss(error)) throw error;
      return false;
    }
  }

  /** Whether the content of a version is kept; in doubt it is. */
  async keeps(link: NamedLink): Promise<boolean> {
    if (this.history === 'all') return true;
    let lost = 0;
    const superseders = await supersedersOf(this.#log, link, () => lost++);
    const { members } = this.#log;
    const counting = members.isPlain
      ? superseders
      : superseders.filter(({ dot }) => members.standing(dot.log, dot.seq) === 'accepted');
    if (counting.length === 0 || lost > 0) return true;
    return [...this.#pinned.values()].some(
      (clock) => covers(clock, link.dot) && !superseders.some(({ dot }) => covers(clock, dot)),
    );
  }

  #pin({ id, pinned, clock }: SnapshotRecord): void {
    if (pinned) this.#pinned.set(toHex(id), clock);
  }
}
