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

/**
 * How far apart two distributions are: the greatest distance of their empirical distribution functions
 * (Kolmogorov–Smirnov), 0 … 1. Of two samples of 10,000 of one distribution it exceeds 0.023 once in a
 * hundred times. Throws `RangeError` where a sample is empty.
 */
export function kolmogorovSmirnov(a: readonly number[], b: readonly number[]): number {
  if (a.length === 0 || b.length === 0) throw new RangeError('expected values on both sides');
  const [left, right] = [a, b].map((values) => values.toSorted((one, two) => one - two));
  let [i, j, most] = [0, 0, 0];
  while (left && right && i < left.length && j < right.length) {
    const at = Math.min(left[i] ?? Infinity, right[j] ?? Infinity);
    while (left[i] === at) i++;
    while (right[j] === at) j++;
    most = Math.max(most, Math.abs(i / left.length - j / right.length));
  }
  return most;
}
