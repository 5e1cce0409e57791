/** A set of dots, small enough for every version of a large folder. */

import { MAX_ENTRY_RECORDS } from '../limits.ts';
import type { Dot, LogId } from './types.ts';

export class DotSet {
  readonly #logs = new Map<LogId, Set<number>>();

  add(dot: Dot): void {
    let places = this.#logs.get(dot.log);
    if (places === undefined) this.#logs.set(dot.log, (places = new Set()));
    places.add(placeOf(dot));
  }

  has(dot: Dot): boolean {
    return this.#logs.get(dot.log)?.has(placeOf(dot)) ?? false;
  }

  /** Takes a dot out; whether it was in. */
  delete(dot: Dot): boolean {
    return this.#logs.get(dot.log)?.delete(placeOf(dot)) ?? false;
  }
}

/** Place in the log as one number: a set of numbers takes a tenth of the memory of one of texts. */
function placeOf({ seq, index }: Dot): number {
  return seq * MAX_ENTRY_RECORDS + index;
}
