/** External commands: `vault-<name>` in `VAULT_EXEC_PATH` or on `PATH`, as git does it. */

import { dirname, join } from 'node:path';
import type { CliContext, Outcome } from './context.ts';
import { executablePath } from './environment.ts';
import type { Globals } from './globals.ts';

const PREFIX = 'vault-';

/** The file that serves a command, undefined where there is none. Names with a separator never are. */
export function findExternal(context: CliContext, name: string): string | undefined {
  if (!isCommandName(name)) return undefined;
  for (const directory of executablePath(context)) {
    for (const ending of endings(context.platform)) {
      const file = join(directory, `${PREFIX}${name}${ending}`);
      if (context.machine.isExecutable(file)) return file;
    }
  }
  return undefined;
}

/** Names of all external commands there are, sorted, each once. */
export function listExternals(context: CliContext): string[] {
  const names = new Set<string>();
  for (const directory of new Set(executablePath(context))) {
    for (const file of context.machine.list(directory)) {
      if (!file.startsWith(PREFIX)) continue;
      const ending = endings(context.platform).find((one) => file.endsWith(one));
      if (ending === undefined) continue;
      const name = file.slice(PREFIX.length, file.length - ending.length);
      if (isCommandName(name) && context.machine.isExecutable(join(directory, file))) {
        names.add(name);
      }
    }
  }
  return [...names].sort((a, b) => (a < b ? -1 : 1));
}

/** Runs the external command in our place. It learns of the global options through its environment. */
export async function runExternal(
  context: CliContext,
  globals: Globals,
  file: string,
  args: readonly string[],
): Promise<Outcome> {
  const ended = await context.machine.run(file, args, externalEnvironment(context, globals, file));
  return ended.signal === null ? { exit: ended.code ?? 1 } : { signal: ended.signal };
}

/**
 * `VAULT_HOME`, `VAULT_EXEC_PATH` (where not set: the directory the command was found in) and
 * `VAULT_BIN` always; `VAULT_FOLDER`, `VAULT_JSON`, `VAULT_QUIET` and the one source of the
 * passphrase where they hold.
 */
function externalEnvironment(
  context: Pick<CliContext, 'env' | 'program'>,
  globals: Globals,
  file: string,
): Record<string, string | undefined> {
  const { secretSource: source } = globals;
  const given = context.env['VAULT_EXEC_PATH'] ?? '';
  return {
    ...context.env,
    VAULT_HOME: globals.home,
    VAULT_EXEC_PATH: given === '' ? dirname(file) : given,
    VAULT_BIN: context.program,
    VAULT_FOLDER: globals.folder?.text,
    VAULT_JSON: globals.json ? '1' : undefined,
    VAULT_QUIET: globals.quiet ? '1' : undefined,
    VAULT_PASSPHRASE: source?.kind === 'variable' ? source.text : undefined,
    VAULT_PASSPHRASE_FILE: source?.kind === 'file' ? source.path : undefined,
    VAULT_PASSPHRASE_COMMAND: source?.kind === 'command' ? source.command : undefined,
    ...(globals.noColor ? { NO_COLOR: '1' } : {}),
  };
}

function isCommandName(name: string): boolean {
  return /^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u.test(name);
}

/** Windows runs by ending; scripts there need an interpreter of their own, so only programs count. */
function endings(platform: NodeJS.Platform): readonly string[] {
  return platform === 'win32' ? ['.exe', '.com'] : [''];
}
