/**
 * Values of one LevelDB in order, past whatever cannot be read. LevelDB's own iterator leaps over
 * damaged blocks without a word until it ends, and a damaged key can end it early: both are found
 * out here, and the scan goes on behind them.
 */

import { readU64be, u64be } from '../bytes.ts';
import { isVaultError } from '../errors.ts';
import type { LevelDatabase, LevelRange, LevelRow } from './level-database.ts';

export interface SeqValue {
  readonly seq: number;
  readonly value: Uint8Array;
}

/** Rows after which LevelDB is asked whether it leapt over any. */
const WINDOW = 64;
/** Sequence numbers of one gap that are asked for one by one. */
const PROBES = 1024;

/** The sequence number of a key, undefined if it is none. */
export function seqOf(key: Uint8Array): number | undefined {
  return key.length === 8 && (key[0] ?? 255) === 0 && (key[1] ?? 255) < 0x20
    ? readU64be(key)
    : undefined;
}

/** As `ChunkReader.scan`, on one database. */
export async function* scanValues(
  database: LevelDatabase,
  from: number,
  to: number,
  onDamage: (after: number) => void,
): AsyncGenerator<SeqValue> {
  let at = from;
  for (;;) {
    const seen: number[] = [];
    const start = at;
    let damaged = false;
    try {
      for await (const page of database.pages({ gte: u64be(at), lt: u64be(to), limit: WINDOW })) {
        for (const found of page.map(seqValue)) {
          if (found === undefined || found.seq < at || found.seq >= to) {
            damaged = true;
            continue;
          }
          seen.push(found.seq);
          at = found.seq + 1;
          yield found;
        }
      }
    } catch (error) {
      if (!isVaultError(error, 'VAULT_DAMAGED')) throw error;
      damaged = true;
    }
    if (!damaged && seen.length === WINDOW) continue;
    const last = await edge(database, at, to, true);
    if (!damaged && last === undefined) return;
    const next: number = yield* pastDamage(
      database,
      { start, seen, to, last: last?.seq },
      onDamage,
    );
    if (last === undefined || next > last.seq) return;
    at = next;
  }
}

interface DamagedWindow {
  readonly start: number;
  readonly seen: readonly number[];
  readonly to: number;
  /** The last value readable after those seen. */
  readonly last: number | undefined;
}

/** Row by row through a stretch known to hold damage; returns where to go on. */
async function* pastDamage(
  database: LevelDatabase,
  { start, seen, to, last }: DamagedWindow,
  onDamage: (after: number) => void,
): AsyncGenerator<SeqValue, number> {
  let found = false;
  let before = start - 1;
  const report = (after: number): void => {
    found = true;
    onDamage(Math.max(after, 0));
  };
  for (const seq of seen) {
    if (await holdsDamage(database, before + 1, seq)) report(before);
    before = seq;
  }
  if (last === undefined) {
    report(before);
    return to;
  }
  for (let rows = 0; rows < WINDOW && before < last; rows++) {
    const next = await firstBehind(database, before, last, to);
    if (next === undefined) {
      report(before);
      return to;
    }
    if (next.leapt || (await holdsDamage(database, before + 1, next.row.seq))) report(before);
    yield next.row;
    before = next.row.seq;
  }
  if (!found) report(start - 1);
  return before + 1;
}

/** The next readable value; a key that leads astray is passed in growing leaps. */
async function firstBehind(
  database: LevelDatabase,
  before: number,
  last: number,
  to: number,
): Promise<{ row: SeqValue; leapt: boolean } | undefined> {
  for (let leap = 1; before + leap <= last; leap *= 2) {
    const row = await edge(database, before + leap, to, false);
    if (row) return { row, leapt: leap > 1 };
  }
  const row = await edge(database, last, to, false);
  return row && { row, leapt: true };
}

/** Whether asking for one of these sequence numbers fails, as far as {@link PROBES} goes. */
async function holdsDamage(database: LevelDatabase, from: number, to: number): Promise<boolean> {
  const end = Math.min(to, from + PROBES);
  for (let seq = from; seq < end; seq++) {
    try {
      await database.get(u64be(seq));
    } catch (error) {
      if (!isVaultError(error, 'VAULT_DAMAGED')) throw error;
      return true;
    }
  }
  return false;
}

/** The first (or last) readable value with `from <= seq < to`. */
export async function edge(
  database: LevelDatabase,
  from: number,
  to: number,
  reverse: boolean,
): Promise<SeqValue | undefined> {
  if (from >= to) return undefined;
  const range: LevelRange = { gte: u64be(from), lt: u64be(to), reverse };
  try {
    for await (const [row] of database.pages(range, 1)) {
      const found = row && seqValue(row);
      if (found && found.seq >= from && found.seq < to) return found;
    }
  } catch (error) {
    if (!isVaultError(error, 'VAULT_DAMAGED')) throw error;
  }
  return undefined;
}

function seqValue([key, value]: LevelRow): SeqValue | undefined {
  const seq = seqOf(key);
  return seq === undefined ? undefined : { seq, value };
}
