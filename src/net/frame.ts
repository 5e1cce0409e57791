/**
 * Frames: what a connection carries. Each is one piece of one message of one channel, small enough for
 * one Noise message; pieces of a long message of one lane let those of more urgent lanes pass.
 *
 *   channel u16 | lane u8, 128 added where more pieces of this message follow | bytes
 */

import { concat } from '../bytes.ts';
import { VaultError } from '../errors.ts';
import { MAX_FRAME_BYTES, MAX_MESSAGE_BYTES } from '../limits.ts';
import { lanes, type Lane } from './message.ts';

const HEADER_BYTES = 3;
const PIECE_BYTES = MAX_FRAME_BYTES - HEADER_BYTES;
const MORE = 0x80;
export const MAX_CHANNEL = 0xffff;

interface Queued {
  readonly channel: number;
  readonly bytes: Uint8Array;
  readonly cost: number;
  at: number;
}

export interface QueuedFrame {
  readonly frame: Uint8Array;
  readonly channel: number;
  readonly lane: Lane;
  /** It ends a message, which was pushed with this cost; otherwise 0. */
  readonly isLast: boolean;
  readonly cost: number;
}

/** Messages on their way into one connection: most urgent lane first, in order within a lane. */
export class FrameQueue {
  readonly #lanes: readonly Queued[][] = lanes.map(() => []);

  /** Adds an encoded message and what it costs of some account of the caller's. Throws `RangeError` for no channel or an empty or too long message. */
  push(channel: number, lane: Lane, bytes: Uint8Array, cost = 0): void {
    if (!Number.isInteger(channel) || channel < 0 || channel > MAX_CHANNEL) {
      throw new RangeError(`expected a channel of 0 … ${MAX_CHANNEL}, got ${channel}`);
    }
    if (bytes.length === 0 || bytes.length > MAX_MESSAGE_BYTES) {
      throw new RangeError(`expected 1 … ${MAX_MESSAGE_BYTES} bytes, got ${bytes.length}`);
    }
    this.#lanes[lanes.indexOf(lane)]?.push({ channel, bytes, cost, at: 0 });
  }

  /**
   * The next frame, and what it belongs to; undefined where nothing waits that may go. Control messages and
   * what was begun always go; other messages where `mayGo` says so of their channel.
   */
  next(mayGo: (channel: number) => boolean = always): QueuedFrame | undefined {
    for (const [number, queue] of this.#lanes.entries()) {
      const at = queue.findIndex((one) => number === 0 || one.at > 0 || mayGo(one.channel));
      const first = queue[at];
      if (first === undefined) continue;
      // What is begun stays in front: a lane carries one message at a time.
      if (at > 0) queue.unshift(...queue.splice(at, 1));
      const end = Math.min(first.at + PIECE_BYTES, first.bytes.length);
      const isLast = end === first.bytes.length;
      const header = Uint8Array.of(
        first.channel >> 8,
        first.channel & 0xff,
        number | (isLast ? 0 : MORE),
      );
      const frame = concat(header, first.bytes.subarray(first.at, end));
      first.at = end;
      if (isLast) queue.shift();
      return {
        frame,
        channel: first.channel,
        lane: lanes[number] ?? 'bulk',
        isLast,
        cost: isLast ? first.cost : 0,
      };
    }
    return undefined;
  }

  /** Forgets data that waits for a channel; control messages, and a message that was begun, still go. */
  dropData(channel: number): void {
    for (const queue of this.#lanes.slice(1)) {
      const kept = queue.filter((one) => one.channel !== channel || one.at > 0);
      queue.splice(0, queue.length, ...kept);
    }
  }
}

export interface JoinedMessage {
  readonly channel: number;
  readonly lane: Lane;
  readonly bytes: Uint8Array;
}

/** Puts the messages of one connection together again. */
export class FrameJoiner {
  /** Pieces so far, by lane: a lane carries one message at a time, whatever its channel. */
  readonly #open = new Map<
    number,
    { readonly channel: number; pieces: Uint8Array[]; length: number }
  >();

  /**
   * Takes a frame; the message, where this was its last piece. Throws `VAULT_ENTRY_INVALID` where the frame
   * is malformed, `VAULT_LIMIT_EXCEEDED` where it or its message is too long: then the connection is to be closed.
   */
  add(frame: Uint8Array): JoinedMessage | undefined {
    if (frame.length > MAX_FRAME_BYTES) throw tooLong(`frame above ${MAX_FRAME_BYTES} bytes`);
    const number = (frame[2] ?? MORE) & ~MORE;
    const lane = lanes[number];
    if (frame.length <= HEADER_BYTES || lane === undefined) throw malformed();
    const channel = (frame[0] ?? 0) * 256 + (frame[1] ?? 0);
    const open = this.#open.get(number) ?? { channel, pieces: [], length: 0 };
    if (open.channel !== channel) throw malformed();
    open.pieces.push(frame.subarray(HEADER_BYTES));
    open.length += frame.length - HEADER_BYTES;
    if (open.length > MAX_MESSAGE_BYTES) throw tooLong(`message above ${MAX_MESSAGE_BYTES} bytes`);
    if (((frame[2] ?? 0) & MORE) !== 0) {
      // Only whole frames are followed by more: so a few bytes at a time cannot pile up.
      if (frame.length !== MAX_FRAME_BYTES) throw malformed();
      this.#open.set(number, open);
      return undefined;
    }
    this.#open.delete(number);
    const [only] = open.pieces;
    const bytes = open.pieces.length === 1 && only ? only : concat(...open.pieces);
    return { channel, lane, bytes };
  }
}

function always(): boolean {
  return true;
}

function malformed(): VaultError {
  return new VaultError('VAULT_ENTRY_INVALID', 'malformed frame');
}

function tooLong(what: string): VaultError {
  return new VaultError('VAULT_LIMIT_EXCEEDED', what);
}
