/**
 * A checkpoint is written as parts, each a record of its own, so that its size has no limit:
 * `[id, part, parts, time, covered, live]`.
 *
 * covered: `[log, count, hash, …]` in ascending order; live: a block of named links (packed as in
 * `compressed-block.ts`) or null. Logs and links ascend through all parts.
 */

import { asArray, asBytes, asInteger, type CborValue } from '../codec.ts';
import { equalBytes } from '../bytes.ts';
import { MAX_ENTRY_RECORDS, MAX_LINKS_BYTES, MAX_LOGS } from '../limits.ts';
import { asId, assertAscending, idToBytes } from './clock-codec.ts';
import { packBlock, unpackBlock, type Compressor } from './compressed-block.ts';
import { compareDots } from './drop-set-record.ts';
import { decodeLinkBlock, encodeLinkBlock, linkSizeBound, NAME_BYTES } from './link-block.ts';
import { invalid } from './link.ts';
import { ID_BYTES } from './log-id.ts';
import type { CheckpointRecord, HybridTime, LogId, NamedLink } from './types.ts';

const CHECKPOINT_ID_BYTES = 16;
const MAX_PARTS = 1_000_000;
/** Logs, and plain bytes of links, of one part. */
const PART_LOGS = 1024;
const PART_LINK_BYTES = 256 * 1024;

/** One record of a checkpoint. */
export interface CheckpointPart {
  readonly type: 'checkpoint-part';
  /** 16 random bytes: which parts belong together. */
  readonly id: Uint8Array;
  readonly part: number;
  readonly parts: number;
  readonly time: HybridTime;
  readonly covered: readonly {
    readonly log: LogId;
    readonly count: number;
    readonly hash: Uint8Array;
  }[];
  readonly live: readonly NamedLink[];
}

/** The parts of `checkpoint`, in order; `id` is 16 random bytes. */
export function splitCheckpoint(checkpoint: CheckpointRecord, id: Uint8Array): CheckpointPart[] {
  const covered = [...checkpoint.clock.keys()].toSorted().map((log) => {
    const hash = checkpoint.hashes.get(log);
    if (hash === undefined) throw invalid('a hash for each log covered');
    return { log, count: checkpoint.clock.get(log) ?? 0, hash };
  });
  if (covered.length !== checkpoint.hashes.size) throw invalid('a count for each hash');
  const groups = groupLinks(checkpoint.live.toSorted(compareNamed));
  const parts = Math.max(1, groups.length, Math.ceil(covered.length / PART_LOGS));
  return Array.from({ length: parts }, (_, part) => ({
    type: 'checkpoint-part' as const,
    id,
    part,
    parts,
    time: checkpoint.time,
    covered: covered.slice(part * PART_LOGS, (part + 1) * PART_LOGS),
    live: groups[part] ?? [],
  }));
}

/** The checkpoint of all its parts, in order. Throws `VAULT_ENTRY_INVALID` where they are not that. */
export function joinCheckpoint(parts: readonly CheckpointPart[]): CheckpointRecord {
  const first = parts[0];
  if (first === undefined || parts.length !== first.parts) throw invalid('all parts');
  const clock = new Map<LogId, number>();
  const hashes = new Map<LogId, Uint8Array>();
  const live: NamedLink[] = [];
  let before = '';
  parts.forEach((part, at) => {
    const fits = part.part === at && part.parts === first.parts && part.time === first.time;
    if (!fits || !equalBytes(part.id, first.id)) throw invalid('parts of one checkpoint');
    for (const { log, count, hash } of part.covered) {
      assertAscending(before, log);
      before = log;
      clock.set(log, count);
      hashes.set(log, hash);
    }
    for (const link of part.live) {
      const last = live.at(-1);
      if (last !== undefined && compareNamed(last, link) >= 0) throw invalid('links in order');
      live.push(link);
    }
  });
  if (clock.size > MAX_LOGS) throw invalid(`at most ${MAX_LOGS} logs`);
  return { type: 'checkpoint', clock, hashes, live, time: first.time };
}

export function checkpointPartToValue(
  part: CheckpointPart,
  compressor: Compressor | undefined,
): CborValue {
  const { live } = part;
  return [
    part.id,
    part.part,
    part.parts,
    part.time,
    part.covered.flatMap(({ log, count, hash }) => [idToBytes(log), count, hash]),
    live.length === 0 ? null : packBlock(encodeLinkBlock(live, true), compressor),
  ];
}

/** Throws `VAULT_ENTRY_INVALID`, or what reading its links throws. */
export function asCheckpointPart(
  value: CborValue,
  compressor: Compressor | undefined,
): CheckpointPart {
  const fields = asArray(value, 6, 6);
  const parts = asInteger(fields[2], 1, MAX_PARTS);
  const flat = asArray(fields[4], 0, PART_LOGS * 3);
  if (flat.length % 3 !== 0) throw invalid('log, count and hash');
  const covered: { log: LogId; count: number; hash: Uint8Array }[] = [];
  for (let at = 0; at < flat.length; at += 3) {
    const log = asId(flat[at]);
    assertAscending(covered.at(-1)?.log ?? '', log);
    covered.push({ log, count: asInteger(flat[at + 1], 1), hash: asBytes(flat[at + 2], ID_BYTES) });
  }
  return {
    type: 'checkpoint-part',
    id: asBytes(fields[0], CHECKPOINT_ID_BYTES),
    part: asInteger(fields[1], 0, parts - 1),
    parts,
    time: asInteger(fields[3]),
    covered,
    live: fields[5] === null ? [] : asLive(asBytes(fields[5]), compressor),
  };
}

function asLive(block: Uint8Array, compressor: Compressor | undefined): readonly NamedLink[] {
  const { links, names } = decodeLinkBlock(unpackBlock(block, MAX_LINKS_BYTES, compressor));
  if (names === undefined) throw invalid('named links');
  return links.map((link, at) => {
    const name = names[at];
    if (name === undefined) throw invalid('a name for each link');
    const { log, seq, index, hash8 } = name;
    return { ...link, dot: { log, seq, index }, hash8 };
  });
}

function groupLinks(live: readonly NamedLink[]): NamedLink[][] {
  const groups: NamedLink[][] = [];
  let group: NamedLink[] = [];
  let bytes = 0;
  for (const link of live) {
    const size = linkSizeBound(link) + NAME_BYTES;
    if (group.length === MAX_ENTRY_RECORDS || (bytes > 0 && bytes + size > PART_LINK_BYTES)) {
      groups.push(group);
      group = [];
      bytes = 0;
    }
    group.push(link);
    bytes += size;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

/** The order in which a block names entries: by log, seq, hash, then index. */
function compareNamed(a: NamedLink, b: NamedLink): number {
  const entries = compareDots({ ...a.dot, index: 0 }, { ...b.dot, index: 0 });
  return entries || Buffer.compare(a.hash8, b.hash8) || a.dot.index - b.dot.index;
}
