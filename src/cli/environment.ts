/** What the environment says, read strictly: a setting that makes no sense is not passed over. */

import { isAbsolute, join, resolve } from 'node:path';
import type { CliContext } from './context.ts';
import { quoted, usageError } from './usage-error.ts';
import { parseBoolean } from './values.ts';

type Environment = CliContext['env'];

/** The variable's text; an empty one counts as not set. */
export function variable(env: Environment, name: string): string | undefined {
  const text = env[name];
  return text === undefined || text === '' ? undefined : text;
}

/** A yes-or-no variable; false where not set. Throws `VAULT_USAGE` for any other text. */
export function booleanVariable(env: Environment, name: string): boolean {
  const text = variable(env, name);
  return text !== undefined && parseBoolean(text, name);
}

/**
 * Where the home is unless somebody says otherwise: `$XDG_DATA_HOME/vault` or
 * `~/.local/share/vault`; on macOS `~/Library/Application Support/vault`; on Windows
 * `%LOCALAPPDATA%\vault`. Throws `VAULT_USAGE` where the variable used is not an absolute path.
 */
export function defaultHome(
  context: Pick<CliContext, 'env' | 'platform' | 'homeDirectory'>,
): string {
  const { env, platform, homeDirectory } = context;
  if (platform === 'darwin') return join(homeDirectory, 'Library', 'Application Support', 'vault');
  if (platform === 'win32') {
    const local = absoluteVariable(env, 'LOCALAPPDATA');
    return join(local ?? join(homeDirectory, 'AppData', 'Local'), 'vault');
  }
  const data = absoluteVariable(env, 'XDG_DATA_HOME');
  return join(data ?? join(homeDirectory, '.local', 'share'), 'vault');
}

/** The directories of `VAULT_EXEC_PATH`, absolute; then those of `PATH` that are absolute. */
export function executablePath(
  context: Pick<CliContext, 'env' | 'platform' | 'cwd'>,
): readonly string[] {
  const separator = context.platform === 'win32' ? ';' : ':';
  const split = (text: string | undefined): string[] =>
    (text ?? '').split(separator).filter((part) => part !== '');
  return [
    ...split(context.env['VAULT_EXEC_PATH']).map((part) => resolve(context.cwd, part)),
    ...split(context.env['PATH'] ?? context.env['Path']).filter((part) => isAbsolute(part)),
  ];
}

/** A variable that is a path; undefined where not set. Throws `VAULT_USAGE` where it is not absolute. */
export function absoluteVariable(env: Environment, name: string): string | undefined {
  const text = variable(env, name);
  if (text !== undefined && !isAbsolute(text)) {
    throw usageError(`${name}: expected an absolute path, got ${quoted(text)}`);
  }
  return text;
}
