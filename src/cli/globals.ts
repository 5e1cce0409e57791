/** The global options as they hold for one run: options before environment before defaults. */

import { resolve } from 'node:path';
import type { CliContext } from './context.ts';
import { booleanVariable, defaultHome, variable } from './environment.ts';
import type { ParsedArguments } from './parsed-arguments.ts';
import { usageError } from './usage-error.ts';

/** One place a passphrase comes from. */
export type SecretSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'command'; readonly command: string }
  | { readonly kind: 'variable'; readonly text: string };

export interface Globals {
  /** Absolute. */
  readonly home: string;
  readonly folder: { readonly text: string; readonly isOption: boolean } | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly noColor: boolean;
  readonly noInput: boolean;
  readonly yes: boolean;
  readonly waitLockMs: number;
  readonly secretSource: SecretSource | undefined;
}

/** Throws `VAULT_USAGE` where options or environment contradict one another or make no sense. */
export function resolveGlobals(
  context: Pick<CliContext, 'env' | 'cwd' | 'platform' | 'homeDirectory'>,
  given: ParsedArguments,
): Globals {
  const { env, cwd } = context;
  const home = given.text('home') ?? variable(env, 'VAULT_HOME');
  const option = given.text('folder');
  const folder = option ?? variable(env, 'VAULT_FOLDER');
  return {
    home: home === undefined ? defaultHome(context) : resolve(cwd, home),
    folder: folder === undefined ? undefined : { text: folder, isOption: option !== undefined },
    json: given.has('json') ? given.flag('json') : booleanVariable(env, 'VAULT_JSON'),
    quiet: given.has('quiet') ? given.flag('quiet') : booleanVariable(env, 'VAULT_QUIET'),
    verbose: given.flag('verbose'),
    noColor: given.flag('no-color'),
    noInput: given.flag('no-input'),
    yes: given.flag('yes'),
    waitLockMs: given.number('wait-lock') ?? 0,
    secretSource: secretSource(context, given),
  };
}

/** Options beat the environment; there, a file or command beats `VAULT_PASSPHRASE`. Two at once are refused. */
function secretSource(
  context: Pick<CliContext, 'env' | 'cwd'>,
  given: ParsedArguments,
): SecretSource | undefined {
  const { env, cwd } = context;
  const chosen =
    oneSource(
      cwd,
      given.text('passphrase-file'),
      given.text('passphrase-command'),
      '--passphrase-file and --passphrase-command',
    ) ??
    oneSource(
      cwd,
      variable(env, 'VAULT_PASSPHRASE_FILE'),
      variable(env, 'VAULT_PASSPHRASE_COMMAND'),
      'VAULT_PASSPHRASE_FILE and VAULT_PASSPHRASE_COMMAND',
    );
  if (chosen) return chosen;
  const text = env['VAULT_PASSPHRASE'];
  return text === undefined ? undefined : { kind: 'variable', text };
}

/** At most one of the two; `names` says which they are where both are given. */
export function oneSource(
  cwd: string,
  file: string | undefined,
  command: string | undefined,
  names: string,
): SecretSource | undefined {
  if (file !== undefined && command !== undefined) {
    throw usageError(`${names} are given: one source of a passphrase at a time`);
  }
  if (file !== undefined) return { kind: 'file', path: file === '-' ? '-' : resolve(cwd, file) };
  return command === undefined ? undefined : { kind: 'command', command };
}
