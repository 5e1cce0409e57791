/**
 * Messages over a stream: each a length of four bytes, big-endian, and as many bytes of CBOR. They are handled
 * one at a time; while one is being handled nothing more is read, so that who sends too much waits.
 */

import { asBuffer, concat } from '../bytes.ts';
import { decode, encode, type CborValue } from '../codec.ts';
import { deferred, type Deferred } from '../async.ts';
import { VaultError } from '../errors.ts';
import { MAX_API_MESSAGE_BYTES, MAX_API_UNSENT_BYTES } from '../limits.ts';
import type { LocalLine, LocalLineEvents } from '../system/local-socket.ts';

const LENGTH_BYTES = 4;

export interface MessageEvents {
  /** The next message is handed over once what this returns is settled. A failure ends the line. */
  message(message: CborValue): Promise<void> | void;
  /** The line is over: by the failure given, or by either end. Called once. */
  closed(error: unknown): void;
}

export class MessageLine {
  readonly #line: LocalLine;
  readonly #events: MessageEvents;
  readonly #reader = new MessageReader();
  #isHandling = false;
  #isOver = false;
  #room: Deferred<void> | undefined;

  constructor(line: LocalLine, events: MessageEvents) {
    this.#line = line;
    this.#events = events;
  }

  /** What the stream is to tell this. */
  get streamEvents(): LocalLineEvents {
    return {
      data: (bytes) => {
        this.#reader.add(bytes);
        if (!this.#isHandling) this.#handle();
      },
      drained: () => this.#roomAgain(),
      closed: () => this.#over(undefined),
    };
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Bytes that the other end has not taken yet. */
  get unsentBytes(): number {
    return this.#line.bufferedBytes;
  }

  /** Longest message that is accepted from now on, in bytes. */
  set maxBytes(bytes: number) {
    this.#reader.maxBytes = bytes;
  }

  /** Sends a message; nothing once it is over. Throws `VAULT_LIMIT_EXCEEDED` for one that is too long. */
  send(message: CborValue): void {
    const body = encode(message);
    if (body.length > MAX_API_MESSAGE_BYTES) {
      throw new VaultError('VAULT_LIMIT_EXCEEDED', `a message of ${body.length} bytes`);
    }
    const length = new Uint8Array(LENGTH_BYTES);
    new DataView(length.buffer).setUint32(0, body.length);
    this.#line.send(concat(length, body));
  }

  /** Resolves once the other end can take more, or never will. Undefined: it can. */
  room(): Promise<void> | undefined {
    if (this.#isOver || this.#line.bufferedBytes <= MAX_API_UNSENT_BYTES) return undefined;
    this.#room ??= deferred<void>();
    return this.#room.promise;
  }

  /** Ends it after what was sent. */
  end(): void {
    this.#line.end();
  }

  /** Ends it at once. */
  destroy(error?: unknown): void {
    this.#line.destroy();
    this.#over(error);
  }

  #handle(): void {
    try {
      for (;;) {
        const body = this.#isOver ? undefined : this.#reader.next();
        if (body === undefined) return;
        const handled = this.#events.message(decode(body));
        if (handled === undefined) continue;
        this.#isHandling = true;
        this.#line.pause();
        handled.then(
          () => {
            this.#isHandling = false;
            this.#line.resume();
            this.#handle();
          },
          (error: unknown) => this.destroy(error),
        );
        return;
      }
    } catch (error) {
      this.destroy(error);
    }
  }

  #roomAgain(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  #over(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#roomAgain();
    this.#events.closed(error);
  }
}

/** Cuts what arrives into messages. */
export class MessageReader {
  maxBytes: number = MAX_API_MESSAGE_BYTES;
  #parts: Uint8Array[] = [];
  #length = 0;

  add(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }

  /** The next whole message, undefined where more must arrive first. Throws `VAULT_LIMIT_EXCEEDED` for one that is too long. */
  next(): Uint8Array | undefined {
    if (this.#length < LENGTH_BYTES) return undefined;
    if ((this.#parts[0]?.length ?? 0) < LENGTH_BYTES) this.#join();
    const head = this.#parts[0] as Uint8Array;
    const wanted = asBuffer(head).readUInt32BE(0);
    if (wanted > this.maxBytes) {
      throw new VaultError('VAULT_LIMIT_EXCEEDED', `a message of ${wanted} bytes`);
    }
    const end = LENGTH_BYTES + wanted;
    if (this.#length < end) return undefined;
    this.#join();
    const all = this.#parts[0] as Uint8Array;
    this.#parts = all.length === end ? [] : [all.subarray(end)];
    this.#length -= end;
    return all.subarray(LENGTH_BYTES, end);
  }

  #join(): void {
    if (this.#parts.length > 1) this.#parts = [concat(...this.#parts)];
  }
}
