/**
 * Names of derived copies: `report (conflict 2026-01-31 laptop 3f9a2c).docx`. A pure function of
 * the version, its node and the names beside it, so that every node shows the same.
 */

import { MAX_NAME_BYTES } from '../limits.ts';
import type { HybridTime } from './types.ts';

export interface CopyFacts {
  /** The version's hybrid time: its UTC date is part of the name. */
  readonly time: HybridTime;
  /** Name of the node that wrote the version. */
  readonly nodeName: string;
  /** Hex digits that name the version, 6 or more. */
  readonly versionId: string;
}

/** Bytes of a node's name that a derived name repeats. */
const MAX_NODE_NAME_BYTES = 40;
/** A longer last part of a name is text, not an extension. */
const MAX_EXTENSION_BYTES = 32;
const MIN_DIGITS = 6;
/** Lone surrogates (bytes that are no UTF-8) cannot be written to FAT or NTFS either. */
// oxlint-disable-next-line no-control-regex -- control characters are what FAT and NTFS refuse
const illegal = /[\u0000-\u001f\u007f"*/:<>?\\|\ud800-\udfff]/gu;
const reserved = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]) *$/i;
const earlierSuffix = /^(.+) \(conflict \d{4}-\d\d-\d\d [^()]+ [0-9a-f]{6,}(?:-\d+)?\)$/su;

/**
 * The name of the copy of `name` (one component in text form) beside names that `isTaken`, which
 * must know every other name of the directory: then 6 digits of the version id grow to as many as
 * are needed. Legal on FAT and NTFS, at most 255 bytes of UTF-8, ends in the last extension of
 * `name`. A copy of something that is named as a copy has one suffix, not two.
 */
export function derivedName(
  name: string,
  facts: CopyFacts,
  isTaken: (name: string) => boolean,
): string {
  const { stem, extension } = split(name);
  const base = earlierSuffix.exec(stem)?.[1] ?? stem;
  const date = new Date(Math.floor(facts.time / 1000)).toISOString().slice(0, 10);
  const node = shorten(legal(facts.nodeName).replace(/[()]/g, '_').trim(), MAX_NODE_NAME_BYTES);
  for (let attempt = 0; ; attempt++) {
    const digits = Math.min(facts.versionId.length, MIN_DIGITS + 2 * attempt);
    const tries = attempt - Math.ceil((facts.versionId.length - MIN_DIGITS) / 2);
    const id = facts.versionId.slice(0, digits) + (tries > 0 ? `-${tries + 1}` : '');
    const suffix = ` (conflict ${date} ${node === '' ? 'node' : node} ${id})${extension}`;
    const candidate = withSuffix(base, suffix);
    if (!isTaken(candidate)) return candidate;
  }
}

/** `name` with a suffix before its last extension: legal on FAT and NTFS, at most 255 bytes of UTF-8. */
export function derivedParts(name: string, suffix: string): string {
  const { stem, extension } = split(name);
  return withSuffix(stem, suffix + extension);
}

function withSuffix(stem: string, suffix: string): string {
  const room = MAX_NAME_BYTES - Buffer.byteLength(suffix);
  return shorten(guardReserved(legal(stem)), room) + suffix;
}

/** A name as weaker file systems compare it, as far as that never changes: ASCII case only. */
export function foldName(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function split(name: string): { stem: string; extension: string } {
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 ? legal(name.slice(dot)) : '';
  const isText = extension.length < 2 || extension.includes(' ');
  if (isText || Buffer.byteLength(extension) > MAX_EXTENSION_BYTES) {
    return { stem: name, extension: '' };
  }
  return { stem: name.slice(0, dot), extension };
}

function legal(text: string): string {
  return text.replace(illegal, '_');
}

/** Windows takes a name for a device by what stands before the first dot. */
function guardReserved(stem: string): string {
  const dot = stem.indexOf('.');
  const head = dot < 0 ? '' : stem.slice(0, dot);
  return reserved.test(head) ? `${head.trimEnd()}_${stem.slice(dot)}` : stem;
}

/** The longest beginning of whole characters within `bytes` of UTF-8. */
function shorten(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  let out = '';
  let left = bytes;
  for (const character of text) {
    left -= Buffer.byteLength(character);
    if (left < 0) break;
    out += character;
  }
  return out;
}
