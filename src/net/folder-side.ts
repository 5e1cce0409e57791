/**
 * What the exchange asks of the folder it exchanges: its logs and values, as `FolderLog` and `FolderStore`
 * hold them. Everything that is slow, durable or secret is on the far side of this interface; the
 * exchange itself only decides.
 *
 * Promises may be answered in any order; calls may overlap. A rejection means that this node cannot go
 * on (`VAULT_NO_SPACE`, `VAULT_IO`, …), never that a peer misbehaved: what a peer sent is judged by the
 * outcomes.
 */

import type { Head, LogId } from '../log/types.ts';

/** A chunk or a manifest node by its id, or the page of an entry by that entry's place. */
export type ValueName =
  | { readonly kind: 'content'; readonly id: Uint8Array }
  | { readonly kind: 'page'; readonly log: LogId; readonly seq: number; readonly hash: Uint8Array };

/** What goes first where both could: log entries and pages, small files, everything else. */
export type DataLane = 'entries' | 'small' | 'bulk';

/** A value that this node wants, after its own retention and its drop set, and does not hold. */
export interface Want {
  readonly name: ValueName;
  /** The entry that made it wanted. Who holds the content of `log` through `seq` has it, or had it. */
  readonly log: LogId;
  readonly seq: number;
  readonly lane: DataLane;
  /** Bytes it may take as a sealed value: what is reckoned with, not a limit. */
  readonly bytes: number;
}

/** A signed head, and how much of what its log speaks of is here. */
export interface HeldHead {
  readonly head: Head;
  /** Of all entries with seq < `through`, this node holds every value that it wants. */
  readonly through: number;
}

export interface RangeAsk {
  /** The id its author wrote it under, fork or not. */
  readonly log: LogId;
  readonly from: number;
  /** The head that the entries are to lead to: of a forked log, it says which branch. */
  readonly toward: { readonly seq: number; readonly hash: Uint8Array };
  /** The most bytes of values that may ride along. */
  readonly rideBytes: number;
}

/** Entries of one log without a gap, the last of them signed. */
export interface EntryRange {
  readonly log: LogId;
  readonly from: number;
  /** Canonical bytes of each entry; at least one, at most {@link SIGNED_EVERY}. */
  readonly entries: readonly Uint8Array[];
  /** Signs the last entry. */
  readonly head: Head;
  /** Sealed values that these entries speak of: pages and small contents. May be empty. */
  readonly rides: readonly Uint8Array[];
}

/**
 * What became of a range.
 * - `adopted`: verified, durable and part of the log; what was known before counts as adopted too.
 * - `detached`: its first entry does not follow any that is known: ask again from earlier.
 * - `early`: sound, but nothing here says yet whose log it is: offer it again when other logs have grown.
 * - `refused`: malformed, or its hashes, its signature or its place are wrong: its sender made it up.
 */
export type AdoptOutcome = 'adopted' | 'detached' | 'early' | 'refused';

export interface Adopted {
  readonly outcome: AdoptOutcome;
  /** Every head of the range's log as it stands now: several where it is forked. Empty unless `adopted`. */
  readonly heads: readonly HeldHead[];
  /** Rides that were kept. */
  readonly stored: readonly ValueName[];
}

/**
 * What became of a sealed value.
 * - `stored`: opened, verified and readable from now on; also where it was here before.
 * - `incomplete`: a page that is genuine and lacks records that are wanted: its sender dropped them.
 * - `unwanted`: genuine or not, nothing here asks for it; not kept.
 * - `corrupt`: it does not open, or is not what it says it is: its sender has nothing better.
 */
export type PutOutcome = 'stored' | 'incomplete' | 'unwanted' | 'corrupt';

/**
 * Whether a value can be served: `missing` may come yet, `expired` was dropped here for good. What no
 * entry of this folder speaks of is `missing` too.
 */
export type Presence = 'here' | 'missing' | 'expired';

export interface FolderSide {
  /** Heads of all logs that may be announced, each with its content: of a forked log, one a branch. */
  heads(): Promise<readonly HeldHead[]>;

  /**
   * Which of these heads, all at or below what is known of their logs, are on a known branch. The rest
   * prove forks once their signatures verify, which this call checks: `false` for each of those, and
   * `undefined` for heads that do not verify, which are ignored.
   */
  knowsHeads(heads: readonly Head[]): Promise<readonly (boolean | undefined)[]>;

  /**
   * Entries from `from` on, on the branch of `toward`, ending at the first signed place at or after
   * `from`: `toward` itself or a multiple of {@link SIGNED_EVERY} before it. Undefined where they are not
   * here. Rides are taken while they fit, pages first.
   */
  readRange(ask: RangeAsk): Promise<EntryRange | undefined>;

  /** Verifies and takes over all of the range or nothing. Resolves when it is durable. */
  adopt(range: EntryRange): Promise<Adopted>;

  /**
   * Up to `limit` wanted values, most urgent first: of current versions before history, of small files
   * before large ones. Each is listed once until {@link rewindWants}; those that came to be wanted later
   * are listed as they come. An empty list: none is left for now.
   */
  wants(limit: number): Promise<readonly Want[]>;

  /** Lists everything that is still wanted again, from the most urgent on. */
  rewindWants(): void;

  /** Whether each can be served, in order; cheap, from rows alone. */
  has(names: readonly ValueName[]): Promise<readonly Presence[]>;

  /** Sealed values in order, as they are stored; undefined for what {@link has} would not call `here`. */
  getSealed(names: readonly ValueName[]): Promise<readonly (Uint8Array | undefined)[]>;

  /**
   * Opens, verifies and keeps sealed values, in order. They can be read and served when this resolves,
   * and are durable soon after: what a crash takes back is wanted again.
   */
  putSealed(values: readonly Uint8Array[]): Promise<readonly PutOutcome[]>;
}
