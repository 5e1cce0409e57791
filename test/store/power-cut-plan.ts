/** What the power-cut test and its child agree on: which bytes lie under which number. */

import { concat, readU64be, u64be, utf8 } from '../../src/bytes.ts';

export const COMMITS = 6;
export const committedKey = utf8('committed');

/** Small commits are one synced batch; the others are written in bulk. */
export function isSmall(commit: number): boolean {
  return commit % 3 === 2;
}

/** 4 KiB that tell which value they are. */
export function valueAt(seq: number): Uint8Array {
  const value = new Uint8Array(4096).fill(97 + (seq % 26));
  value.set(utf8(`value ${seq};`));
  return value;
}

/** A head names the first number of its commit and its own. */
export function headOf(first: number, seq: number): Uint8Array {
  return concat(utf8('head'), u64be(first), u64be(seq));
}

/** The first number of the commit that `value` is the head of; undefined if it is no head. */
export function firstOfHead(value: Uint8Array): number | undefined {
  return value.length === 20 ? readU64be(value, 4) : undefined;
}

export function metaKeyOf(seq: number): Uint8Array {
  return concat(utf8('c'), u64be((seq * 7919) % 65_536), u64be(seq));
}

export function metaValueOf(seq: number): Uint8Array {
  return u64be(seq);
}
