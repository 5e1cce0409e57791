/** The error for a command that is neither built in nor external. */

import type { VaultError } from '../errors.ts';
import type { CliContext } from './context.ts';
import type { CommandDefinition } from './definition.ts';
import { listExternals } from './external.ts';
import { nearest } from './nearest.ts';
import { quoted, usageError } from './usage-error.ts';

/** Suggests the near one: of built-in commands, their first words, and external ones. */
export function unknownCommand(
  context: CliContext,
  commands: readonly CommandDefinition[],
  name: string,
): VaultError {
  const names = commands.map((one) => one.name);
  const families = names.map((one) => one.split(' ')[0] ?? one);
  const near = nearest(name, [...new Set([...names, ...families]), ...listExternals(context)]);
  return usageError(
    `unknown command ${quoted(name)}`,
    near === undefined ? 'vault help lists the commands' : `did you mean vault ${near}?`,
  );
}

/** As {@link unknownCommand}, for the second word of `vault folder …`; also where it is missing. */
export function unknownMember(
  word: string,
  second: string | undefined,
  members: readonly CommandDefinition[],
): VaultError {
  const seconds = members.map((one) => one.name.slice(word.length + 1));
  const near = second === undefined ? undefined : nearest(second, seconds);
  return usageError(
    second === undefined
      ? `vault ${word} needs one of: ${seconds.join(', ')}`
      : `unknown command ${quoted(`${word} ${second}`)}; there is: ${seconds.join(', ')}`,
    near === undefined ? `vault help ${word} explains them` : `did you mean vault ${word} ${near}?`,
  );
}
