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

/** Sequence numbers after which LevelDB is asked whether it leapt over any. */
const WINDOW = 64;
/** Sequence numbers of one gap that are asked for one by one. */
const PROBES = 1024;

/** The sequence number of a key, undefined if it is none. */
export function seqOf(key: Uint8Array): number | undefined {
  return key.length === 8 && (key[0] ?? 255) === 0 && (key[1] ?? 255) < 0x20
    ? readU64be(key)
    : undefined;
}

/** As `ChunkReader.scan`, on one database; values written meanwhile may or may not be among them. */
export async function* scanValues(
  database: LevelDatabase,
  from: number,
  to: number,
  onDamage: (after: number) => void,
): AsyncGenerator<SeqValue> {
  const last = (await edge(database, from, to, true))?.seq ?? from - 1;
  let at = from;
  for (let size = WINDOW; at <= last;) {
    const start = at;
    // Over a wide gap windows grow; where they meet a value they end before it.
    const end = Math.min(to, last + 1, start + size);
    const next = size === WINDOW ? undefined : (await edge(database, start, end, false))?.seq;
    const seen: number[] = [];
    const rows = readWindow(database, start, next ?? end);
    let row = await rows.next();
    for (; !row.done; row = await rows.next()) {
      seen.push(row.value.seq);
      yield row.value;
    }
    const damaged = row.value;
    at = damaged ? yield* pastDamage(database, { start, seen, to, last }, onDamage) : (next ?? end);
    size = seen.length > 0 || next !== undefined ? WINDOW : size * 2;
  }
  const rest = readWindow(database, at, to);
  for (let row = await rest.next(); ; row = await rest.next()) {
    if (!row.done) yield row.value;
    else {
      if (row.value) onDamage(Math.max(at - 1, 0));
      return;
    }
  }
}

/** The readable values of a range; returns whether there may be others. */
async function* readWindow(
  database: LevelDatabase,
  from: number,
  to: number,
): AsyncGenerator<SeqValue, boolean> {
  let damaged = false;
  let at = from;
  try {
    if (from >= to) return false;
    // LevelDB tells of damage only when it meets the end of the range, not at a limit.
    for await (const page of database.pages({ gte: u64be(from), lt: u64be(to) })) {
      for (const found of page.map(seqValue)) {
        if (found === undefined || found.seq < at || found.seq >= to) damaged = true;
        else {
          at = found.seq + 1;
          yield found;
        }
      }
    }
  } catch (error) {
    if (!isVaultError(error, 'VAULT_DAMAGED')) throw error;
    return true;
  }
  return damaged;
}

interface DamagedWindow {
  readonly start: number;
  readonly seen: readonly number[];
  readonly to: number;
  /** The last value of the range that can be read. */
  readonly last: number;
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
  for (let rows = 0; rows < WINDOW && before < last; rows++) {
    const next = await firstBehind(database, before, last, to);
    if (next === undefined) {
      report(before);
      return last + 1;
    }
    if (next.leapt || (await holdsDamage(database, before + 1, next.row.seq))) report(before);
    yield next.row;
    before = next.row.seq;
  }
  // LevelDB looks one block ahead: what lies behind is found when the scan gets there.
  if (!found && !(await holdsDamage(database, before + 1, to))) report(start - 1);
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
