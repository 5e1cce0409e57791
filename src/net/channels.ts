/** The folder channels of one connection: messages of all of them, in pieces, the most urgent first. */

import type { Clock } from '../clock.ts';
import { isVaultError } from '../errors.ts';
import { encodeControl, type ControlMessage } from './control-message.ts';
import { FrameJoiner, FrameQueue, type JoinedMessage } from './frame.ts';
import { decodeMessage, encodeMessage } from './message-codec.ts';
import { creditCost, isData, type EndReason, type Lane, type Message } from './message.ts';
import type { Connection, ConnectionEvents } from './transport.ts';

/** What a connection is given ahead of what has left: little, so that what is urgent overtakes the rest. */
const HIGH_WATER_BYTES = 256 * 1024;

/** What happens in one channel. Nothing is called after `closed`. */
export interface ChannelEvents {
  received(message: Message): void;
  /** What came cannot be read: the session is to be ended. */
  broken(reason: EndReason): void;
  /** Data messages of this credit cost were handed to the connection. */
  drained(bytes: number): void;
  /** The connection is over. */
  closed(): void;
}

export interface Channel {
  /** Sends a message; nothing once the channel or its connection is closed. */
  send(lane: Lane, message: Message): void;
  /** Forgets data that waits; control messages still go. Nothing is told any more. */
  close(): void;
}

/** What is said about channels. */
export interface ControlEvents {
  /** An encoded {@link ControlMessage}, if the peer keeps to the protocol. */
  received(bytes: Uint8Array): void;
  /** What came is no frame: the connection was closed. */
  broken(): void;
}

/** How fast data may leave, by channel. */
export interface SendLimits {
  readonly clock: Clock;
  /** Milliseconds until more of this channel may be begun; 0 for now. */
  waitMs(channel: number): number;
  /** Takes note of bytes that left, also of control messages, which never wait. */
  spent(channel: number, bytes: number): void;
}

const CONTROL_CHANNEL = 0;

export class Channels implements ConnectionEvents {
  readonly #connection: Connection;
  readonly #queue = new FrameQueue();
  readonly #joiner = new FrameJoiner();
  readonly #open = new Map<number, ChannelEvents>();
  readonly #control: ControlEvents | undefined;
  readonly #limits: SendLimits | undefined;
  #stopTimer: () => void = () => undefined;
  #isOver = false;

  /** With `control`, channel 0 is told of there, and opens to nothing else. */
  constructor(connection: Connection, control?: ControlEvents, limits?: SendLimits) {
    this.#connection = connection;
    this.#control = control;
    this.#limits = limits;
  }

  /** Says something about channels, before anything that is said in them from now on. */
  sendControl(message: ControlMessage): void {
    if (this.#isOver) return;
    this.#queue.push(CONTROL_CHANNEL, 'control', encodeControl(message));
    this.#pump();
  }

  /** Opens a channel that the other side opens too. Throws `RangeError` where it is open. */
  open(channel: number, events: ChannelEvents): Channel {
    if (this.#open.has(channel)) throw new RangeError(`expected channel ${channel} to be closed`);
    this.#open.set(channel, events);
    const isOpen = (): boolean => this.#open.get(channel) === events;
    return {
      send: (lane, message) => {
        if (!this.#isOver && isOpen()) this.#send(channel, lane, message);
      },
      close: () => {
        if (!isOpen()) return;
        this.#open.delete(channel);
        this.#queue.dropData(channel);
      },
    };
  }

  frame(bytes: Uint8Array): void {
    let joined: JoinedMessage | undefined;
    try {
      joined = this.#joiner.add(bytes);
    } catch (error) {
      if (!isVaultError(error)) throw error;
      for (const events of this.#open.values()) events.broken('malformed');
      this.#isOver = true;
      this.#connection.close();
      this.#control?.broken();
      return;
    }
    if (joined?.channel === CONTROL_CHANNEL && this.#control !== undefined) {
      this.#control.received(joined.bytes);
      return;
    }
    // What comes for a channel that was closed was sent before the other side knew.
    const events = joined && this.#open.get(joined.channel);
    if (joined === undefined || events === undefined) return;
    let message: Message;
    try {
      message = decodeMessage(joined.bytes);
    } catch (error) {
      if (!isVaultError(error)) throw error;
      events.broken('malformed');
      return;
    }
    events.received(message);
  }

  drained(): void {
    this.#pump();
  }

  closed(): void {
    this.#isOver = true;
    this.#stopTimer();
    const all = [...this.#open.values()];
    this.#open.clear();
    for (const events of all) events.closed();
  }

  #send(channel: number, lane: Lane, message: Message): void {
    const cost = isData(message) ? creditCost(message) : 0;
    this.#queue.push(channel, lane, encodeMessage(message), cost);
    this.#pump();
  }

  #pump(): void {
    const limits = this.#limits;
    let waitMs = Infinity;
    const mayGo = (channel: number): boolean => {
      const wait = limits?.waitMs(channel) ?? 0;
      if (wait > 0) waitMs = Math.min(waitMs, wait);
      return wait === 0;
    };
    this.#stopTimer();
    while (!this.#isOver && this.#connection.bufferedBytes < HIGH_WATER_BYTES) {
      const next = this.#queue.next(mayGo);
      if (next === undefined) {
        if (limits === undefined || waitMs === Infinity) return;
        this.#stopTimer = limits.clock.timer(waitMs, () => this.#pump());
        return;
      }
      this.#connection.send(next.frame);
      limits?.spent(next.channel, next.frame.length);
      if (next.cost > 0) this.#open.get(next.channel)?.drained(next.cost);
    }
  }
}
