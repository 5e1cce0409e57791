/** What can stand where on a command line, for the completion scripts of all shells; from the definitions. */

import {
  commandGroups,
  takesValue,
  type CommandDefinition,
  type OptionDefinition,
  type PositionalDefinition,
} from './definition.ts';
import { globalOptions } from './global-options.ts';

/** What completes a value; `none`: nothing can be known. */
export type Completer =
  | { readonly kind: 'none' | 'files' | 'directories' | 'folders' | 'commands' }
  | { readonly kind: 'words'; readonly words: readonly string[] };

export interface CompletedOption {
  /** `--message`, `-m`. */
  readonly spellings: readonly string[];
  readonly doc: string;
  readonly list: boolean;
  /** Undefined for a flag. */
  readonly value: Completer | undefined;
  /** May stand without its value. */
  readonly isOptional: boolean;
  /** The word that stands for the value. */
  readonly placeholder: string;
}

export interface CompletedWord {
  readonly placeholder: string;
  readonly completer: Completer;
  readonly list: boolean;
}

export interface CompletedCommand {
  /** One or two words. */
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  readonly words: readonly CompletedWord[];
}

export interface CompletionModel {
  /** In the order of the help. */
  readonly commands: readonly CompletedCommand[];
  readonly globals: readonly CompletedOption[];
  /** First words that several commands begin with, with those commands. */
  readonly families: ReadonlyMap<string, readonly CompletedCommand[]>;
}

export function completionModel(definitions: readonly CommandDefinition[]): CompletionModel {
  const ordered = commandGroups.flatMap((group) =>
    definitions.filter((one) => one.group === group),
  );
  const commands = ordered.map((one) => ({
    name: one.name,
    summary: one.summary,
    options: one.options.map(completedOption),
    words: one.positionals.map(completedWord),
  }));
  const families = new Map<string, CompletedCommand[]>();
  for (const command of commands) {
    const [word = '', second] = command.name.split(' ');
    if (second !== undefined) families.set(word, [...(families.get(word) ?? []), command]);
  }
  return { commands, globals: globalOptions.map(completedOption), families };
}

/** First words there are: commands of one word, and of families the first, with a text for each. */
export function firstWords(model: CompletionModel): ReadonlyMap<string, string> {
  const words = new Map<string, string>();
  for (const { name, summary } of model.commands) {
    const [word = '', second] = name.split(' ');
    const members = model.families.get(word) ?? [];
    words.set(word, second === undefined ? summary : members.map(lastWord).join(', '));
  }
  return words;
}

/** `add` of `folder add`. */
export function lastWord(command: CompletedCommand): string {
  return command.name.split(' ').at(-1) ?? command.name;
}

/** By the word that stands for a value in usage lines. */
const completers: Readonly<Record<string, Completer>> = {
  COMMAND: { kind: 'commands' },
  DIR: { kind: 'directories' },
  F: { kind: 'files' },
  FILE: { kind: 'files' },
  FOLDER: { kind: 'folders' },
  PATH: { kind: 'files' },
  WHEN: { kind: 'words', words: ['now', 'yesterday'] },
};

function completer(placeholder: string, choices: readonly string[] | undefined): Completer {
  if (choices !== undefined) return { kind: 'words', words: choices };
  const known = Object.hasOwn(completers, placeholder) ? completers[placeholder] : undefined;
  return known ?? { kind: 'none' };
}

function completedOption(option: OptionDefinition): CompletedOption {
  const { name, short, doc, value = '', choices } = option;
  return {
    spellings: [`--${name}`, ...(short === undefined ? [] : [`-${short}`])],
    doc,
    list: option.list === true,
    value: takesValue(option) ? completer(value, choices) : undefined,
    isOptional: option.type === 'optional-text',
    placeholder: value,
  };
}

function completedWord({ name, choices, list }: PositionalDefinition): CompletedWord {
  return { placeholder: name, completer: completer(name, choices), list: list === true };
}
