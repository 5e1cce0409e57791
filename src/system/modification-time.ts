/**
 * Node sets file times in seconds as a double, which has steps of 0.24 µs today, and its system layer
 * (libuv below 1.52) then cuts that to whole microseconds.
 */

/**
 * The seconds to hand to Node for `mtimeNs`, as a text because Node takes a negative number for "now".
 *
 * What is then read back differs from `mtimeNs` by less than 1.3 µs, not at all for whole seconds, and
 * setting what was read back changes nothing: a scan never sees an endless change.
 */
export function secondsForModified(mtimeNs: bigint): string {
  const before1970 = mtimeNs < 0n;
  const ns = before1970 ? -mtimeNs : mtimeNs;
  let seconds = Number(ns / 1_000_000_000n) + Number(ns % 1_000_000_000n) / 1e9;
  // Cut to microseconds, the nearest double may fall into the one before.
  if (Math.trunc(seconds * 1e6) < Number(ns / 1000n)) seconds = nextUp(seconds);
  return before1970 ? `-${seconds}` : `${seconds}`;
}

/** The smallest double above a positive one. */
function nextUp(value: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + 1n);
  return view.getFloat64(0);
}
