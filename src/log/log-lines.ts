/**
 * Where the entries of forked logs lie. Each log has a line of its own id; where another history of the
 * same log came by, what differs lies in a line of its own, whose id is that of its branch. Which of the
 * branches goes on in the first line is this node's own affair: links, heads and what travels name the
 * log as its author did.
 */

import { concat, fromHex, toHex } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import { decodeSeq, encodeSeq, metaKey, metaPrefix, metaRange } from '../store/meta-keys.ts';
import type { MetaOperation, MetaReader } from '../store/meta-store.ts';
import type { LogId } from './types.ts';

/** A run of entries that left another line. */
export interface BranchLine {
  readonly id: LogId;
  /** The log as its author wrote it. */
  readonly origin: LogId;
  /** The line that holds the entries before. */
  readonly parent: LogId;
  /** Number of its first entry. */
  readonly from: number;
}

const ID_BYTES = 32;

export class LogLines {
  readonly #branches = new Map<LogId, BranchLine>();
  readonly #byOrigin = new Map<LogId, LogId[]>();

  /** Those that are known. Throws `VAULT_DAMAGED` where a row is malformed. */
  static async load(meta: MetaReader): Promise<LogLines> {
    const lines = new LogLines();
    for await (const { key, value } of meta.scan(metaRange(metaKey(metaPrefix.branch)))) {
      const from = decodeSeq(value.subarray(2 * ID_BYTES));
      if (from === undefined || key.length !== 1 + ID_BYTES) {
        throw new VaultError('VAULT_DAMAGED', 'malformed row of a branch');
      }
      lines.#note({
        id: toHex(key.subarray(1)),
        origin: toHex(value.subarray(0, ID_BYTES)),
        parent: toHex(value.subarray(ID_BYTES, 2 * ID_BYTES)),
        from,
      });
    }
    return lines;
  }

  /** Takes in a branch; the row that does so for later. */
  add(branch: BranchLine): MetaOperation {
    this.#note(branch);
    const value = concat(fromHex(branch.origin), fromHex(branch.parent), encodeSeq(branch.from));
    return { type: 'put', key: metaKey(metaPrefix.branch, fromHex(branch.id)), value };
  }

  /** The log that a line belongs to. */
  origin(line: LogId): LogId {
    return this.#branches.get(line)?.origin ?? line;
  }

  /** The number of the first entry that lies in a line itself. */
  from(line: LogId): number {
    return this.#branches.get(line)?.from ?? 0;
  }

  /** All lines of a log, its own first. */
  of(log: LogId): readonly LogId[] {
    return [log, ...(this.#byOrigin.get(log) ?? [])];
  }

  isForked(log: LogId): boolean {
    return this.#byOrigin.has(log);
  }

  /** The number of the first entry of which a log has several. */
  firstFork(log: LogId): number {
    return Math.min(...(this.#byOrigin.get(log) ?? []).map((line) => this.from(line)));
  }

  /** The line in which entry `seq` of a line's history lies. */
  holder(line: LogId, seq: number): LogId {
    let at = line;
    for (let branch = this.#branches.get(at); branch !== undefined && seq < branch.from;) {
      at = branch.parent;
      branch = this.#branches.get(at);
    }
    return at;
  }

  /** The number at which the history of `line` leaves `holder`, one of the lines before it. */
  end(line: LogId, holder: LogId): number {
    let branch = this.#branches.get(line);
    while (branch !== undefined && branch.parent !== holder) {
      branch = this.#branches.get(branch.parent);
    }
    if (branch === undefined) throw new RangeError('expected a line before this one');
    return branch.from;
  }

  #note(branch: BranchLine): void {
    this.#branches.set(branch.id, branch);
    const known = this.#byOrigin.get(branch.origin);
    if (known === undefined) this.#byOrigin.set(branch.origin, [branch.id]);
    else if (!known.includes(branch.id)) known.push(branch.id);
  }
}
