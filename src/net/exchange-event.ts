/** What the exchange of one folder is told, and what it asks to be done. No behaviour. */

import type { Head } from '../log/types.ts';
import type {
  Adopted,
  EntryRange,
  HeldHead,
  Presence,
  PutOutcome,
  RangeAsk,
  ValueName,
  Want,
} from './folder-side.ts';
import type { EndReason, Message, Outgoing } from './message.ts';

/** Names one session, hence one connection: never used again for another. */
export type PeerName = string;

export type ExchangeEvent =
  /** A folder channel opened. */
  | { readonly type: 'opened'; readonly peer: PeerName }
  | { readonly type: 'received'; readonly peer: PeerName; readonly message: Message }
  /** What came could not be read as a message. */
  | { readonly type: 'broken'; readonly peer: PeerName; readonly reason: EndReason }
  | { readonly type: 'closed'; readonly peer: PeerName }
  /** Data messages of this {@link creditCost} left for the network. */
  | { readonly type: 'drained'; readonly peer: PeerName; readonly bytes: number }
  /** This node's logs grew, or are told for the first time: all heads of each log named. */
  | { readonly type: 'advanced'; readonly heads: readonly HeldHead[] }
  /** Values came to be here in another way: a scan stored them, a target brought them. */
  | { readonly type: 'stored'; readonly names: readonly ValueName[] }
  /** Other values are wanted than before: a setting changed, or somebody asked for a version. */
  | { readonly type: 'wants changed' }
  | { readonly type: 'tick' }
  /** All sessions are to end: this node goes away, or cannot go on. */
  | { readonly type: 'stop'; readonly reason: 'done' | 'unable' }
  /** Answers to effects. */
  | { readonly type: 'listed'; readonly wants: readonly Want[] }
  | {
      readonly type: 'heads known';
      readonly peer: PeerName;
      readonly heads: readonly Head[];
      readonly known: readonly (boolean | undefined)[];
    }
  | {
      readonly type: 'range read';
      readonly peer: PeerName;
      readonly ask: number;
      readonly range: EntryRange | undefined;
    }
  | {
      readonly type: 'adopted';
      readonly peer: PeerName;
      readonly range: EntryRange;
      readonly adopted: Adopted;
    }
  | {
      readonly type: 'looked up';
      readonly peer: PeerName;
      readonly names: readonly ValueName[];
      readonly presences: readonly Presence[];
    }
  | {
      readonly type: 'values read';
      readonly peer: PeerName;
      readonly names: readonly ValueName[];
      readonly values: readonly (Uint8Array | undefined)[];
    }
  | {
      readonly type: 'put';
      readonly peer: PeerName;
      readonly sealed: Uint8Array;
      readonly outcome: PutOutcome;
    };

export type Effect =
  | {
      readonly type: 'read range';
      readonly peer: PeerName;
      readonly ask: number;
      readonly range: RangeAsk;
    }
  | { readonly type: 'adopt'; readonly peer: PeerName; readonly range: EntryRange }
  | { readonly type: 'know heads'; readonly peer: PeerName; readonly heads: readonly Head[] }
  | { readonly type: 'look up'; readonly peer: PeerName; readonly names: readonly ValueName[] }
  | { readonly type: 'read values'; readonly peer: PeerName; readonly names: readonly ValueName[] }
  | { readonly type: 'put'; readonly peer: PeerName; readonly sealed: Uint8Array }
  | { readonly type: 'list wants'; readonly limit: number }
  | { readonly type: 'rewind wants' }
  /** The channel is to be closed once what was said before has left. */
  | {
      readonly type: 'end';
      readonly peer: PeerName;
      readonly reason: EndReason;
      readonly detail: string;
      /** Who ended it. */
      readonly by: 'us' | 'peer';
    };

/** A message for one peer; those of one lane are to be sent in order. */
export interface Addressed extends Outgoing {
  readonly peer: PeerName;
}

/** Collects what one step brings about. */
export class ExchangeOutput {
  readonly messages: Addressed[] = [];
  readonly effects: Effect[] = [];
}
