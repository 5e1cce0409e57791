/** The daemon's end of one stream: who is there, and one call after another. */

import type { Clock } from '../clock.ts';
import type { CborValue } from '../codec.ts';
import { deferred, type Deferred } from '../async.ts';
import { isVaultError, VaultError } from '../errors.ts';
import { MAX_API_GREETING_BYTES, MAX_API_GREETING_MS, MAX_API_MESSAGE_BYTES } from '../limits.ts';
import type { OperationContext, OperationEvent } from '../operations/operation.ts';
import type { RandomSource } from '../random.ts';
import type { BeginLocalLine } from '../system/local-socket.ts';
import { decodeCommand, encodeFromDaemon, type DaemonMessage } from './api-message.ts';
import {
  API_VERSION,
  checkProof,
  decodeHello,
  decodeProof,
  encodeWelcome,
  proofOf,
  type DaemonState,
  type GreetingKeys,
  type Hello,
} from './greeting.ts';
import { MessageLine } from './message-line.ts';

/** How often a command hears of progress, in milliseconds. */
const PROGRESS_MS = 50;
/** What may wait for a command that does not read, although the operation could have waited for it. */
const MOST_UNSENT_BYTES = 2 * MAX_API_MESSAGE_BYTES;

/** To whom an operation that was called speaks. */
export interface Caller {
  readonly context: OperationContext;
  /** Takes a piece of content; resolves when the command can take more. */
  write(piece: Uint8Array): Promise<void>;
}

/** What the daemon does for commands. */
export interface Service {
  /** Once it is known whether the home opens. */
  state(): Promise<DaemonState>;
  /** Throws `VAULT_USAGE` for an operation it does not know, and as the operation does. */
  call(operation: string, args: readonly unknown[], caller: Caller): Promise<unknown>;
  /** The one operation that a command of any version may call. */
  readonly versionless: string;
}

export interface CommandConnectionParts {
  readonly keys: GreetingKeys;
  readonly program: string;
  readonly service: Service;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly onClosed: (connection: CommandConnection) => void;
}

type Phase =
  | { readonly kind: 'hello' }
  | { readonly kind: 'proof'; readonly command: Hello; readonly daemon: Hello }
  | { readonly kind: 'known'; readonly isSameVersion: boolean };

interface Call {
  readonly controller: AbortController;
  question: Deferred<boolean | undefined> | undefined;
  progressAt: number;
}

export class CommandConnection {
  readonly #parts: CommandConnectionParts;
  readonly #line: MessageLine;
  readonly #cancelTimer: () => void;
  #phase: Phase = { kind: 'hello' };
  #call: Call | undefined;
  #idle: Promise<void> = Promise.resolve();

  private constructor(parts: CommandConnectionParts, line: MessageLine) {
    this.#parts = parts;
    this.#line = line;
    line.maxBytes = MAX_API_GREETING_BYTES;
    this.#cancelTimer = parts.clock.timer(MAX_API_GREETING_MS, () => this.end());
  }

  /** Serves what a stream asks; `begun` is told of it. */
  static serve(
    parts: CommandConnectionParts,
    begun: (connection: CommandConnection) => void,
  ): BeginLocalLine {
    return (stream) => {
      const line = new MessageLine(stream, {
        message: (message) => connection.#message(message),
        closed: () => connection.#closed(),
      });
      const connection = new CommandConnection(parts, line);
      begun(connection);
      return line.streamEvents;
    };
  }

  /** Resolves when nothing that was called goes on. */
  get idle(): Promise<void> {
    return this.#idle;
  }

  /** Has what was called end with an error. */
  interrupt(error: VaultError): void {
    this.#call?.controller.abort(error);
    this.#call?.question?.reject(error);
  }

  /** Ends the stream, and with it what was called. */
  end(): void {
    this.#line.destroy();
  }

