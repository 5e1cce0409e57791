/** The help, made from the definitions. */

import {
  commandGroups,
  takesValue,
  type CommandDefinition,
  type OptionDefinition,
  type PositionalDefinition,
} from './definition.ts';
import { globalOptions } from './global-options.ts';
import { wrapText } from './table.ts';

const WIDTH = 80;

/** What vault is, in two sentences. */
export const intro =
  'vault keeps folders: versioned change by change, sealed, in step with your other machines and copied to your drives. No server, no account.';

/** What `vault help` says: all commands by group, the external ones, and the global options. */
export function overviewText(
  commands: readonly CommandDefinition[],
  externals: readonly string[],
): string {
  const lines = ['usage: vault [options] <command> [options]', '', ...wrapText(intro, WIDTH, 0)];
  const width = Math.max(...commands.map((one) => one.name.length));
  for (const group of commandGroups) {
    const members = commands.filter((one) => one.group === group);
    if (members.length === 0) continue;
    lines.push('', `${group}:`);
    lines.push(
      ...definitionLines(
        members.map((one) => [`  ${one.name}`, one.summary]),
        width + 4,
      ),
    );
  }
  if (externals.length > 0) {
    lines.push('', 'External commands (vault-<name> in VAULT_EXEC_PATH or on PATH):');
    lines.push(...wrapText(externals.join(' '), WIDTH, 2));
  }
  lines.push('', 'Global options, before or after the command:', ...optionLines(globalOptions));
  lines.push('', 'vault help <command> explains one command.');
  return lines.join('\n');
}

/** What `vault help <command>` says. */
export function commandText(command: CommandDefinition): string {
  const lines = [
    `usage: ${usageLine(command)}`,
    '',
    ...wrapText(sentence(command.summary), WIDTH, 0),
  ];
  for (const paragraph of command.details ?? []) lines.push('', ...wrapText(paragraph, WIDTH, 0));
  if (command.positionals.length > 0) {
    const rows = command.positionals.map((one) => [`  ${one.name}`, positionalDoc(one)] as const);
    lines.push('', 'Words:', ...definitionLines(rows));
  }
  if (command.options.length > 0) lines.push('', 'Options:', ...optionLines(command.options));
  lines.push('', 'The global options, listed by vault help, hold for it too.');
  return lines.join('\n');
}

/** What `vault help key` says: the commands that begin with the word. */
export function familyText(word: string, commands: readonly CommandDefinition[]): string {
  const rows = commands.map((one) => [`  ${usageLine(one)}`, one.summary] as const);
  return [`usage: vault ${word} <command> [options]`, '', ...definitionLines(rows)].join('\n');
}

/** `vault restore [PATH …] --to DIR [options]`. */
export function usageLine(command: CommandDefinition): string {
  const words = command.positionals.map((one) => {
    const text = one.list ? `${one.name} …` : one.name;
    return one.required ? text : `[${text}]`;
  });
  const required = command.options.filter((one) => one.required);
  const rest = command.options.length > required.length ? ['[options]'] : [];
  return ['vault', command.name, ...words, ...required.map(optionUsage), ...rest].join(' ');
}

/** `-f, --folder FOLDER`. */
export function optionUsage(option: OptionDefinition): string {
  const value = option.value ?? '';
  const suffix = !takesValue(option)
    ? ''
    : option.type === 'optional-text'
      ? ` [${value}]`
      : ` ${value}`;
  return `${option.short ? `-${option.short}, ` : ''}--${option.name}${suffix}`;
}

function optionLines(options: readonly OptionDefinition[]): string[] {
  return definitionLines(
    options.map((option) => {
      const indent = option.short ? '  ' : '      ';
      return [indent + optionUsage(option), optionDoc(option)] as const;
    }),
  );
}

/** The doc of an option with its choices, whether it repeats, and its variable. */
export function optionDoc(option: OptionDefinition): string {
  const notes: string[] = [];
  if (option.choices) notes.push(option.choices.join(', '));
  if (option.list) notes.push('may be repeated');
  if (option.variable !== undefined) notes.push(option.variable);
  return notes.length === 0 ? option.doc : `${option.doc} (${notes.join('; ')})`;
}

/** A text of the definitions, which begin in lower case and have no full stop. */
export function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(text) ? capital : `${capital}.`;
}

/** The doc of a word with its choices. */
export function positionalDoc({ doc, choices }: PositionalDefinition): string {
  return choices === undefined ? doc : `${doc} (${choices.join(', ')})`;
}

/** Each term with its text beside it, from `column` on: by default behind the longest term. */
function definitionLines(
  rows: readonly (readonly [string, string])[],
  column = Math.min(30, Math.max(...rows.map(([term]) => term.length)) + 2),
): string[] {
  return rows.flatMap(([term, doc]) => {
    const lines = wrapText(doc, WIDTH, column);
    if (term.length + 2 > column) return [term, ...lines];
    return [term.padEnd(column) + (lines[0] ?? '').trimStart(), ...lines.slice(1)];
  });
}
