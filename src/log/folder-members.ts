/**
 * Who writes which log and who belongs to the folder, as far as the logs that are here tell, and which
 * versions count for it. Read once from the records, then kept up to date with each entry that comes.
 */

import { equalBytes, toHex } from '../bytes.ts';
import { unlessLost } from '../errors.ts';
import type { OpenedRecord } from './entry-reader.ts';
import type { Entry } from './entry.ts';
import type { VerifySignature } from './head.ts';
import { memberView, type MemberView } from './epochs.ts';
import { folderId, logId } from './log-id.ts';
import type { LogLines } from './log-lines.ts';
import { memberRecordId, verifyMemberRecord } from './member-record.ts';
import type { MemberStatement } from './member-statements.ts';
import { evaluateMembership, type IsWithin, type Member, type Membership } from './membership.ts';
import { membersInView, standingOf, type DenyList, type Standing } from './standing.ts';
import type { RecordKind } from './permission.ts';
import { epochIdOf } from './rotation-record.ts';
import type {
  Dot,
  EpochId,
  LogId,
  LogStartRecord,
  MemberRecord,
  NodeId,
  RotationRecord,
} from './types.ts';

export interface FolderMembersParts {
  /** 32-byte folder id. */
  readonly folder: Uint8Array;
  readonly verify: VerifySignature;
  readonly lines: LogLines;
  /** This node. */
  readonly own: NodeId;
  /** Nodes that this one locked out by itself. */
  readonly denied: () => DenyList;
  /** An entry of a line's history. Throws where it is lost. */
  readonly entry: (line: LogId, seq: number) => Promise<Entry>;
  /** Number of the last entry of a line, −1 for none. */
  readonly last: (line: LogId) => number;
}

/** Whose log it is. */
export interface LogOwner {
  readonly node: NodeId;
  readonly name: string;
}

/** An entry with the records that a folder's membership is made of. */
export interface StatingEntry {
  readonly line: LogId;
  readonly entry: Entry;
  readonly records: readonly OpenedRecord[];
}

/** A rotation, and the entry that holds it. */
export interface PlacedRotation {
  readonly record: RotationRecord;
  readonly line: LogId;
  readonly seq: number;
}

export class FolderMembers {
  readonly #parts: FolderMembersParts;
  readonly #owners = new Map<LogId, LogOwner>();
  #statements: readonly MemberStatement[] = [];
  /** By the epochs that they began. */
  readonly #rotations = new Map<EpochId, PlacedRotation>();
  #creator: NodeId | undefined;
  #membership: Membership | undefined;
  /** What the membership was evaluated from. */
  #evaluated: readonly MemberStatement[] | undefined;
  /** Which line holds each cut-off's entry, where its log is forked. */
  readonly #cuts = new Map<string, LogId | undefined>();
  /** Statements whose signatures were verified, with what that found. */
  readonly #verified: WeakMap<MemberRecord, boolean>;
  /** By line and grant: the first entry whose author knew of it. */
  readonly #knowing = new Map<string, number>();

  constructor(parts: FolderMembersParts, verified = new WeakMap<MemberRecord, boolean>()) {
    this.#parts = parts;
    this.#verified = verified;
  }

  /** Who writes a log; undefined where its first entry is not here. */
  ownerOf(log: LogId): LogOwner | undefined {
    return this.#owners.get(log);
  }

  /** The folder's members; undefined where its creator's log is not here. */
  get membership(): Membership | undefined {
    return this.#membership;
  }

