/**
 * Many links in one canonical CBOR value, column by column, so that the parts that compress lie
 * together. Parents name their logs and entries by index into two tables.
 *
 *   [kinds, times, paths, digests, logs, entries, hashes, parents, names]
 *
 * kinds: one byte each; times: the first, then differences; paths: separated by NUL; digests: 16
 * bytes for each content; logs: 32 bytes each, ascending; entries: flat (log index, seq), hashes: 8
 * bytes each, ascending by log, seq, hash; parents: for each link flat (entry index, record index),
 * ascending; names: the links' own (entry index, record index), or null where the entry gives them.
 */

import { isUtf8 } from 'node:buffer';
import { asBuffer, toHex } from '../bytes.ts';
import { asArray, asBytes, asInteger, decode, encode, type CborValue } from '../codec.ts';
import { VaultError } from '../errors.ts';
import { MAX_ENTRY_RECORDS, MAX_LINKS_BYTES, MAX_PARENTS, MAX_PATH_BYTES } from '../limits.ts';
import { pathFromBytes, pathToBytes } from '../path-bytes.ts';
import { assertAscending, idToBytes } from './clock-codec.ts';
import {
  checkLink,
  checkParent,
  checkPath,
  compareParents,
  DIGEST_BYTES,
  hasContent,
  invalid,
  versionKinds,
} from './link.ts';
import { HASH8_BYTES, ID_BYTES } from './log-id.ts';
import type { Link, NamedLink, Parent, VersionKind } from './types.ts';

/**
 * At least the plain bytes that `link` adds to a block: what a split is decided on. Named links add
 * {@link NAME_BYTES} more.
 */
export function linkSizeBound(link: Link): number {
  return link.path.length * 3 + link.parents.length * NAME_BYTES + DIGEST_BYTES + 16;
}

/** A log id, a seq, a hash, two indexes and a place in CBOR. */
export const NAME_BYTES = 64;

/** Most links of one block. */
const MAX_LINKS = MAX_ENTRY_RECORDS;

/** A link, and its own name where the block is to give it (`names` not null). */
export type BlockLink = Link & Partial<Pick<NamedLink, 'dot' | 'hash8'>>;

/**
 * The canonical bytes of `links`, 1 to {@link MAX_LINKS}. Parents are put in order. With `named`,
 * each link's own dot and hash are part of it, and the links must be in that order. Throws as `checkLink` does, and `VAULT_LIMIT_EXCEEDED`
 * above {@link MAX_LINKS_BYTES}.
 */
export function encodeLinkBlock(links: readonly Link[]): Uint8Array;
export function encodeLinkBlock(links: readonly NamedLink[], named: true): Uint8Array;
export function encodeLinkBlock(links: readonly BlockLink[], named = false): Uint8Array {
  if (links.length === 0 || links.length > MAX_LINKS) throw invalid(`1 to ${MAX_LINKS} links`);
  const kinds = new Uint8Array(links.length);
  const times: number[] = [];
  const digests: Uint8Array[] = [];
  const parents: (readonly Parent[])[] = [];
  const owners: Parent[] = [];
  let time = 0;
  for (const [at, link] of links.entries()) {
    checkLink(link);
    kinds[at] = versionKinds.indexOf(link.kind);
    times.push(link.time - time);
    time = link.time;
    if (link.digest.length > 0) digests.push(link.digest);
    parents.push(sortedParents(link.parents));
    if (named) {
      if (link.dot === undefined || link.hash8 === undefined) throw invalid('named links');
      const owner = { ...link.dot, hash8: link.hash8 };
      checkParent(owner);
      const last = owners.at(-1);
      if (last !== undefined && compareParents(last, owner) >= 0) throw invalid('links in order');
      owners.push(owner);
    }
  }
  const table = entryTable([...parents, owners]);
  const flat = (list: readonly Parent[]): CborValue =>
    list.flatMap((parent) => [table.index(parent), parent.index]);
  const bytes = encode([
    kinds,
    times,
    joinPaths(links),
    Buffer.concat(digests),
    Buffer.concat(table.logs.map(idToBytes)),
    table.entries,
    Buffer.concat(table.hashes),
    parents.map(flat),
    named ? flat(owners) : null,
  ]);
  if (bytes.length > MAX_LINKS_BYTES) {
    throw new VaultError('VAULT_LIMIT_EXCEEDED', `links above ${MAX_LINKS_BYTES} bytes`);
  }
  return bytes;
}

