/** Errors on their way between threads: cloning would keep neither their class nor their fields. */

import { VaultError, type ErrorCode } from '../errors.ts';
import { FileError } from './file-system.ts';

export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string | undefined;
  readonly code?: string | undefined;
  readonly cause?: SentError | undefined;
  readonly vault?: { readonly hint: string | undefined; readonly details: Details };
  readonly file?: { readonly operation: string; readonly path: string };
}

type Details = VaultError['details'];

/** Causes beyond this many are left behind. */
const MAX_CAUSES = 8;

/** What to send for anything that was thrown. */
export function toSentError(thrown: unknown, causes = MAX_CAUSES): SentError {
  if (!(thrown instanceof Error)) return { name: 'Error', message: String(thrown) };
  const { name, message, stack } = thrown;
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
  const cause =
    thrown.cause === undefined || causes === 0 ? undefined : toSentError(thrown.cause, causes - 1);
  const sent = { name, message, stack, code, cause };
  if (thrown instanceof VaultError) {
    return { ...sent, vault: { hint: thrown.hint, details: thrown.details } };
  }
  if (thrown instanceof FileError) {
    return { ...sent, file: { operation: thrown.operation, path: thrown.path } };
  }
  return sent;
}

/** The error again: `VaultError`, `FileError`, `TypeError` and `RangeError` as such, others as `Error`. */
export function fromSentError(sent: SentError): Error {
  const error = rebuilt(sent);
  if (sent.stack !== undefined) error.stack = sent.stack;
  return error;
}

function rebuilt(sent: SentError): Error {
  const { name, message, code = '' } = sent;
  const cause = sent.cause && fromSentError(sent.cause);
  if (sent.vault) {
    const { hint, details } = sent.vault;
    return new VaultError(code as ErrorCode, message, {
      cause,
      ...(hint === undefined ? {} : { hint }),
      ...(details === undefined ? {} : { details }),
    });
  }
  if (sent.file) return new FileError(code, sent.file.operation, sent.file.path, cause);
  const options = cause === undefined ? undefined : { cause };
  const error =
    name === 'TypeError'
      ? new TypeError(message, options)
      : name === 'RangeError'
        ? new RangeError(message, options)
        : Object.assign(new Error(message, options), { name });
  return sent.code === undefined ? error : Object.assign(error, { code });
}
