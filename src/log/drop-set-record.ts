/**
 * Drop-set record: `[action, dots, snapshots, time]`. action: 0 drop, 1 restore; dots:
 * `[log, [seq, index, seq, index, …], …]` in ascending order; snapshots: ids in ascending order.
 */

import { compareBytes } from '../bytes.ts';
import { asArray, asInteger, type CborValue } from '../codec.ts';
import { MAX_DROPS, MAX_ENTRY_RECORDS } from '../limits.ts';
import { asByteSet, asId, assertAscending, idToBytes } from './clock-codec.ts';
import { invalid } from './link.ts';
import { SNAPSHOT_ID_BYTES } from './snapshot-record.ts';
import type { Dot, DropSetRecord } from './types.ts';

const actions = ['drop', 'restore'] as const;

export function dropSetToValue(record: DropSetRecord): CborValue {
  const dots = record.dots.toSorted(compareDots);
  const value: CborValue[] = [];
  let places: CborValue[] = [];
  dots.forEach((dot, at) => {
    if (dot.log !== dots[at - 1]?.log) {
      places = [];
      value.push(idToBytes(dot.log), places);
    }
    places.push(dot.seq, dot.index);
  });
  return [
    actions.indexOf(record.action),
    value,
    record.snapshots.toSorted(compareBytes),
    record.time,
  ];
}

/** Throws `VAULT_ENTRY_INVALID`. */
export function asDropSet(value: CborValue): DropSetRecord {
  const parts = asArray(value, 4, 4);
  const action = actions[asInteger(parts[0], 0, actions.length - 1)];
  if (action === undefined) throw invalid('an action');
  return {
    type: 'drop-set',
    action,
    dots: asDots(parts[1]),
    snapshots: asByteSet(parts[2], SNAPSHOT_ID_BYTES, MAX_DROPS),
    time: asInteger(parts[3]),
  };
}

/** Negative, zero or positive: by log id, then seq, then index. */
export function compareDots(a: Dot, b: Dot): number {
  if (a.log !== b.log) return a.log < b.log ? -1 : 1;
  return a.seq - b.seq || a.index - b.index;
}

function asDots(value: CborValue | undefined): readonly Dot[] {
  const list = asArray(value, 0, MAX_DROPS * 2);
  if (list.length % 2 !== 0) throw invalid('places for each log');
  const dots: Dot[] = [];
  let before = '';
  for (let at = 0; at < list.length; at += 2) {
    const log = asId(list[at]);
    assertAscending(before, log);
    before = log;
    const places = asArray(list[at + 1], 2, MAX_DROPS * 2);
    if (places.length % 2 !== 0) throw invalid('pairs');
    for (let place = 0; place < places.length; place += 2) {
      const dot = {
        log,
        seq: asInteger(places[place]),
        index: asInteger(places[place + 1], 0, MAX_ENTRY_RECORDS - 1),
      };
      const last = dots.at(-1);
      if (last !== undefined && compareDots(last, dot) >= 0) throw invalid('dots in order');
      dots.push(dot);
    }
  }
  if (dots.length > MAX_DROPS) throw invalid(`at most ${MAX_DROPS} dots`);
  return dots;
}
