/**
 * Somebody who opened a stream to us and is not known yet. Either the one request proves a node that may
 * come in, or the answer is the same as for anything else, and leaves when it would for anything else.
 */

import type { Clock } from '../clock.ts';
import { sha256 } from '../crypto/hash.ts';
import { readHandshake, type Approach, type NoiseParty } from '../crypto/noise-handshake.ts';
import { MAX_LINGER_BYTES } from '../limits.ts';
import type { IncomingStream, StreamEvents, WebLineEvents } from '../system/web-network.ts';
import { answerAt } from './delay-grid.ts';
import type { Admission, DoorKeeper } from './gate.ts';
import { parseUpgrade, REFUSAL, RequestReader } from './http-request.ts';
import { decodeKnock, encodeWelcome, messageOfText, NO_KNOCK, type Knock } from './knock.ts';
import { SealedConnection, type PeerConnection } from './peer-connection.ts';
import type { Begin } from './transport.ts';

/** How long a refused stream may stay to take its answer, in milliseconds. */
const LINGER_MS = 2000;

/** What all visitors of a listener share. */
export interface Reception {
  readonly clock: Clock;
  readonly party: NoiseParty;
  readonly run: Uint8Array;
  readonly keeper: DoorKeeper;
  readonly refusalGridMs: number;
  readonly unknownMs: number;
  readonly begin: Begin<PeerConnection>;
  /** Whether this address may try now. */
  mayKnock(): boolean;
  /** The visitor is gone, or known: it counts no more. Called once. */
  done(): void;
  /** What kept a node out that may come in: a disk that cannot remember it. */
  failed(error: unknown): void;
}

/** A caller that may come in. */
interface Guest {
  readonly key: string;
  readonly approach: Approach;
  readonly knock: Knock;
  readonly admission: Admission;
}

export class Visitor implements StreamEvents {
  readonly #stream: IncomingStream;
  readonly #reception: Reception;
  #reader: RequestReader | undefined;
  #state: 'reading' | 'answering' | 'leaving' | 'upgraded' | 'done' = 'reading';
  #trailing = 0;
  #cut: () => void;
  #stopTimer: () => void;

  constructor(stream: IncomingStream, reception: Reception) {
    this.#stream = stream;
    this.#reception = reception;
    this.#cut = () => stream.destroy();
    this.#stopTimer = reception.clock.timer(reception.unknownMs, () => this.#outOfTime());
  }

  data(bytes: Uint8Array): void {
    if (this.#state === 'reading') {
      // Taken before a look at the bytes: how long that takes depends on what they are.
      const nowMs = this.#reception.clock.monotonicMs();
      this.#reader ??= new RequestReader();
      if (this.#reader.add(bytes) !== 'more') this.#asked(nowMs);
      return;
    }
    this.#trailing += bytes.length;
    if (this.#trailing > MAX_LINGER_BYTES) this.evict();
  }

  ended(): void {
    if (this.#state === 'reading') this.#asked(this.#reception.clock.monotonicMs());
  }

  closed(): void {
    this.#done();
  }

  /** Cuts the visitor off. */
  evict(): void {
    if (this.#state === 'done') return;
    this.#done();
    this.#cut();
  }

  #outOfTime(): void {
    if (this.#state === 'reading') this.#asked(this.#reception.clock.monotonicMs());
    else this.evict();
  }

  /** The request is over, whole or not. */
  #asked(askedMs: number): void {
    this.#state = 'answering';
    const guest = this.#recognise();
    if (guest === undefined) this.#refuse(askedMs);
    else void this.#welcome(guest, askedMs);
  }

  #recognise(): Guest | undefined {
    const { party, keeper } = this.#reception;
    // Before anything is looked at: whoever tries too often is refused, members like others.
    if (!this.#reception.mayKnock()) return undefined;
    const request = this.#reader?.state === 'whole' ? parseUpgrade(this.#reader.head) : undefined;
    const message = request && messageOfText(request.knock);
    const approach = readHandshake(party, message ?? NO_KNOCK);
    const knock = approach && decodeKnock(approach.payload);
    if (!request || !message || !approach || !knock) return undefined;
    const admission = keeper.judge({ peer: approach.peer, knock, hash: sha256(message) });
    return admission && { key: request.key, approach, knock, admission };
  }

  #refuse(askedMs: number): void {
    const { clock, refusalGridMs } = this.#reception;
    const now = clock.monotonicMs();
    this.#timer(answerAt(askedMs, now, refusalGridMs) - now, () => {
      this.#state = 'leaving';
      this.#stream.end(REFUSAL);
      this.#timer(LINGER_MS, () => this.evict());
    });
  }

  async #welcome(guest: Guest, askedMs: number): Promise<void> {
    try {
      await guest.admission.remember();
    } catch (error) {
      if (this.#state !== 'answering') return;
      this.#refuse(askedMs);
      this.#reception.failed(error);
      return;
    }
    if (this.#state === 'answering') this.#upgrade(guest);
  }

  #upgrade({ key, approach, knock, admission }: Guest): void {
    const { clock, run, begin } = this.#reception;
    this.#state = 'upgraded';
    const isOpen = this.#stream.upgrade(key, this.#reader?.rest ?? EMPTY, (line) => {
      this.#cut = () => line.destroy();
      const answer = approach.answer(encodeWelcome({ run }), admission.psk);
      line.send(answer.message);
      const { invite, sentUs } = knock;
      const sealed = new SealedConnection({
        line,
        session: answer.session,
        clock,
        facts: {
          peer: approach.peer,
          run: knock.run,
          sessionHash: answer.session.hash,
          isDialer: false,
          sentUs,
          ...(invite === undefined ? {} : { invite }),
        },
        begin: (connection) => {
          this.#done();
          return begin(connection);
        },
      });
      return this.#untilKnown(sealed);
    });
    if (!isOpen) this.#done();
  }

  /** Passes on what happens, and takes note of an end that comes before the visitor is known. */
  #untilKnown(sealed: SealedConnection): WebLineEvents {
    return {
      message: (bytes) => sealed.message(bytes),
      drained: () => sealed.drained(),
      closed: (isClean) => {
        this.#done();
        sealed.closed(isClean);
      },
    };
  }

  #timer(ms: number, run: () => void): void {
    this.#stopTimer();
    this.#stopTimer = this.#reception.clock.timer(ms, run);
  }

  #done(): void {
    if (this.#state === 'done') return;
    this.#state = 'done';
    this.#stopTimer();
    this.#reception.done();
  }
}

const EMPTY = new Uint8Array(0);
