/** What two nodes say to each other in one folder channel: see docs/protocol.md. No behaviour. */

import type { Head, LogId } from '../log/types.ts';
import type { DataLane, HeldHead, ValueName } from './folder-side.ts';
import type { ValueKey } from './value-key.ts';

/** Why a session ended; the other side is told. */
export const endReasons = [
  'done',
  'malformed',
  'out of order',
  'limit',
  'credit',
  'unasked',
  'refused range',
  'corrupt values',
  'unable',
] as const;
export type EndReason = (typeof endReasons)[number];

/** First message of both sides: everything the sender has. */
export interface Hello {
  readonly type: 'hello';
  /** Names of what the sender can do beyond this version; used where both name it. */
  readonly features: readonly string[];
  readonly heads: readonly HeldHead[];
}

/** What the sender has beyond what it knows the receiver to have. */
export interface Announce {
  readonly type: 'announce';
  readonly heads: readonly HeldHead[];
}

/** "Send me entries of this log from `from` on, toward this head of yours." */
export interface Ask {
  readonly type: 'ask';
  /** Chosen by the asker, each once in a session, ascending. */
  readonly ask: number;
  readonly log: LogId;
  readonly from: number;
  readonly toward: { readonly seq: number; readonly hash: Uint8Array };
  readonly rideBytes: number;
}

/** The answer to an ask: what is asked for is not here. */
export interface NoRange {
  readonly type: 'no-range';
  readonly ask: number;
}

/** "Send me these, in this lane; say so for those you lack, and when you have them." */
export interface WantMessage {
  readonly type: 'want';
  readonly lane: DataLane;
  readonly names: readonly ValueName[];
}

/** "No longer." What is on its way already still comes. */
export interface Cancel {
  readonly type: 'cancel';
  readonly asks: readonly number[];
  readonly keys: readonly ValueKey[];
}

/** "These, which you wanted and I lacked, can be had now." */
export interface Have {
  readonly type: 'have';
  readonly keys: readonly ValueKey[];
}

/** "Missing here": will be told of when they come. "Expired here": dropped for good. */
export interface NoData {
  readonly type: 'no-data';
  readonly missing: readonly ValueKey[];
  readonly expired: readonly ValueKey[];
}

/** How many bytes of data the receiver of this may have sent since the session began. */
export interface Credit {
  readonly type: 'credit';
  readonly total: number;
}

/** How many bytes of credit the sender of this has given up since the session began. */
export interface CreditBack {
  readonly type: 'credit-back';
  readonly total: number;
}

export interface End {
  readonly type: 'end';
  readonly reason: EndReason;
}

/** Entries that answer an ask, in order; the last message of a range has its end. */
export interface Entries {
  readonly type: 'entries';
  readonly ask: number;
  readonly entries: readonly Uint8Array[];
  readonly end: { readonly head: Head; readonly rides: readonly Uint8Array[] } | undefined;
}

/** One sealed value that was wanted. It describes itself. */
export interface ValueMessage {
  readonly type: 'value';
  readonly sealed: Uint8Array;
}

export type ControlMessage =
  | Hello
  | Announce
  | Ask
  | NoRange
  | WantMessage
  | Cancel
  | Have
  | NoData
  | Credit
  | CreditBack
  | End;
export type DataMessage = Entries | ValueMessage;
export type Message = ControlMessage | DataMessage;

/** Which messages overtake others, most urgent first. */
export const lanes = ['control', 'entries', 'small', 'bulk'] as const;
export type Lane = (typeof lanes)[number];

export interface Outgoing {
  readonly lane: Lane;
  readonly message: Message;
}

export function isData(message: Message): message is DataMessage {
  return message.type === 'entries' || message.type === 'value';
}

/** What a message costs of the credit for data: the bytes of entries and values in it. */
export function creditCost(message: DataMessage): number {
  if (message.type === 'value') return message.sealed.length;
  return totalLength(message.entries) + totalLength(message.end?.rides ?? []);
}

export function totalLength(parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) sum += part.length;
  return sum;
}
