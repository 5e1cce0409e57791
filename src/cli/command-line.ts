/** Which command a command line means. */

import { walkArguments, type WalkedArguments } from './argument-walk.ts';
import type { CommandDefinition } from './definition.ts';
import { globalOptions } from './global-options.ts';

export type CommandLine =
  /** No command named. */
  | { readonly kind: 'none'; readonly walked: WalkedArguments }
  | {
      readonly kind: 'command';
      readonly command: CommandDefinition;
      /** All arguments but the command's words. */
      readonly args: readonly string[];
    }
  /** The first word of several commands, with a second that is none of theirs, or without one. */
  | {
      readonly kind: 'family';
      readonly word: string;
      readonly second: string | undefined;
      readonly members: readonly CommandDefinition[];
      readonly wantsHelp: boolean;
      /** The options in front of both words. */
      readonly walked: WalkedArguments;
    }
  /** Not a built-in: maybe an external command. */
  | {
      readonly kind: 'other';
      readonly name: string;
      readonly leading: WalkedArguments;
      /** Untouched. */
      readonly args: readonly string[];
    };

/** Finds the command behind the leading global options. Throws `VAULT_USAGE` for an unknown leading option. */
export function readCommandLine(
  argv: readonly string[],
  commands: readonly CommandDefinition[],
): CommandLine {
  const leading = walkArguments(argv, globalOptions, true);
  const [word] = leading.words;
  if (word === undefined) return { kind: 'none', walked: leading };
  const before = beforeWord(argv, leading);
  const single = commands.find((one) => one.name === word);
  if (single) {
    return { kind: 'command', command: single, args: [...before, ...leading.rest] };
  }
  const members = commands.filter((one) => one.name.startsWith(`${word} `));
  if (members.length === 0) return { kind: 'other', name: word, leading, args: leading.rest };
  const inner = walkArguments(leading.rest, globalOptions, true);
  const [second] = inner.words;
  const command = members.find((one) => one.name === `${word} ${second ?? ''}`);
  if (command) {
    const args = [...before, ...beforeWord(leading.rest, inner), ...inner.rest];
    return { kind: 'command', command, args };
  }
  const options = [...leading.options, ...inner.options];
  const wantsHelp = options.some(({ option }) => option.name === 'help');
  const walked = { options, words: [], rest: [] };
  return { kind: 'family', word, second, members, wantsHelp, walked };
}

/** The options in front of the first word, without the `--` that may stand before it. */
function beforeWord(args: readonly string[], walked: WalkedArguments): readonly string[] {
  const before = args.slice(0, args.length - walked.rest.length - 1);
  return before.at(-1) === '--' ? before.slice(0, -1) : before;
}
