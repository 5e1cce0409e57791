/** Man pages, made from the definitions: `vault(1)`, and `vault-<command>(1)` for each command and family. */

import {
  commandGroups,
  takesValue,
  type CommandDefinition,
  type OptionDefinition,
} from './definition.ts';
import { exitMeanings } from './exit-codes.ts';
import { globalOptions } from './global-options.ts';
import { intro, optionDoc, positionalDoc, sentence, usageLine } from './help-text.ts';
import { roffArgument, roffBold, roffText } from './roff.ts';
import { version } from './version.ts';

/** Every page by its file name: `vault-folder-add.1`. They depend on nothing but the definitions. */
export function manPages(commands: readonly CommandDefinition[]): ReadonlyMap<string, string> {
  const pages = new Map([['vault.1', overviewPage(commands)]]);
  for (const command of commands) pages.set(`${pageName(command.name)}.1`, commandPage(command));
  for (const word of new Set(commands.map(({ name }) => name.split(' ')[0] ?? name))) {
    const members = commands.filter((one) => one.name.startsWith(`${word} `));
    const file = `${pageName(word)}.1`;
    if (members.length > 0 && !pages.has(file)) pages.set(file, familyPage(word, members));
  }
  return pages;
}

function pageName(command: string): string {
  return `vault-${command.replaceAll(' ', '-')}`;
}

function overviewPage(commands: readonly CommandDefinition[]): string {
  const groups = commandGroups.flatMap((group) => {
    const members = commands.filter((one) => one.group === group);
    if (members.length === 0) return [];
    return [`.SS ${roffArgument(group)}`, ...members.flatMap(commandEntry)];
  });
  const exits = [...exitMeanings].flatMap(([code, meaning]) =>
    term(roffBold(`${code}`), sentence(meaning)),
  );
  return page('vault', 'keep folders versioned, sealed and in step, without a server', [
    section('SYNOPSIS', synopsis('vault [options] <command> [options]')),
    section('DESCRIPTION', paragraphs([intro, ...conventions])),
    section('COMMANDS', groups),
    section('GLOBAL OPTIONS', [
      ...paragraphs(['They are accepted before and after the command.']),
      ...globalOptions.flatMap(optionEntry),
    ]),
    section('EXIT STATUS', exits),
    section(
      'ENVIRONMENT',
      environment.flatMap(([name, doc]) => term(roffBold(name), sentence(doc))),
    ),
    section(
      'FILES',
      files.flatMap(([path, doc]) => term(String.raw`\fI${roffText(path)}\fR`, sentence(doc))),
    ),
    section('SEE ALSO', seeAlso(commands.map((one) => one.name))),
  ]);
}

function commandPage(command: CommandDefinition): string {
  const { name, summary, details = [], positionals, options } = command;
  const [family = '', second] = name.split(' ');
  const words = positionals.flatMap((one) =>
    term(String.raw`\fI${roffText(one.name)}\fR`, sentence(positionalDoc(one))),
  );
  return page(pageName(name), summary, [
    section('SYNOPSIS', synopsis(usageLine(command))),
    section('DESCRIPTION', paragraphs([sentence(summary), ...details])),
    section('WORDS', words),
    section('OPTIONS', [
      ...options.flatMap(optionEntry),
      '.PP',
      'The global options, listed in',
      `${roffBold('vault')}(1),`,
      'hold for it too.',
    ]),
    section('EXIT STATUS', ['As listed in', `${roffBold('vault')}(1).`]),
    section('SEE ALSO', seeAlso(second === undefined ? [] : [family])),
  ]);
}

function familyPage(word: string, members: readonly CommandDefinition[]): string {
  const seconds = members.map(({ name }) => name.slice(word.length + 1)).join(', ');
  return page(pageName(word), `the commands ${seconds}`, [
    section('SYNOPSIS', synopsis(`vault ${word} <command> [options]`)),
    section('COMMANDS', members.flatMap(commandEntry)),
    section('SEE ALSO', seeAlso(members.map((one) => one.name))),
  ]);
}

/** Paragraphs behind the introduction of `vault(1)`. */
const conventions = [
  'Results go to standard output, everything else to standard error. With --json standard output is JSON lines and nothing else, of which the last is the summary or the error. An unknown command runs the program vault-<command> of VAULT_EXEC_PATH or PATH.',
  'vault help lists the commands, and vault help <command> explains one.',
];

const environment: readonly (readonly [string, string])[] = [
  ...globalOptions.flatMap(({ name, variable }) =>
    variable === undefined ? [] : [[variable, `as --${name}`] as const],
  ),
  ['VAULT_PASSPHRASE', 'the passphrase or recovery code, where no other source of one is given'],
  ['VAULT_EXEC_PATH', 'directories of external commands, searched before PATH'],
  ['TERM', 'where it is dumb there is no colour'],
  [
    'FORCE_COLOR',
    'where it is set, not empty and not 0, colour also where the output is no terminal',
  ],
];

const files: readonly (readonly [string, string])[] = [
  ['$XDG_DATA_HOME/vault', 'the home; ~/.local/share/vault where the variable is not set'],
  ['~/Library/Application Support/vault', 'the home on macOS'],
];

function page(name: string, summary: string, sections: readonly (readonly string[])[]): string {
  const lines = [
    String.raw`.\" Made from the definitions of the commands: npm run build`,
    `.TH ${roffArgument(name.toUpperCase())} 1 "" ${roffArgument(`vault ${version}`)} "vault"`,
    ...section('NAME', [`${roffText(name)} \\- ${roffText(summary)}`]),
    ...sections.flat(),
  ];
  return `${lines.join('\n')}\n`;
}

/** Nothing where it would be empty. */
function section(title: string, lines: readonly string[]): readonly string[] {
  const first = lines[0] === '.PP' ? 1 : 0; // a heading begins a paragraph by itself
  return lines.length === 0 ? [] : [`.SH ${roffArgument(title)}`, ...lines.slice(first)];
}

function synopsis(usage: string): string[] {
  return [roffText(usage)];
}

function paragraphs(texts: readonly string[]): string[] {
  return texts.flatMap((text) => ['.PP', roffText(text)]);
}

function commandEntry(command: CommandDefinition): string[] {
  const usage = usageLine(command).slice('vault '.length);
  const rest = usage.slice(command.name.length);
  return term(roffBold(command.name) + roffText(rest), sentence(command.summary));
}

function optionEntry(option: OptionDefinition): string[] {
  const { name, short, value = '' } = option;
  const spellings = [...(short === undefined ? [] : [`-${short}`]), `--${name}`].map(roffBold);
  const text = String.raw`\fI${roffText(value)}\fR`;
  const suffix = !takesValue(option)
    ? ''
    : option.type === 'optional-text'
      ? ` [${text}]`
      : ` ${text}`;
  return term(spellings.join(', ') + suffix, sentence(optionDoc(option)));
}

function term(label: string, text: string): string[] {
  return ['.TP', label, roffText(text)];
}

function seeAlso(names: readonly string[]): string[] {
  const all = ['vault', ...names.map(pageName)];
  return all.map((name, at) => `${roffBold(name)}(1)${at === all.length - 1 ? '' : ','}`);
}
