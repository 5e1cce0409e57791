/**
 * The one error class of vault and the list of its stable codes.
 *
 * Codes are a contract: `docs/errors.md` explains each, and a test holds the two lists together.
 */

export const errorCodes = [
  'VAULT_USAGE',
  'VAULT_FAILED',
  'VAULT_NOT_FOUND',
  'VAULT_EXISTS',
  'VAULT_LOCKED',
  'VAULT_FORMAT_UNSUPPORTED',
  'VAULT_KEY_WRONG',
  'VAULT_NO_SPACE',
  'VAULT_IO',
  'VAULT_DAMAGED',
  'VAULT_CHUNK_MISSING',
  'VAULT_CHUNK_CORRUPT',
  'VAULT_EXPIRED',
  'VAULT_ENTRY_INVALID',
  'VAULT_LOG_FORKED',
  'VAULT_PATH_UNSAFE',
  'VAULT_LIMIT_EXCEEDED',
  'VAULT_NOT_PERMITTED',
  'VAULT_REFUSED',
  'VAULT_TARGET_ABSENT',
  'VAULT_NO_PEER',
  'VAULT_INTERRUPTED',
  'VAULT_CLOSED',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export interface VaultErrorOptions {
  readonly cause?: unknown;
  /** What the user can do next, in one sentence without a full stop. */
  readonly hint?: string;
  /** Small, serialisable facts; never secrets and never contents. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** An expected failure. `message` is lower case without a full stop and may change; `code` may not. */
export class VaultError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options: VaultErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'VaultError';
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
  }
}

/** Whether `error` is a {@link VaultError}, with this code if one is given. */
export function isVaultError(error: unknown, code?: ErrorCode): error is VaultError {
  return error instanceof VaultError && (code === undefined || error.code === code);
}

/**
 * Whether `error` says that something stored is gone or wrong for good, here: nothing on this machine
 * brings it back. `VAULT_DAMAGED` says less: what is derived can be made again.
 */
export function isLoss(error: unknown): error is VaultError {
  return isVaultError(error, 'VAULT_CHUNK_MISSING') || isVaultError(error, 'VAULT_CHUNK_CORRUPT');
}

/** For `catch`: undefined where what was asked for is lost; any other error is thrown. */
export function unlessLost(error: unknown): undefined {
  if (!isLoss(error)) throw error;
}

/** The operating system's error code (`ENOENT`, `ENOSPC`, …) of `error` or of a cause of it. */
export function systemCode(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 8; depth++) {
    if ('code' in at && typeof at.code === 'string' && /^E[A-Z0-9]+$/.test(at.code)) return at.code;
    at = at.cause;
  }
  return undefined;
}
