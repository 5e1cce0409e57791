/** The completion script for zsh: to be sourced after `compinit`, or kept as `_vault` on `fpath`. */

import { printFolders } from './completion-folders.ts';
import {
  firstWords,
  lastWord,
  type CompletedCommand,
  type CompletedOption,
  type Completer,
  type CompletionModel,
} from './completion-model.ts';

export function zshCompletion(model: CompletionModel): string {
  const single = model.commands.filter((one) => !one.name.includes(' '));
  const cases = [
    ...single.map((one) => `    ${one.name}) ${argumentsOf(one, '      ')} ;;`),
    ...[...model.families].map(([word, members]) => familyCase(word, members)),
  ];
  return `#compdef vault
# zsh completion for vault, made by: vault completion zsh

_vault_folders() {
  local -a names
  names=(\${(f)"$(${printFolders})"})
  if (( $#names )); then compadd -a names; else _files -/; fi
}

_vault_commands() {
  local -a words
  words=(
${described([...firstWords(model)], '    ')}
  )
  _describe command words
}

_vault() {
  local context state state_descr line
  local -a globals words_of
  typeset -A opt_args
  globals=(
${model.globals.flatMap(optionSpecs).map(indented('    ')).join('\n')}
  )
  _arguments -s -S -C $globals '(-): :_vault_commands' '(-)*:: :->rest' && return
  [[ $state = rest ]] || return
  case $words[1] in
${cases.join('\n')}
  esac
}

if [[ $funcstack[1] = _vault ]]; then _vault "$@"; else compdef _vault vault; fi`;
}

function familyCase(word: string, members: readonly CompletedCommand[]): string {
  const rows = members.map((one) => [lastWord(one), one.summary] as const);
  const cases = members.map(
    (one) => `        ${lastWord(one)}) ${argumentsOf(one, '          ')} ;;`,
  );
  return `    ${word})
      words_of=(
${described(rows, '        ')}
      )
      _arguments -s -S -C $globals '(-): :{_describe command words_of}' '(-)*:: :->member' && return
      [[ $state = member ]] || return
      case $words[1] in
${cases.join('\n')}
      esac
      ;;`;
}

function argumentsOf(command: CompletedCommand, indent: string): string {
  const words = command.words.map(({ placeholder, completer, list }, place) =>
    quote(`${list ? '*' : place + 1}:${plain(placeholder)}:${action(completer)}`),
  );
  const specs = [...command.options.flatMap(optionSpecs), ...words];
  return ['_arguments -s -S $globals', ...specs.map(indented(indent))].join(' \\\n');
}

/** One specification for each spelling, as `_arguments` wants them. */
function optionSpecs(option: CompletedOption): string[] {
  const { spellings, doc, list, value, isOptional, placeholder } = option;
  const others = list ? '*' : spellings.length > 1 ? `(${spellings.join(' ')})` : '';
  return spellings.map((spelling) => {
    const joint = value === undefined ? '' : spelling.startsWith('--') ? '=' : '+';
    const colon = isOptional ? '::' : ':';
    const rest = value === undefined ? '' : `${colon}${plain(placeholder)}:${action(value)}`;
    return quote(`${others}${spelling}${joint}[${plain(doc)}]${rest}`);
  });
}

function action(completer: Completer): string {
  switch (completer.kind) {
    case 'none':
      return ' ';
    case 'files':
      return '_files';
    case 'directories':
      return '_files -/';
    case 'folders':
      return '_vault_folders';
    case 'commands':
      return '_vault_commands';
    case 'words':
      return `(${completer.words.join(' ')})`;
  }
}

function described(rows: readonly (readonly [string, string])[], indent: string): string {
  return rows
    .map(([word, text]) => indent + quote(`${word}:${text.replaceAll(':', String.raw`\:`)}`))
    .join('\n');
}

const indented =
  (indent: string) =>
  (line: string): string =>
    indent + line;

/** A text in which nothing has a meaning for `_arguments`. */
function plain(text: string): string {
  return text.replaceAll(/[[\]:\\]/g, String.raw`\$&`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