/** What a block holds: links, and their own names where it gives them. */
export interface LinkBlock {
  readonly links: readonly Link[];
  readonly names: readonly Parent[] | undefined;
}

/**
 * The links of {@link encodeLinkBlock}. Throws `VAULT_ENTRY_INVALID`, `VAULT_LIMIT_EXCEEDED` or
 * `VAULT_PATH_UNSAFE`; anything accepted has exactly these bytes.
 */
export function decodeLinkBlock(bytes: Uint8Array): LinkBlock {
  if (bytes.length > MAX_LINKS_BYTES) {
    throw new VaultError('VAULT_LIMIT_EXCEEDED', `links above ${MAX_LINKS_BYTES} bytes`);
  }
  const value = asArray(decode(bytes), 9, 9);
  const kinds = asKinds(value[0]);
  const count = kinds.length;
  const times = asTimes(value[1], count);
  const paths = splitPaths(asBytes(value[2]), count);
  const digests = asBytes(value[3], kinds.filter(hasContent).length * DIGEST_BYTES);
  const entries = asEntries(value[4], value[5], value[6]);
  const lists = asArray(value[7], count, count).map((list) => asParents(list, entries));
  const names = value[8] === null ? undefined : asParents(value[8], entries, count);
  if (entries.some((entry) => !entry.used)) throw invalid('only entries that are named');
  let digestAt = 0;
  const links = kinds.map((kind, at): Link => {
    const from = digestAt;
    if (hasContent(kind)) digestAt += DIGEST_BYTES;
    return {
      path: paths[at] ?? '',
      kind,
      time: times[at] ?? 0,
      parents: lists[at] ?? [],
      digest: digests.subarray(from, digestAt),
    };
  });
  return { links, names };
}

function sortedParents(parents: readonly Parent[]): readonly Parent[] {
  if (parents.length < 2) return parents;
  const sorted = parents.toSorted(compareParents);
  sorted.forEach((parent, at) => {
    const before = sorted[at - 1];
    if (before !== undefined && compareParents(before, parent) === 0)
      throw invalid('each parent once');
  });
  return sorted;
}

interface EntryRef {
  readonly log: string;
  readonly seq: number;
  readonly hash8: Uint8Array;
}

function refKey(ref: EntryRef): string {
  return `${ref.log}${ref.seq}/${asBuffer(ref.hash8).toString('latin1')}`;
}

/** The two tables of everything that `lists` name. */
function entryTable(lists: readonly (readonly Parent[])[]): {
  logs: string[];
  entries: number[];
  hashes: Uint8Array[];
  index(ref: EntryRef): number;
} {
  const found = new Map<string, Parent>();
  for (const list of lists) {
    for (const ref of list) {
      const key = refKey(ref);
      if (!found.has(key)) found.set(key, { ...ref, index: 0 });
    }
  }
  const refs = [...found].toSorted((a, b) => compareParents(a[1], b[1]));
  const logs = [...new Set(refs.map(([, ref]) => ref.log))];
  const logIndex = new Map(logs.map((log, at) => [log, at]));
  const indexes = new Map(refs.map(([key], at) => [key, at]));
  return {
    logs,
    entries: refs.flatMap(([, ref]) => [logIndex.get(ref.log) ?? 0, ref.seq]),
    hashes: refs.map(([, ref]) => ref.hash8),
    index: (ref) => indexes.get(refKey(ref)) ?? 0,
  };
}

