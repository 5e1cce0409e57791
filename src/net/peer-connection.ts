/** A connection whose other end is known: what goes over it is padded and sealed, whatever carries it. */

import type { Clock } from '../clock.ts';
import type { NoiseSession } from '../crypto/noise-handshake.ts';
import { VaultError } from '../errors.ts';
import { MAX_FRAME_BYTES } from '../limits.ts';
import type { WebLine, WebLineEvents } from '../system/web-network.ts';
import { pulse } from './keep-alive.ts';
import { pad, unpad, type PaddedKind } from './padding.ts';
import type { Connection, ConnectionEvents } from './transport.ts';

/** What a handshake proved. */
export interface PeerFacts {
  /** Static X25519 key of the node at the other end. */
  readonly peer: Uint8Array;
  /** Of the peer's process: of two connections with one of them, one is too many. */
  readonly run: Uint8Array;
  /** Names the session, the same at both ends. */
  readonly sessionHash: Uint8Array;
  readonly isDialer: boolean;
  /** What the dialer's first message said: greater with each dial. */
  readonly sentUs: number;
  /** The invite that a joiner came with. */
  readonly invite?: Uint8Array;
}

export interface PeerConnection extends Connection, PeerFacts {}

interface SealedParts {
  readonly line: WebLine;
  readonly session: NoiseSession;
  readonly clock: Clock;
  readonly facts: PeerFacts;
  /** Called once both ends proved who they are: at once for who dialed, else with the first message. */
  readonly begin: (connection: PeerConnection) => ConnectionEvents;
}

export class SealedConnection implements PeerConnection, WebLineEvents {
  readonly peer: Uint8Array;
  readonly run: Uint8Array;
  readonly sessionHash: Uint8Array;
  readonly isDialer: boolean;
  readonly sentUs: number;
  readonly invite?: Uint8Array;
  readonly #parts: SealedParts;
  #events: ConnectionEvents | undefined;
  #isClosing = false;
  #isOver = false;
  #sentAt: number;
  #heardAt: number;
  #stopTimer: () => void = () => undefined;

  constructor(parts: SealedParts) {
    const { facts, clock } = parts;
    this.peer = facts.peer;
    this.run = facts.run;
    this.sessionHash = facts.sessionHash;
    this.isDialer = facts.isDialer;
    this.sentUs = facts.sentUs;
    if (facts.invite !== undefined) this.invite = facts.invite;
    this.#parts = parts;
    this.#sentAt = clock.monotonicMs();
    this.#heardAt = this.#sentAt;
    if (facts.isDialer) {
      this.#send('confirmation');
      this.#open();
    }
  }

  get bufferedBytes(): number {
    return this.#parts.line.bufferedBytes;
  }

  send(frame: Uint8Array): void {
    if (frame.length === 0 || frame.length > MAX_FRAME_BYTES) {
      throw new RangeError(`expected a frame of 1 … ${MAX_FRAME_BYTES} bytes, got ${frame.length}`);
    }
    if (this.#isOver || this.#isClosing) {
      throw new VaultError('VAULT_CLOSED', 'the connection is closed');
    }
    this.#send('frame', frame);
  }

  close(): void {
    if (this.#isOver || this.#isClosing) return;
    this.#isClosing = true;
    this.#send('end');
    this.#parts.line.close();
  }

  message(bytes: Uint8Array): void {
    if (this.#isOver) return;
    const plain = this.#parts.session.receive.open(bytes);
    const said = plain && unpad(plain);
    // The first thing that who dialed says proves that it is no old handshake said again.
    const isExpected = (said?.kind === 'confirmation') === (this.#events === undefined);
    if (said === undefined || !isExpected) {
      this.#parts.line.destroy();
      this.#over('lost');
      return;
    }
    this.#heardAt = this.#parts.clock.monotonicMs();
    if (said.kind === 'confirmation') this.#open();
    else if (said.kind === 'frame') this.#events?.frame(said.frame);
    else if (said.kind === 'end') {
      this.#parts.line.close();
      this.#over('ended');
    }
  }

  drained(): void {
    if (!this.#isOver) this.#events?.drained();
  }

  closed(isClean: boolean): void {
    // That the stream was closed in good order says nothing: only a sealed end, from us or them, does.
    this.#over(this.#isClosing && isClean ? 'ended' : 'lost');
  }

  #open(): void {
    this.#events = this.#parts.begin(this);
    if (!this.#isOver) this.#watch();
  }

  #watch(): void {
    const { clock, line } = this.#parts;
    const { isDead, isDue, nextMs } = pulse(this.#sentAt, this.#heardAt, clock.monotonicMs());
    if (isDead) {
      line.destroy();
      this.#over('lost');
      return;
    }
    if (isDue && !this.#isClosing) this.#send('alive');
    this.#stopTimer = clock.timer(nextMs, () => this.#watch());
  }

  #send(kind: PaddedKind, frame?: Uint8Array): void {
    const { line, session, clock } = this.#parts;
    line.send(session.send.seal(pad(kind, frame)));
    this.#sentAt = clock.monotonicMs();
  }

  #over(how: 'ended' | 'lost'): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopTimer();
    this.#parts.session.send.end();
    this.#parts.session.receive.end();
    this.#events?.closed(how);
  }
}
