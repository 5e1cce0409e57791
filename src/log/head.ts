/**
 * Heads: one signature vouches for an entry and, through the chain of hashes, for every entry before
 * it. Signing and verifying (`crypto/identity.ts`) are handed in.
 *
 *   label:   "head v1"
 *   message: folder id 32 | log id 32 | seq u64 | entry hash 32
 *   value:   [1, log, seq, hash, signature], or [2, log, seq, hash, signature, seen] in a store
 */

import { concat, u64be } from '../bytes.ts';
import { asArray, asBytes, asInteger, decode, encode } from '../codec.ts';
import { SIGNED_EVERY } from '../limits.ts';
import { asId, idToBytes } from './clock-codec.ts';
import { unsupported } from './feature-flags.ts';
import { ID_BYTES } from './log-id.ts';
import type { Head, HybridTime, NodeId } from './types.ts';

export const SIGNATURE_BYTES = 64;
const HEAD_VERSION = 1;
const SEEN_HEAD_VERSION = 2;
const HEAD_LABEL = 'head v1';

/** Signs for this node. The label says what kind of thing the message is. */
export type Sign = (label: string, message: Uint8Array) => Uint8Array;
/** Whether `signature` is `node`'s over this label and message. Never throws. */
export type VerifySignature = (
  node: NodeId,
  label: string,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean;

/** The bytes that a head's signature covers. `folder` is 32 bytes: no head serves in two folders. */
export function headMessage(folder: Uint8Array, head: Omit<Head, 'signature'>): Uint8Array {
  if (folder.length !== ID_BYTES) {
    throw new RangeError(`expected a folder id of ${ID_BYTES} bytes, got ${folder.length}`);
  }
  return concat(folder, idToBytes(head.log), u64be(head.seq), head.hash);
}

/** The head of a log after the entry with this number and hash. */
export function signHead(
  sign: Sign,
  folder: Uint8Array,
  entry: { readonly log: string; readonly seq: number; readonly hash: Uint8Array },
): Head {
  const { log, seq, hash } = entry;
  return { log, seq, hash, signature: sign(HEAD_LABEL, headMessage(folder, { log, seq, hash })) };
}

/** Whether the head was signed by `node`, which must be the owner of its log: that is not checked here. */
export function verifyHead(
  verify: VerifySignature,
  folder: Uint8Array,
  node: NodeId,
  head: Head,
): boolean {
  return verify(node, HEAD_LABEL, headMessage(folder, head), head.signature);
}

/** The canonical bytes of a head: the plain value of type 5. */
export function encodeHead(head: Head): Uint8Array {
  return encode([HEAD_VERSION, idToBytes(head.log), head.seq, head.hash, head.signature]);
}

/** The inverse of {@link encodeHead}; nothing is verified. Throws `VAULT_ENTRY_INVALID` or `VAULT_FORMAT_UNSUPPORTED`. */
export function decodeHead(bytes: Uint8Array): Head {
  const value = asArray(decode(bytes), 1);
  const version = asInteger(value[0]);
  if (version !== HEAD_VERSION) throw unsupported(`head format ${version}`, { format: version });
  asArray(value, 5, 5);
  return {
    log: asId(value[1]),
    seq: asInteger(value[2]),
    hash: asBytes(value[3], ID_BYTES),
    signature: asBytes(value[4], SIGNATURE_BYTES),
  };
}

/** A head as a store keeps it. */
export interface StoredHead {
  readonly head: Head;
  /** When what it covers was first seen here, in microseconds, where its author's clock was ahead. */
  readonly seenAt: HybridTime | undefined;
}

/** The plain value of type 5: of a head as it travels, or with the time it came. */
export function encodeStoredHead({ head, seenAt }: StoredHead): Uint8Array {
  if (seenAt === undefined) return encodeHead(head);
  const { log, seq, hash, signature } = head;
  return encode([SEEN_HEAD_VERSION, idToBytes(log), seq, hash, signature, seenAt]);
}

/** The inverse of {@link encodeStoredHead}. Throws as {@link decodeHead}. */
export function decodeStoredHead(bytes: Uint8Array): StoredHead {
  const value = asArray(decode(bytes), 1);
  if (value[0] !== SEEN_HEAD_VERSION) return { head: decodeHead(bytes), seenAt: undefined };
  asArray(value, 6, 6);
  const head = decodeHead(encode([HEAD_VERSION, ...value.slice(1, 5)]));
  return { head, seenAt: asInteger(value[5]) };
}

/** Whether a head is kept at `seq` even when the log goes on: range replies end at one. */
export function isSignedPosition(seq: number): boolean {
  return seq % SIGNED_EVERY === 0;
}

/** The numbers in `first` … `last` at which heads are signed when these entries are written at once. */
export function signedPositions(first: number, last: number): number[] {
  const out: number[] = [];
  const start = Math.ceil(first / SIGNED_EVERY) * SIGNED_EVERY;
  for (let seq = start; seq < last; seq += SIGNED_EVERY) out.push(seq);
  out.push(last);
  return out;
}
