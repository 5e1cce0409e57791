/** The messages of a join, over a connection that carries nothing else. */

import type { Clock } from '../clock.ts';
import { isVaultError } from '../errors.ts';
import { MAX_JOIN_SILENCE_MS } from '../limits.ts';
import { FrameJoiner, FrameQueue } from './frame.ts';
import { decodeJoinMessage, encodeJoinMessage, type JoinMessage } from './join-message.ts';
import type { PeerConnection } from './peer-connection.ts';
import type { ConnectionEvents } from './transport.ts';

/** Joins have a connection of their own: there is nothing to tell channels apart by. */
const CHANNEL = 0;

export interface JoinChannelParts {
  readonly connection: PeerConnection;
  readonly clock: Clock;
  readonly received: (message: JoinMessage) => void;
  /** It is over, whoever ended it; not called after {@link JoinChannel.close}. Called once. */
  readonly closed: () => void;
}

export class JoinChannel implements ConnectionEvents {
  readonly #parts: JoinChannelParts;
  readonly #joiner = new FrameJoiner();
  #isOver = false;
  #stopTimer: () => void = () => undefined;

  constructor(parts: JoinChannelParts) {
    this.#parts = parts;
    this.#awaitNext();
  }

  /** Sends a message; nothing once it is over. */
  send(message: JoinMessage): void {
    if (this.#isOver) return;
    const queue = new FrameQueue();
    queue.push(CHANNEL, 'control', encodeJoinMessage(message));
    for (let next = queue.next(); next !== undefined; next = queue.next()) {
      this.#parts.connection.send(next.frame);
    }
  }

  /** Ends the connection: what was sent before still arrives. Idempotent. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopTimer();
    this.#parts.connection.close();
  }

  frame(bytes: Uint8Array): void {
    if (this.#isOver) return;
    let message: JoinMessage | undefined;
    try {
      const joined = this.#joiner.add(bytes);
      if (joined === undefined) return;
      message = joined.channel === CHANNEL ? decodeJoinMessage(joined.bytes) : undefined;
    } catch (error) {
      if (!isVaultError(error)) throw error;
    }
    if (message === undefined) {
      this.#lose();
      return;
    }
    this.#awaitNext();
    this.#parts.received(message);
  }

  drained(): void {
    // What is said is little: it all waits in the connection.
  }

  closed(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopTimer();
    this.#parts.closed();
  }

  /** A peer that breaks a rule, or says nothing, has ended it. */
  #lose(): void {
    if (this.#isOver) return;
    this.close();
    this.#parts.closed();
  }

  #awaitNext(): void {
    this.#stopTimer();
    this.#stopTimer = this.#parts.clock.timer(MAX_JOIN_SILENCE_MS, () => this.#lose());
  }
}
