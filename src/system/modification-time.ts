/**
 * Node sets file times in seconds as a double, which has steps of 0.24 µs today, and its system layer
 * (libuv below 1.52) then cuts that to whole microseconds.
 */

const NS = 1_000_000_000n;

/**
 * The seconds to hand to Node for `mtimeNs`, as a text because Node takes a negative number for "now".
 *
 * What is then read back differs from `mtimeNs` by less than 1 µs, not at all for whole seconds, and
 * setting what was read back changes nothing: a scan never sees an endless change.
 */
export function secondsForModified(mtimeNs: bigint): string {
  const before1970 = mtimeNs < 0n;
  const distance = before1970 ? -mtimeNs : mtimeNs;
  const whole = Number(distance / NS);
  const ns = Number(distance % NS);
  let seconds = whole + ns / 1e9;
  // The fraction is cut, not rounded: the nearest double must not fall short of what was meant.
  const cut = Math.trunc((seconds - Math.trunc(seconds)) * 1e9);
  if (Math.trunc(seconds) === whole && cut < ns) seconds = nextUp(seconds);
  return before1970 ? `-${seconds}` : `${seconds}`;
}

/** The smallest double above a positive one. */
function nextUp(value: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + 1n);
  return view.getFloat64(0);
}
