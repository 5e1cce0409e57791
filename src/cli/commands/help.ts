/** `vault help`: the commands there are, and each of them. */

import type { CommandDefinition, CommandResult } from '../definition.ts';
import { findExternal, listExternals, runExternal } from '../external.ts';
import { commandText, familyText, overviewText, usageLine } from '../help-text.ts';
import type { Invocation } from '../invocation.ts';
import type { Output } from '../output.ts';
import { unknownCommand } from '../unknown-command.ts';

/** `all` gives every built-in command, this one included. */
export function helpCommand(all: () => readonly CommandDefinition[]): CommandDefinition {
  return {
    name: 'help',
    group: 'Further',
    summary: 'list the commands, or explain one',
    positionals: [
      { name: 'COMMAND', list: true, doc: 'built-in or external: snapshot, folder add' },
    ],
    options: [],
    onlyPrints: true,
    run: (invocation) => explain(invocation, all()),
  };
}

/** Explains what the words name: all there is, a command, a family of commands, or an external one. */
export async function explain(
  invocation: Invocation,
  commands: readonly CommandDefinition[],
  words: readonly string[] = invocation.given.words,
): Promise<CommandResult> {
  const { context, globals, output } = invocation;
  const [word] = words;
  if (word === undefined) {
    const externals = listExternals(context);
    output.print(overviewText(commands, externals));
    for (const command of commands) printCommand(command, output);
    for (const name of externals) output.printJson({ type: 'external', name });
    return { summary: { commands: commands.length, externals: externals.length } };
  }
  const name = words.join(' ');
  const members = commands.filter((one) => one.name === name || one.name.startsWith(`${name} `));
  if (members.length > 0) {
    const [single] = members;
    const text = single?.name === name ? commandText(single) : familyText(name, members);
    output.print(text);
    for (const command of members) printCommand(command, output);
    return { summary: { commands: members.length, externals: 0 } };
  }
  const file = words.length === 1 ? findExternal(context, word) : undefined;
  if (file === undefined) throw unknownCommand(context, commands, name);
  const outcome = await runExternal(context, globals, file, ['--help']);
  const summary = { commands: 0, externals: 1 };
  return 'exit' in outcome
    ? { summary, exits: [outcome.exit] }
    : { summary, endedBy: outcome.signal };
}

function printCommand(command: CommandDefinition, output: Output): void {
  const { name, group, summary, details = [], positionals, options } = command;
  const usage = usageLine(command);
  output.printJson({
    type: 'command',
    name,
    group,
    summary,
    usage,
    details,
    words: positionals,
    options,
  });
}
