/** The completion script for bash. It needs nothing but bash (3.2 or newer). */

import { printFolders } from './completion-folders.ts';
import {
  firstWords,
  lastWord,
  type CompletedCommand,
  type CompletedOption,
  type Completer,
  type CompletionModel,
} from './completion-model.ts';

export function bashCompletion(model: CompletionModel): string {
  const { commands, families, globals } = model;
  const members = [...families].map(
    ([word, all]) => `    ${word}) REPLY='${all.map(lastWord).join(' ')}' ;;`,
  );
  return `# bash completion for vault, made by: vault completion bash

# What completes the value of an option of a command; empty for a flag.
_vault_value() {
  REPLY=
  case "$1:$2" in
${valueCases('*', globals).join('\n')}
${commands.flatMap((one) => valueCases(one.name, one.options)).join('\n')}
  esac
}

_vault_options() {
  case $1 in
${commands.map((one) => `    '${one.name}') REPLY='${spellings(one.options)}' ;;`).join('\n')}
    *) REPLY= ;;
  esac
  REPLY="$REPLY ${spellings(globals)}"
}

# What completes the word of a command at a place, counted from 0.
_vault_word() {
  REPLY=none
  case "$1:$2" in
${commands.flatMap(wordCases).join('\n')}
  esac
}

_vault_members() {
  case $1 in
${members.join('\n')}
    *) REPLY= ;;
  esac
}

_vault_reply() {
  local IFS=$'\\n' word
  COMPREPLY=()
  while read -r word; do
    if [ "\${word#"$1"}" != "$word" ] || [ -z "$1" ]; then COMPREPLY+=("$(printf %q "$word")"); fi
  done
}

_vault_complete() {
  local kind=$1 current=$2
  case $kind in
    none) ;;
    files | directories) compopt -o filenames 2>/dev/null; _vault_files "$kind" "$current" ;;
    folders)
      _vault_reply "$current" < <(${printFolders})
      if [ \${#COMPREPLY[@]} -eq 0 ]; then compopt -o filenames 2>/dev/null; _vault_files directories "$current"; fi
      ;;
    commands) COMPREPLY=($(compgen -W '${[...firstWords(model).keys()].join(' ')}' -- "$current")) ;;
    words:*) COMPREPLY=($(compgen -W "\${kind#words:}" -- "$current")) ;;
  esac
}

_vault_files() {
  local IFS=$'\\n' flag=-f
  if [ "$1" = directories ]; then flag=-d; fi
  COMPREPLY=($(compgen "$flag" -- "$2"))
}

_vault() {
  local current=\${COMP_WORDS[COMP_CWORD]} command='' place=0 at=1 word REPLY pending='' ended=''
  COMPREPLY=()
  while [ "$at" -lt "$COMP_CWORD" ]; do
    word=\${COMP_WORDS[at]}
    if [ "$word" = '=' ] && [ -n "$pending" ]; then
      :
    elif [ -n "$pending" ]; then
      pending=
    elif [ -n "$ended" ]; then
      place=$((place + 1))
    else
      case $word in
        --) ended=1 ;;
        =) pending=none ;; # the value of a flag
        -?*)
          _vault_value "$command" "$word"
          case $REPLY in '' | optional) ;; *) pending=$REPLY ;; esac
          ;;
        *)
          _vault_members "$command"
          if [ -z "$command" ]; then command=$word
          elif [ -n "$REPLY" ]; then command="$command $word"
          else place=$((place + 1)); fi
          ;;
      esac
    fi
    at=$((at + 1))
  done
  if [ "$current" = '=' ] && [ -n "$pending" ]; then current=; fi
  if [ -n "$pending" ]; then
    _vault_complete "$pending" "$current"
  elif [ -z "$ended" ] && [ "\${current#-}" != "$current" ]; then
    _vault_options "$command"
    COMPREPLY=($(compgen -W "$REPLY" -- "$current"))
  elif [ -z "$command" ]; then
    _vault_complete commands "$current"
  else
    _vault_members "$command"
    if [ -n "$REPLY" ]; then
      COMPREPLY=($(compgen -W "$REPLY" -- "$current"))
    else
      _vault_word "$command" "$place"
      _vault_complete "$REPLY" "$current"
    fi
  fi
}

complete -F _vault vault`;
}

function spellings(options: readonly CompletedOption[]): string {
  return options.flatMap((one) => one.spellings).join(' ');
}

/** An option that may stand alone takes no pending value: what follows may be a word of its own. */
function valueCases(command: string, options: readonly CompletedOption[]): string[] {
  const scope = command === '*' ? '*' : `'${command}'`;
  return options.flatMap(({ spellings: names, value, isOptional }) => {
    if (value === undefined) return [];
    const text = isOptional ? 'optional' : completerText(value);
    return [`    ${names.map((name) => `${scope}:${name}`).join(' | ')}) REPLY='${text}' ;;`];
  });
}

function wordCases({ name, words }: CompletedCommand): string[] {
  return words.map(({ completer, list }, place) => {
    const at = list ? '*' : String(place);
    return `    '${name}':${at}) REPLY='${completerText(completer)}' ;;`;
  });
}

function completerText(completer: Completer): string {
  return completer.kind === 'words' ? `words:${completer.words.join(' ')}` : completer.kind;
}
