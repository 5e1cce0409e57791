/** The completion script for fish (3 or newer). */

import { printFolders } from './completion-folders.ts';
import {
  firstWords,
  lastWord,
  type CompletedCommand,
  type CompletedOption,
  type Completer,
  type CompletionModel,
} from './completion-model.ts';

export function fishCompletion(model: CompletionModel): string {
  const { commands, families, globals } = model;
  const lines = [
    ...globals.map((option) => optionLine(option)),
    ...[...firstWords(model)].map(([word, text]) => wordLine('__vault_at 0', word, text)),
    ...[...families].flatMap(([word, members]) =>
      members.map((one) => wordLine(`__vault_at 1 ${word}`, lastWord(one), one.summary)),
    ),
    ...commands.flatMap(commandLines),
  ];
  return `# fish completion for vault, made by: vault completion fish

# The words typed so far that are no options and no values of options.
function __vault_words
  set -l skips 0
  set -l ended 0
  for token in (commandline -opc)[2..-1]
    if test $skips = 1
      set skips 0
    else if test $ended = 1
      echo $token
    else
      switch $token
        case --
          set ended 1
        case ${valueSpellings(model).join(' ')}
          set skips 1
        case '-?*'
        case '*'
          echo $token
      end
    end
  end
end

# Whether so many words are typed and the first ones are these.
function __vault_at
  set -l words (__vault_words)
  test (count $words) = $argv[1]; or return
  __vault_in $argv[2..-1]
end

function __vault_in
  set -l words (__vault_words)
  test (count $argv) = 0; or test "$words[1..$(count $argv)]" = "$argv"
end

function __vault_folders
  ${printFolders}
end

complete -c vault -f
${lines.join('\n')}`;
}

function commandLines(command: CompletedCommand): string[] {
  const name = command.name;
  const taken = name.split(' ').length;
  const options = command.options.map((option) => optionLine(option, `__vault_in ${name}`));
  const words = command.words.flatMap(({ completer, list }, place) => {
    const source = completed(completer);
    if (source === '') return [];
    const condition = list ? `__vault_in ${name}` : `__vault_at ${taken + place} ${name}`;
    return [`complete -c vault -n ${quote(condition)} ${source}`];
  });
  return [...options, ...words];
}

function wordLine(condition: string, word: string, text: string): string {
  return `complete -c vault -n ${quote(condition)} -a ${word} -d ${quote(text)}`;
}

function optionLine({ spellings, doc, value, isOptional }: CompletedOption, when?: string): string {
  const names = spellings.map((one) =>
    one.startsWith('--') ? `-l ${one.slice(2)}` : `-s ${one.slice(1)}`,
  );
  const source = value === undefined ? '' : completed(value);
  const demand = value === undefined || isOptional ? '' : value.kind === 'files' ? '-r' : '-x';
  return [
    'complete -c vault',
    when === undefined ? '' : `-n ${quote(when)}`,
    ...names,
    demand,
    source,
    `-d ${quote(doc)}`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** Options that are followed by a value, for every command that has one of that spelling. */
function valueSpellings({ commands, globals }: CompletionModel): string[] {
  const all = [...globals, ...commands.flatMap((one) => one.options)];
  const valued = all.filter(({ value, isOptional }) => value !== undefined && !isOptional);
  const flags = new Set(all.filter((one) => !valued.includes(one)).flatMap((one) => one.spellings));
  return [...new Set(valued.flatMap((one) => one.spellings))].filter((one) => !flags.has(one));
}

function completed(completer: Completer): string {
  switch (completer.kind) {
    case 'none':
      return '';
    case 'files':
      return '-F';
    case 'directories':
      return "-a '(__fish_complete_directories)'";
    case 'folders':
      return "-a '(__vault_folders; __fish_complete_directories)'";
    case 'commands':
      return `-a '(complete -C "vault " | string match -v -- "-*")'`;
    case 'words':
      return `-a ${quote(completer.words.join(' '))}`;
  }
}

function quote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}