function asKinds(value: CborValue | undefined): VersionKind[] {
  const bytes = asBytes(value);
  if (bytes.length === 0 || bytes.length > MAX_LINKS) throw invalid(`1 to ${MAX_LINKS} links`);
  return Array.from(bytes, (number) => {
    const kind = versionKinds[number];
    if (kind === undefined) throw invalid('a kind of version');
    return kind;
  });
}

function asTimes(value: CborValue | undefined, count: number): number[] {
  let time = 0;
  return asArray(value, count, count).map((step) => {
    time = asInteger(time + asInteger(step, Number.MIN_SAFE_INTEGER));
    return time;
  });
}

function joinPaths(links: readonly Link[]): Uint8Array {
  const joined = links.map(({ path }) => path).join('\0');
  return pathToBytes(joined);
}

function splitPaths(bytes: Uint8Array, count: number): readonly string[] {
  const buffer = asBuffer(bytes);
  let paths: string[];
  if (isUtf8(buffer)) paths = buffer.toString('utf8').split('\0');
  else {
    paths = [];
    for (let from = 0; from <= buffer.length;) {
      const to = buffer.indexOf(0, from);
      const end = to < 0 ? buffer.length : to;
      paths.push(pathFromBytes(buffer.subarray(from, end)));
      from = end + 1;
    }
  }
  if (paths.length !== count || buffer.length > count * (MAX_PATH_BYTES + 1)) {
    throw invalid('a path for each link');
  }
  for (const path of paths) checkPath(path);
  return paths;
}

interface TableEntry extends EntryRef {
  used: boolean;
}

function asEntries(
  logsValue: CborValue | undefined,
  entriesValue: CborValue | undefined,
  hashesValue: CborValue | undefined,
): TableEntry[] {
  const logBytes = asBytes(logsValue);
  const hashes = asBytes(hashesValue);
  const flat = asArray(entriesValue);
  const count = flat.length / 2;
  if (hashes.length !== count * HASH8_BYTES || logBytes.length % ID_BYTES !== 0) {
    throw invalid('a hash for each entry');
  }
  const logs: string[] = [];
  for (let at = 0; at < logBytes.length; at += ID_BYTES) {
    const log = toHex(logBytes.subarray(at, at + ID_BYTES));
    assertAscending(logs.at(-1) ?? '', log);
    logs.push(log);
  }
  const entries: TableEntry[] = [];
  let before: Parent | undefined;
  let logAt = -1;
  for (let at = 0; at < count; at++) {
    const index = asInteger(flat[at * 2], Math.max(0, logAt), Math.min(logAt + 1, logs.length - 1));
    logAt = index;
    const entry = {
      log: logs[index] ?? '',
      seq: asInteger(flat[at * 2 + 1]),
      hash8: hashes.subarray(at * HASH8_BYTES, (at + 1) * HASH8_BYTES),
      used: false,
    };
    const parent = { ...entry, index: 0 };
    if (before !== undefined && compareParents(before, parent) >= 0)
      throw invalid('sorted entries');
    before = parent;
    entries.push(entry);
  }
  if (logAt !== logs.length - 1) throw invalid('only logs that are named');
  return entries;
}

/** Flat (entry index, record index) pairs in ascending order: `count`, or at most {@link MAX_PARENTS}. */
function asParents(
  value: CborValue | undefined,
  entries: readonly TableEntry[],
  count?: number,
): Parent[] {
  const flat = asArray(value, (count ?? 0) * 2, (count ?? MAX_PARENTS) * 2);
  if (flat.length % 2 !== 0) throw invalid('pairs');
  const out: Parent[] = [];
  let before = -1;
  for (let at = 0; at < flat.length; at += 2) {
    const place = asInteger(flat[at], 0, entries.length - 1);
    const index = asInteger(flat[at + 1], 0, MAX_ENTRY_RECORDS - 1);
    const order = place * MAX_ENTRY_RECORDS + index;
    if (order <= before) throw invalid('parents in order, each once');
    before = order;
    const entry = entries[place];
    if (entry === undefined) throw invalid('a known entry');
    entry.used = true;
    out.push({ log: entry.log, seq: entry.seq, index, hash8: entry.hash8 });
  }
  return out;
}
