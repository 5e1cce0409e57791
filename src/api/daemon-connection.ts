/** A command's end of one stream to the daemon: who is there, and one call after another. */

import type { Clock } from '../clock.ts';
import type { CborValue } from '../codec.ts';
import { deferred, type Deferred } from '../async.ts';
import { VaultError } from '../errors.ts';
import { MAX_API_GREETING_MS } from '../limits.ts';
import type { OperationContext } from '../operations/operation.ts';
import type { RandomSource } from '../random.ts';
import { connectLocal } from '../system/local-socket.ts';
import { decodeFromDaemon, encodeCommand, type DaemonMessage } from './api-message.ts';
import {
  API_VERSION,
  checkProof,
  decodeWelcome,
  encodeHello,
  encodeProof,
  proofOf,
  type GreetingKeys,
  type Welcome,
} from './greeting.ts';
import { MessageLine } from './message-line.ts';

/** To whom a called operation speaks. */
export interface Listener {
  readonly context?: OperationContext;
  readonly write?: (piece: Uint8Array) => Promise<void>;
}

export interface DaemonConnectionParts {
  readonly socket: string;
  /** Users that the socket may belong to. */
  readonly owners: readonly number[];
  readonly keys: GreetingKeys;
  readonly program: string;
  readonly clock: Clock;
  readonly random: RandomSource;
}

interface Call {
  readonly listener: Listener;
  readonly ended: Deferred<unknown>;
  /** What went wrong here; the call is cancelled for it, and ends with it. */
  failure: { readonly error: unknown } | undefined;
}

export class DaemonConnection {
  readonly #line: MessageLine;
  readonly #greeted = deferred<Welcome>();
  readonly #over = deferred<void>();
  #check: ((welcome: Welcome) => void) | undefined;
  #call: Call | undefined;

  private constructor(line: MessageLine) {
    this.#line = line;
    // Whoever greets waits for it; who has been greeted does not.
    this.#greeted.promise.catch(() => undefined);
  }

  /**
   * Connects, and has both sides prove themselves. Undefined where nobody listens. Throws `VAULT_LOCKED`
   * where who listens does not answer, `VAULT_REFUSED` where it is not the daemon of this home.
   */
  static async open(
    parts: DaemonConnectionParts,
  ): Promise<{ readonly connection: DaemonConnection; readonly welcome: Welcome } | undefined> {
    const { clock, keys, program, random, socket, owners } = parts;
    const opened: { connection?: DaemonConnection } = {};
    const isThere = await connectLocal(socket, owners, (stream) => {
      const line = new MessageLine(stream, {
        message: (message) => connection.#message(message),
        closed: (error) => connection.#closed(error),
      });
      const connection = new DaemonConnection(line);
      opened.connection = connection;
      return line.streamEvents;
    });
    const { connection } = opened;
    if (!isThere || connection === undefined) return undefined;
    const hello = { version: API_VERSION, program, nonce: random.bytes(32) };
    connection.#check = (welcome) => {
      checkProof(welcome.proof, proofOf(keys, 'daemon', hello, welcome));
      connection.#line.send(encodeProof(proofOf(keys, 'command', hello, welcome)));
    };
    connection.#line.send(encodeHello(hello));
    const stop = clock.timer(MAX_API_GREETING_MS, () => {
      const error = new VaultError('VAULT_LOCKED', 'the daemon of this home does not answer');
      connection.#line.destroy(error);
    });
    try {
      return { connection, welcome: await connection.#greeted.promise };
    } finally {
      stop();
    }
  }

  /** Whether another call can be made. */
  get isIdle(): boolean {
    return this.#call === undefined && !this.#line.isOver;
  }

  get isOver(): boolean {
    return this.#line.isOver;
  }

  /** Resolves when the stream is over: once the daemon has ended, at the latest. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /**
   * Has the daemon do something; one call at a time. Throws as the operation does, `VAULT_CLOSED` where the
   * daemon ends meanwhile, and whatever the listener throws.
   */
  async call(
    operation: string,
    args: readonly unknown[],
    listener: Listener = {},
  ): Promise<unknown> {
    if (this.#call !== undefined) throw new TypeError('expected one call at a time');
    if (this.#line.isOver) throw daemonGone(undefined);
    const signal = listener.context?.signal;
    if (signal?.aborted === true) throw new VaultError('VAULT_INTERRUPTED', 'interrupted');
    const call: Call = { listener, ended: deferred(), failure: undefined };
    this.#call = call;
    const cancel = (): void => this.#line.send(encodeCommand({ kind: 'cancel' }));
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      this.#line.send(encodeCommand({ kind: 'call', operation, args }));
      return await call.ended.promise;
    } finally {
      signal?.removeEventListener('abort', cancel);
      this.#call = undefined;
    }
  }

  /** Ends the stream. */
  end(): void {
    this.#line.destroy();
  }

  #message(value: CborValue): Promise<void> | undefined {
    if (this.#check !== undefined) {
      const check = this.#check;
      this.#check = undefined;
      const welcome = decodeWelcome(value);
      check(welcome);
      this.#greeted.resolve(welcome);
      return undefined;
    }
    const call = this.#call;
    if (call === undefined) throw new VaultError('VAULT_ENTRY_INVALID', 'the daemon spoke unasked');
    return this.#heard(call, decodeFromDaemon(value));
  }

  #heard(call: Call, message: DaemonMessage): Promise<void> | undefined {
    const { context, write } = call.listener;
    switch (message.kind) {
      case 'event':
        if (call.failure === undefined) this.#guard(call, () => context?.emit(message.event));
        // Where the listener cannot take more, nothing more is read.
        return context?.ready?.();
      case 'question':
        // Meanwhile the daemon may go on, or away.
        this.#answer(call, message.text).catch((error: unknown) => this.#line.destroy(error));
        return undefined;
      case 'content':
        if (write === undefined || call.failure !== undefined) return undefined;
        return write(message.bytes).catch((error: unknown) => this.#fail(call, error));
      case 'result':
        if (call.failure === undefined) call.ended.resolve(message.value);
        else call.ended.reject(call.failure.error);
        return undefined;
      case 'failure':
        call.ended.reject(call.failure === undefined ? message.error : call.failure.error);
        return undefined;
    }
  }

  async #answer(call: Call, text: string): Promise<void> {
    try {
      const answer = await call.listener.context?.confirm({ kind: 'confirm', text });
      this.#line.send(encodeCommand({ kind: 'answer', answer }));
    } catch (error) {
      this.#fail(call, error);
      // Whoever asked still waits.
      this.#line.send(encodeCommand({ kind: 'answer', answer: undefined }));
    }
  }

  #guard(call: Call, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(call, error);
    }
  }

  #fail(call: Call, error: unknown): void {
    call.failure ??= { error };
    this.#line.send(encodeCommand({ kind: 'cancel' }));
  }

  #closed(error: unknown): void {
    this.#greeted.reject(error ?? daemonGone(undefined));
    const failure = this.#call?.failure?.error ?? daemonGone(error);
    this.#call?.ended.reject(failure);
    this.#over.resolve();
  }
}

function daemonGone(cause: unknown): VaultError {
  return new VaultError('VAULT_CLOSED', 'the daemon ended before it had answered', {
    hint: 'what was durable stays so; run the command again, and see what the daemon wrote to its log',
    ...(cause === undefined ? {} : { cause }),
  });
}
