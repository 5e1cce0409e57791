/** How versions are told apart and put in order: the same on every node, whatever arrived first. */

import { asBuffer, compareBytes, equalBytes, utf8 } from '../bytes.ts';
import { sha256 } from '../crypto/hash.ts';
import type { Dot, LogId, NamedLink, Parent } from './types.ts';

/** The log that a fork's branch came out of; any other log is its own origin. See `forks.ts`. */
export type LogOrigin = (log: LogId) => LogId;

/** Where no log is forked. */
export const noForks: LogOrigin = (log) => log;

/** A text that is equal for equal names only. */
export type VersionKey = string;

/**
 * The key of a version by its dot and the hash of its entry. Branches of a fork share the origin of
 * their log, so a parent finds its version whether or not its author knew of the fork.
 */
export function versionKey(name: Parent, origin: LogOrigin = noForks): VersionKey {
  return keyOf(name, name.hash8, origin);
}

/** The {@link versionKey} of a link's own name. */
export function linkKey(link: NamedLink, origin: LogOrigin = noForks): VersionKey {
  return keyOf(link.dot, link.hash8, origin);
}

/** The name of a link as another version's parent. */
export function nameOf(link: NamedLink): Parent {
  return { ...link.dot, hash8: link.hash8 };
}

/** Whether a link is the version of that name. */
export function isNamed({ dot, hash8 }: NamedLink, name: Parent): boolean {
  return (
    name.log === dot.log &&
    name.seq === dot.seq &&
    name.index === dot.index &&
    equalBytes(name.hash8, hash8)
  );
}

/** 64 hex digits that name a version to people and in derived copies: the same on every node. */
export function versionId(name: Parent, origin: LogOrigin = noForks): string {
  const { log, seq, index, hash8 } = name;
  const text = `vault version v1\n${origin(log)}\n${seq}\n${index}\n${asBuffer(hash8).toString('hex')}`;
  return asBuffer(sha256(utf8(text))).toString('hex');
}

/**
 * The total order of versions: hybrid time, log id, seq, index; between branches of a fork the hash
 * decides. Positive where `a` is the greater one. Never depends on the reader or on arrival.
 */
export function compareVersions(a: NamedLink, b: NamedLink, origin: LogOrigin = noForks): number {
  if (a.time !== b.time) return a.time - b.time;
  const logA = origin(a.dot.log);
  const logB = origin(b.dot.log);
  if (logA !== logB) return logA < logB ? -1 : 1;
  return a.dot.seq - b.dot.seq || a.dot.index - b.dot.index || compareBytes(a.hash8, b.hash8);
}

/** Whether the two show the same to a user: kind and digest; modification times do not count. */
export function sameContent(a: NamedLink, b: NamedLink): boolean {
  return a.kind === b.kind && equalBytes(a.digest, b.digest);
}

function keyOf({ log, seq, index }: Dot, hash: Uint8Array, origin: LogOrigin): VersionKey {
  const view = [0, 0, 0, 0];
  for (let at = 0; at < hash.length; at++) {
    view[at >>> 1] = ((view[at >>> 1] ?? 0) << 8) | (hash[at] ?? 0);
  }
  return `${origin(log)}/${seq}/${index}/${String.fromCharCode(...view)}`;
}
