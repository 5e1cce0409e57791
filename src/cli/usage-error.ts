/** Wrong usage as an error: exit code 2. */

import { VaultError } from '../errors.ts';

/** The error for a command line, environment or value that is not right. `message` names the offending text. */
export function usageError(message: string, hint?: string): VaultError {
  return new VaultError('VAULT_USAGE', message, hint === undefined ? {} : { hint });
}

/** Text from outside as it is named in messages: quoted, and cut where it is long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