  /** Members that this node has not locked out, by id; none where the creator's log is not here. */
  get inView(): readonly Member[] {
    const membership = this.#membership;
    return membership === undefined
      ? []
      : membersInView({ membership, denied: this.#parts.denied() });
  }

  /** All members, whether or not this node locked them out. */
  get all(): readonly Member[] {
    return [...(this.#membership?.members.values() ?? [])];
  }

  /** Whether this node locked another out by itself. */
  isDenied(node: NodeId): boolean {
    return this.#parts.denied().has(node);
  }

  /** Whether the logs tell of a node that it is a member, or was one. */
  knows(node: NodeId): boolean {
    const { members, former } = this.#membership ?? {};
    return members?.has(node) === true || former?.has(node) === true;
  }

  /** All rotations that are known, by the epochs that they began. */
  get rotations(): ReadonlyMap<EpochId, PlacedRotation> {
    return this.#rotations;
  }

  /** Members and former ones, as sealing has to see them; undefined where the creator's log is not here. */
  get view(): MemberView | undefined {
    const membership = this.#membership;
    // Who is locked out here alone reads on: until members hand epochs to each other, one that leaves it out
    // would lock it out of what all others write too.
    return membership && memberView({ membership, denied: new Map() });
  }

  /** Takes in an entry; {@link refresh} must follow before anything is asked. */
  note({ line, entry, records }: StatingEntry): void {
    for (const { index, record } of records) {
      if (record.type === 'log-start' && entry.seq === 0) {
        if (!isStartOf(this.#parts.folder, record, entry.log)) continue;
        this.#owners.set(entry.log, { node: record.node, name: record.nodeName });
        if (isCreation(this.#parts.folder, record)) this.#creator = record.node;
      } else if (record.type === 'rotation') {
        this.#rotations.set(epochIdOf(record), { record, line, seq: entry.seq });
      } else if (record.type === 'member') {
        this.#statements = [
          ...this.#statements,
          {
            record,
            id: memberRecordId(this.#parts.folder, record),
            dot: { log: line, seq: entry.seq, index },
            hash: entry.hash,
          },
        ];
      }
    }
  }

  /** Evaluates anew who is a member. Reads entries only where somebody was removed or demoted. */
  async refresh(): Promise<void> {
    const creator = this.#creator;
    if (creator === undefined) return;
    // Nothing but admissions: no further entry of any log changes what they say.
    const statements = this.#statements;
    if (this.#evaluated === statements && statements.every(isAdmission)) return;
    await this.#findCuts();
    this.#membership = evaluateMembership({
      creator,
      statements,
      verify: (record) => this.#isSigned(record),
      isWithin: this.#isWithin,
    });
    this.#evaluated = statements;
    await this.#findKnowing(this.#membership);
  }

  /** Whether records of a log may count at all, with what these entries state besides. */
  async mayWrite(node: NodeId, stating: readonly StatingEntry[]): Promise<boolean> {
    const known = this.#membership;
    const isStating = stating.some(({ records }) =>
      records.some(({ record }) => record.type === 'member'),
    );
    if (known !== undefined && !isStating) return known.members.has(node) || known.former.has(node);
    const trial = new FolderMembers(this.#parts, this.#verified);
    trial.#statements = this.#statements;
    trial.#creator = this.#creator;
    for (const one of stating) trial.note(one);
    await trial.refresh();
    const membership = trial.#membership;
    if (membership === undefined) return false;
    return membership.members.has(node) || membership.former.has(node);
  }

  /**
   * How a record that lies in `line` stands. Without a creator's log here, everything counts. What this node wrote
   * itself always counts here: an edit in its working copy is not taken back because others may not see it.
   */
  standing(line: LogId, seq: number, kind: RecordKind = 'version'): Standing {
    const membership = this.#membership;
    const owner = this.#owners.get(this.#parts.lines.origin(line));
    if (membership === undefined || owner === undefined) return 'accepted';
    if (kind === 'version' && owner.node === this.#parts.own) return 'accepted';
    const input = { membership, denied: this.#parts.denied(), isWithin: this.#isWithin };
    const entry = { log: line, seq, hash: new Uint8Array(0) };
    return standingOf(
      input,
      owner.node,
      kind,
      entry,
      (dot) => seq >= (this.#knowing.get(knowingKey(line, dot)) ?? Infinity),
    );
  }

  /** Whether nothing of any log is set aside: then {@link standing} need not be asked. */
  get isPlain(): boolean {
    const { membership } = this;
    if (membership === undefined) return true;
    if (this.#parts.denied().size > 0) return false;
    const isLimiting = ({ record }: MemberStatement): boolean =>
      record.action !== 'admit' || record.role === 'read';
    return !membership.accepted.some(isLimiting);
  }

  readonly #isWithin: IsWithin = (entry, cutoff) => {
    const { lines } = this.#parts;
    if (lines.origin(entry.log) !== cutoff.log || entry.seq > cutoff.seq) return false;
    if (!lines.isForked(cutoff.log)) return true;
    const line = this.#cuts.get(cutKey(cutoff));
    if (line !== undefined) {
      return lines.holder(entry.log, entry.seq) === lines.holder(line, entry.seq);
    }
    // A cut-off on a branch that is not here keeps only what all branches share.
    return entry.seq < lines.firstFork(cutoff.log);
  };

  #isSigned(record: MemberRecord): boolean {
    const known = this.#verified.get(record);
    if (known !== undefined) return known;
    const { folder, verify } = this.#parts;
    const isSigned = verifyMemberRecord(verify, folder, record);
    this.#verified.set(record, isSigned);
    return isSigned;
  }

  async #findCuts(): Promise<void> {
    const { lines, entry, last } = this.#parts;
    for (const { record } of this.#statements) {
      for (const cutoff of record.cutoffs) {
        if (!lines.isForked(cutoff.log)) continue;
        let found: LogId | undefined;
        for (const line of lines.of(cutoff.log)) {
          if (cutoff.seq > last(line) || cutoff.seq < lines.from(line)) continue;
          const there = await entry(line, cutoff.seq).catch(unlessLost);
          if (there !== undefined && equalBytes(there.hash, cutoff.hash)) found = line;
        }
        this.#cuts.set(cutKey(cutoff), found);
      }
    }
  }

  /** Finds from where on the logs of readmitted nodes knew of it. */
  async #findKnowing({ accepted }: Membership): Promise<void> {
    const { lines, entry, last } = this.#parts;
    const limited = new Set(
      accepted.filter(({ record }) => record.action !== 'admit').map(({ record }) => record.node),
    );
    for (const [log, { node }] of this.#owners) {
      if (!limited.has(node)) continue;
      const grants = accepted.filter(
        ({ record }) => record.node === node && record.action !== 'remove',
      );
      for (const line of lines.of(log)) {
        const clock = new Map<LogId, number>();
        const open = new Set(grants.filter(({ dot }) => !this.#knowing.has(knowingKey(line, dot))));
        for (let seq = 0; seq <= last(line) && open.size > 0; seq++) {
          const there = await entry(line, seq).catch(unlessLost);
          for (const [other, count] of there?.clock ?? []) clock.set(other, count);
          for (const grant of open) {
            const { dot } = grant;
            if ((clock.get(lines.origin(dot.log)) ?? 0) <= dot.seq) continue;
            this.#knowing.set(knowingKey(line, dot), seq);
            open.delete(grant);
          }
        }
      }
    }
  }
}

/** Whether the first record of a log is of this log: its id commits to the node. */
export function isStartOf(folder: Uint8Array, record: LogStartRecord, log: LogId): boolean {
  return logId(record.node, folder, record.incarnation) === log;
}

function isCreation(folder: Uint8Array, { node, folderSalt }: LogStartRecord): boolean {
  return folderSalt !== undefined && equalBytes(folderId(node, folderSalt), folder);
}

function isAdmission({ record }: MemberStatement): boolean {
  return record.action === 'admit';
}

function cutKey({ log, seq, hash }: { log: LogId; seq: number; hash: Uint8Array }): string {
  return `${log}:${seq}:${toHex(hash)}`;
}

function knowingKey(line: LogId, { log, seq, index }: Dot): string {
  return `${line} ${log}:${seq}:${index}`;
}
