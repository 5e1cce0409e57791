/** Any thrown thing as what people and scripts are told of it. */

import { isVaultError, systemCode, type ErrorCode } from '../errors.ts';
import { exitOfError } from './exit-codes.ts';

export interface Failure {
  readonly code: ErrorCode;
  /** Lower case, no full stop. */
  readonly message: string;
  readonly hint: string | undefined;
  readonly exit: number;
  readonly details: Readonly<Record<string, unknown>> | undefined;
}

const systemCodes: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'VAULT_NO_SPACE',
  EDQUOT: 'VAULT_NO_SPACE',
};

/** `exit` is by the error's code; who knows which signal came replaces it. */
export function describeFailure(error: unknown): Failure {
  if (isVaultError(error)) {
    const { code, message, hint, details } = error;
    return { code, message, hint, exit: exitOfError[code], details };
  }
  const system = systemCode(error);
  const code = system === undefined ? 'VAULT_FAILED' : (systemCodes[system] ?? 'VAULT_IO');
  const message = error instanceof Error ? error.message || error.name : String(error);
  return { code, message, hint: undefined, exit: exitOfError[code], details: undefined };
}

/** The causes of `error`, one line each, outermost first; for `--verbose`. */
export function causesOf(error: unknown): readonly string[] {
  const lines: string[] = [];
  let at: unknown = error instanceof Error ? error.cause : undefined;
  for (; at !== undefined && lines.length < 8; at = at instanceof Error ? at.cause : undefined) {
    lines.push(at instanceof Error ? at.message : JSON.stringify(at));
  }
  return lines;
}