  #message(message: CborValue): Promise<void> | undefined {
    const phase = this.#phase;
    switch (phase.kind) {
      case 'hello':
        return this.#greet(decodeHello(message));
      case 'proof': {
        const { command, daemon } = phase;
        const expected = proofOf(this.#parts.keys, 'command', command, daemon);
        checkProof(decodeProof(message), expected);
        this.#cancelTimer();
        this.#line.maxBytes = MAX_API_MESSAGE_BYTES;
        this.#phase = { kind: 'known', isSameVersion: command.version === API_VERSION };
        return undefined;
      }
      case 'known':
        this.#command(message, phase.isSameVersion);
        return undefined;
    }
  }

  async #greet(command: Hello): Promise<void> {
    const { keys, program, random, service } = this.#parts;
    const state = await service.state();
    const daemon = { version: API_VERSION, program, nonce: random.bytes(32) };
    const proof = proofOf(keys, 'daemon', command, daemon);
    this.#phase = { kind: 'proof', command, daemon };
    this.#line.send(encodeWelcome({ ...daemon, proof, state }));
  }

  #command(value: CborValue, isSameVersion: boolean): void {
    const message = decodeCommand(value);
    const call = this.#call;
    switch (message.kind) {
      case 'call': {
        const { operation, args } = message;
        if (call !== undefined) throw unexpected('a call within a call');
        if (!isSameVersion && operation !== this.#parts.service.versionless) {
          throw unexpected('a call of another version');
        }
        this.#idle = this.#perform(operation, args).catch((error: unknown) =>
          this.#line.destroy(error),
        );
        return;
      }
      case 'cancel':
        // It may cross the end of its call.
        call?.controller.abort(interrupted('the command was interrupted'));
        return;
      case 'answer':
        call?.question?.resolve(message.answer);
        if (call !== undefined) call.question = undefined;
    }
  }

  async #perform(operation: string, args: readonly unknown[]): Promise<void> {
    const call: Call = {
      controller: new AbortController(),
      question: undefined,
      progressAt: Number.NEGATIVE_INFINITY,
    };
    this.#call = call;
    let end: DaemonMessage;
    try {
      const value = await this.#parts.service.call(operation, args, this.#caller(call));
      end = { kind: 'result', value };
    } catch (error) {
      end = { kind: 'failure', error };
    }
    this.#call = undefined;
    this.#send(end);
  }

  #caller(call: Call): Caller {
    const { signal } = call.controller;
    return {
      context: {
        signal,
        emit: (event) => this.#emit(call, event),
        ready: () => this.#line.room(),
        confirm: ({ text }) => this.#ask(call, text),
      },
      write: async (bytes) => {
        this.#send({ kind: 'content', bytes });
        await this.#line.room();
        signal.throwIfAborted();
      },
    };
  }

  #emit(call: Call, event: OperationEvent): void {
    if (event.type === 'progress') {
      const now = this.#parts.clock.monotonicMs();
      if (now - call.progressAt < PROGRESS_MS || this.#line.unsentBytes > 0) return;
      call.progressAt = now;
    } else if (this.#line.unsentBytes > MOST_UNSENT_BYTES) {
      throw new VaultError('VAULT_LIMIT_EXCEEDED', 'the command does not read what it is told');
    }
    this.#send({ kind: 'event', event });
  }

  #ask(call: Call, text: string): Promise<boolean | undefined> {
    if (this.#line.isOver) return Promise.resolve(undefined);
    const question = deferred<boolean | undefined>();
    call.question = question;
    this.#send({ kind: 'question', text });
    return question.promise;
  }

  /** What cannot be sent ends the stream: the command must not wait for it. */
  #send(message: DaemonMessage): void {
    if (this.#line.isOver) return;
    try {
      this.#line.send(encodeFromDaemon(message));
    } catch (error) {
      if (message.kind === 'failure' || !isVaultError(error)) throw error;
      this.#line.send(encodeFromDaemon({ kind: 'failure', error }));
      throw error;
    }
  }

  #closed(): void {
    this.#cancelTimer();
    this.interrupt(interrupted('the command went away'));
    this.#parts.onClosed(this);
  }
}

function interrupted(message: string): VaultError {
  return new VaultError('VAULT_INTERRUPTED', message);
}

function unexpected(what: string): VaultError {
  return new VaultError('VAULT_ENTRY_INVALID', `a command sent ${what}`);
}
