/** Sums up what was measured several times. */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The middle value, or the mean of the two in the middle. Throws `RangeError` where there is none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const low = sorted[Math.ceil(sorted.length / 2) - 1];
  const high = sorted[Math.floor(sorted.length / 2)];
  if (low === undefined || high === undefined) throw new RangeError('expected a value, got none');
  return (low + high) / 2;
}

/** Throws `RangeError` where there is no value. */
export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** A value with the round it was measured in. */
export interface Sample {
  readonly pair: number;
  readonly value: number;
}

/**
 * Ratios of `mine` to `theirs`, each within one round, so that what slows a whole round down does not
 * show. Rounds that lack either side are left out; undefined where none is left.
 */
export function pairRatios(mine: readonly Sample[], theirs: readonly Sample[]): Spread | undefined {
  const other = new Map(theirs.map(({ pair, value }) => [pair, value]));
  const ratios = mine.flatMap(({ pair, value }) => {
    const beside = other.get(pair);
    return beside === undefined || beside === 0 ? [] : [value / beside];
  });
  return ratios.length === 0 ? undefined : spread(ratios);
}

/** The sides of a round in the order they run: forwards and backwards in turn. */
export function orderOf<T>(sides: readonly T[], pair: number): T[] {
  return pair % 2 === 0 ? [...sides] : sides.toReversed();
}
