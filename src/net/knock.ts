/**
 * What the two messages of a handshake say. Both have one length, whoever speaks.
 *
 *   knock    version u8 | kind u8 (0 member, 1 joiner) | sent u64 | run #16 | invite #32 | zeros 6
 *   welcome  version u8 | run #16 | zeros 15
 */

import { concat, readU64be, u64be, utf8, type Bytes } from '../bytes.ts';
import { FIRST_OVERHEAD } from '../crypto/noise-handshake.ts';

/** What a handshake with another protocol never opens under. */
export const PROLOGUE: Uint8Array = utf8('vault handshake 1');
export const RUN_BYTES = 16;
export const INVITE_ID_BYTES = 32;

const VERSION = 1;
const KNOCK_BYTES = 64;
const WELCOME_BYTES = 32;
const INVITE_AT = 2 + 8 + RUN_BYTES;
const NO_INVITE = new Uint8Array(INVITE_ID_BYTES);

export interface Knock {
  /** Microseconds since 1970 by the sender's clock, and greater than ever before to this responder. */
  readonly sentUs: number;
  /** Random, made anew whenever a node starts. */
  readonly run: Uint8Array;
  /** Which invite a joiner uses; a member has none. */
  readonly invite?: Uint8Array;
}

export function encodeKnock({ sentUs, run, invite }: Knock): Uint8Array {
  expectLength(run, RUN_BYTES);
  expectLength(invite ?? NO_INVITE, INVITE_ID_BYTES);
  const kind = invite === undefined ? 0 : 1;
  const said = concat(Uint8Array.of(VERSION, kind), u64be(sentUs), run, invite ?? NO_INVITE);
  return padded(said, KNOCK_BYTES);
}

/** Undefined where `bytes` are not those of exactly one knock of this version. */
export function decodeKnock(bytes: Bytes): Knock | undefined {
  const kind = bytes[1] ?? 2;
  // 2^52 µs and later is no date.
  if (bytes.length !== KNOCK_BYTES || bytes[0] !== VERSION || kind > 1) return undefined;
  if ((bytes[2] ?? 0) !== 0 || (bytes[3] ?? 0) >= 0x10) return undefined;
  const sentUs = readU64be(bytes, 2);
  const run = bytes.slice(10, INVITE_AT);
  const invite = bytes.slice(INVITE_AT, INVITE_AT + INVITE_ID_BYTES);
  const after = bytes.subarray(INVITE_AT + (kind === 0 ? 0 : INVITE_ID_BYTES));
  if (after.some((byte) => byte !== 0)) return undefined;
  return { sentUs, run, ...(kind === 1 ? { invite } : {}) };
}

export interface Welcome {
  readonly run: Uint8Array;
}

export function encodeWelcome({ run }: Welcome): Uint8Array {
  expectLength(run, RUN_BYTES);
  return padded(concat(Uint8Array.of(VERSION), run), WELCOME_BYTES);
}

/** Undefined where `bytes` are no welcome of this version. */
export function decodeWelcome(bytes: Bytes): Welcome | undefined {
  if (bytes.length !== WELCOME_BYTES || bytes[0] !== VERSION) return undefined;
  if (bytes.subarray(1 + RUN_BYTES).some((byte) => byte !== 0)) return undefined;
  return { run: bytes.slice(1, 1 + RUN_BYTES) };
}

/** A first message in the text of a request, and back; undefined for a text of any other length or kind. */
export function messageOfText(text: string): Uint8Array | undefined {
  return TEXT.test(text) ? new Uint8Array(Buffer.from(text, 'base64url')) : undefined;
}

/**
 * Opens nowhere, and takes as long to find that out as any other: read where there is no message, so that
 * nobody can tell from how busy a node is whether it looked.
 */
export const NO_KNOCK: Uint8Array = new Uint8Array(FIRST_OVERHEAD + KNOCK_BYTES).fill(9, 0, 1);

const TEXT = new RegExp(`^[\\w-]{${Math.ceil(((FIRST_OVERHEAD + KNOCK_BYTES) * 4) / 3)}}$`);

function padded(bytes: Bytes, length: number): Uint8Array {
  const out = new Uint8Array(length);
  out.set(bytes);
  return out;
}

function expectLength(bytes: Bytes, length: number): void {
  if (bytes.length !== length) {
    throw new RangeError(`expected ${length} bytes, got ${bytes.length}`);
  }
}
