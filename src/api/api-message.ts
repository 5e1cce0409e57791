/** What a command and the daemon say to each other once both are known. Bytes are in docs/api.md. */

import { asArray, asBytes, asInteger, asText, type CborValue } from '../codec.ts';
import { VaultError } from '../errors.ts';
import type { OperationEvent } from '../operations/operation.ts';
import { fromSentError, toSentError, type SentError } from '../system/sent-error.ts';
import { fromCbor, toCbor } from './plain-data.ts';

/** Causes of an error that travel with it. */
const MAX_CAUSES = 4;

/** What a command says. One call at a time on one stream; the next one after its end. */
export type CommandMessage =
  | { readonly kind: 'call'; readonly operation: string; readonly args: readonly unknown[] }
  /** The call is to end soon. */
  | { readonly kind: 'cancel' }
  | { readonly kind: 'answer'; readonly answer: boolean | undefined };

/** What the daemon says: any number of the first three, then one of the last two. */
export type DaemonMessage =
  | { readonly kind: 'event'; readonly event: OperationEvent }
  | { readonly kind: 'question'; readonly text: string }
  | { readonly kind: 'content'; readonly bytes: Uint8Array }
  | { readonly kind: 'result'; readonly value: unknown }
  | { readonly kind: 'failure'; readonly error: unknown };

export function encodeCommand(message: CommandMessage): CborValue {
  switch (message.kind) {
    case 'call':
      return [0, message.operation, toCbor(message.args)];
    case 'cancel':
      return [1];
    case 'answer':
      return [2, message.answer ?? null];
  }
}

/** Throws `VAULT_ENTRY_INVALID`. */
export function decodeCommand(value: CborValue): CommandMessage {
  const [kind, ...fields] = asArray(value, 1, 3);
  switch (asInteger(kind, 0, 2)) {
    case 0: {
      const args = fromCbor(asArray(fields[1]));
      if (!Array.isArray(args)) throw malformed();
      return { kind: 'call', operation: asText(fields[0], 64), args };
    }
    case 1:
      return { kind: 'cancel' };
    default: {
      const [answer] = fields;
      if (typeof answer !== 'boolean' && answer !== null) throw malformed();
      return { kind: 'answer', answer: answer ?? undefined };
    }
  }
}

export function encodeFromDaemon(message: DaemonMessage): CborValue {
  switch (message.kind) {
    case 'event':
      return [0, toCbor(message.event)];
    case 'question':
      return [1, toCbor(message.text)];
    case 'content':
      return [2, message.bytes];
    case 'result':
      return [3, toCbor(message.value)];
    case 'failure':
      return [4, toCbor(withoutStacks(toSentError(message.error, MAX_CAUSES)))];
  }
}

/** Throws `VAULT_ENTRY_INVALID`. What an event or a result holds is taken as the daemon gives it. */
export function decodeFromDaemon(value: CborValue): DaemonMessage {
  const [kind, field = null] = asArray(value, 2, 2);
  switch (asInteger(kind, 0, 4)) {
    case 0: {
      const event = fromCbor(field);
      if (typeof event !== 'object' || event === null || !('type' in event)) throw malformed();
      return { kind: 'event', event: event as OperationEvent };
    }
    case 1: {
      const text = fromCbor(field);
      if (typeof text !== 'string') throw malformed();
      return { kind: 'question', text };
    }
    case 2:
      return { kind: 'content', bytes: asBytes(field) };
    case 3:
      return { kind: 'result', value: fromCbor(field) };
    default:
      return { kind: 'failure', error: errorOf(fromCbor(field)) };
  }
}

/** Where the daemon's program threw is of no use elsewhere. */
function withoutStacks({ stack: _stack, cause, ...rest }: SentError): SentError {
  return cause === undefined ? rest : { ...rest, cause: withoutStacks(cause) };
}

function errorOf(value: unknown): Error {
  if (typeof value !== 'object' || value === null || !('message' in value)) throw malformed();
  const error = fromSentError(value as SentError);
  // It was thrown elsewhere, and has no place here.
  delete error.stack;
  return error;
}

function malformed(): VaultError {
  return new VaultError('VAULT_ENTRY_INVALID', 'malformed message');
}
