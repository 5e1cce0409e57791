/** What a command line asks for, before anything is done. */

import { walkArguments, type WalkedArguments } from './argument-walk.ts';
import { readCommandLine } from './command-line.ts';
import { commands } from './commands.ts';
import { explain } from './commands/help.ts';
import type { CliContext } from './context.ts';
import type { CommandDefinition, CommandResult } from './definition.ts';
import { findExternal } from './external.ts';
import { globalOptions } from './global-options.ts';
import { resolveGlobals, type Globals } from './globals.ts';
import type { Invocation } from './invocation.ts';
import type { ParsedArguments } from './parsed-arguments.ts';
import { unknownCommand, unknownMember } from './unknown-command.ts';
import { usageError } from './usage-error.ts';
import { parseArguments } from './yargs.ts';

export type Plan =
  | {
      readonly kind: 'work';
      readonly globals: Globals;
      readonly given: ParsedArguments;
      /** A reader that goes away ends it. */
      readonly onlyPrints: boolean;
      readonly heavy: boolean;
      readonly reloads: boolean;
      readonly work: (invocation: Invocation) => Promise<CommandResult>;
    }
  | {
      readonly kind: 'external';
      readonly globals: Globals;
      readonly file: string;
      readonly args: readonly string[];
    }
  | { readonly kind: 'version'; readonly globals: Globals }
  /** No command: what there is goes to standard error. */
  | { readonly kind: 'bare'; readonly globals: Globals };

/** Throws `VAULT_USAGE` where the command line or the environment is not right. */
export function planRun(context: CliContext): Plan {
  const line = readCommandLine(context.argv, commands);
  switch (line.kind) {
    case 'none':
      return (
        wantedInstead(context, line.walked, []) ?? {
          kind: 'bare',
          globals: globalsOf(context, line.walked).globals,
        }
      );
    case 'command':
      return planCommand(context, line.command, line.args);
    case 'family':
      if (line.wantsHelp) return planHelp(context, line.walked, [line.word]);
      throw unknownMember(line.word, line.second, line.members);
    case 'other': {
      const instead = wantedInstead(context, line.leading, [line.name]);
      if (instead) return instead;
      const file = findExternal(context, line.name);
      if (file === undefined) throw unknownCommand(context, commands, line.name);
      const { globals } = globalsOf(context, line.leading);
      return { kind: 'external', globals, file, args: line.args };
    }
  }
}

function planCommand(
  context: CliContext,
  command: CommandDefinition,
  args: readonly string[],
): Plan {
  const known = [...globalOptions, ...command.options];
  const walked = walkArguments(args, known);
  const instead = wantedInstead(context, walked, command.name.split(' '));
  if (instead) return instead;
  const given = parseArguments(command, known, walked);
  const globals = resolveGlobals(context, given);
  return {
    kind: 'work',
    globals,
    given,
    onlyPrints: command.onlyPrints === true,
    heavy: command.heavy === true,
    reloads: command.reloads === true,
    work: (invocation) => {
      if (globals.json && command.json === false) {
        throw usageError(`vault ${command.name} prints content, which --json cannot carry`);
      }
      return command.run(invocation);
    },
  };
}

/** Where --help or --version is among the options, nothing else is looked at. */
function wantedInstead(
  context: CliContext,
  walked: WalkedArguments,
  words: readonly string[],
): Plan | undefined {
  const isGiven = (name: string): boolean =>
    walked.options.some(({ option, value }) => option.name === name && value === true);
  if (isGiven('help')) return planHelp(context, walked, words);
  if (!isGiven('version')) return undefined;
  return { kind: 'version', globals: globalsOf(context, walked).globals };
}

function planHelp(context: CliContext, walked: WalkedArguments, words: readonly string[]): Plan {
  const { globals, given } = globalsOf(context, walked);
  const work = (invocation: Invocation): Promise<CommandResult> =>
    explain(invocation, commands, words);
  return { kind: 'work', globals, given, onlyPrints: true, heavy: false, reloads: false, work };
}

function globalsOf(
  context: CliContext,
  walked: WalkedArguments,
): { readonly globals: Globals; readonly given: ParsedArguments } {
  const options = walked.options.filter(({ option }) => globalOptions.includes(option));
  const command = { name: 'vault', positionals: [] };
  const given = parseArguments(command, globalOptions, { options, words: [], rest: [] });
  return { globals: resolveGlobals(context, given), given };
}
