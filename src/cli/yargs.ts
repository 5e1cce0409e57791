/**
 * From walked arguments to parsed ones: the only importer of `yargs`. It assembles lists, lets the
 * last of several values count, demands what is required and refuses words too many or too few.
 *
 * Values travel through it by reference (their index), because its parser strips quotes that belong
 * to a value and takes the word `true` behind a flag for the flag's value.
 */

import yargs, { type Options } from 'yargs';
import type { WalkedArguments } from './argument-walk.ts';
import type { CommandDefinition, OptionDefinition } from './definition.ts';
import { isVaultError, type VaultError } from '../errors.ts';
import { ParsedArguments, type OptionValue } from './parsed-arguments.ts';
import { quoted, usageError } from './usage-error.ts';
import { parseChoice, parseCount, parseDuration, parseSize } from './values.ts';

/** Throws `VAULT_USAGE` naming what is missing, too much or malformed. */
export function parseArguments(
  command: Pick<CommandDefinition, 'name' | 'positionals'>,
  known: readonly OptionDefinition[],
  walked: WalkedArguments,
): ParsedArguments {
  const { tokens, raw } = byReference(walked);
  const { positionals } = command;
  const least = positionals.filter((one) => one.required).length;
  const most = positionals.some((one) => one.list) ? Infinity : positionals.length;
  const missing = positionals.filter((one) => one.required)[walked.words.length];
  const surplus = walked.words[positionals.length] ?? '';
  let refused: VaultError | undefined;
  const convertOrNote = (option: OptionDefinition, text: string): OptionValue => {
    try {
      return convert(option, text);
    } catch (error) {
      if (isVaultError(error)) refused ??= error;
      throw error;
    }
  };
  const parser = yargs(tokens)
    .locale('en')
    .help(false)
    .version(false)
    .exitProcess(false)
    .showHelpOnFail(false)
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'duplicate-arguments-array': true,
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .options(
      Object.fromEntries(known.map((option) => [option.name, declare(option, raw, convertOrNote)])),
    )
    .demandCommand(
      least,
      most,
      `${command.name} needs ${missing?.name ?? 'more'}`,
      `${command.name} takes no further word, got ${quoted(surplus)}`,
    )
    .strictOptions()
    .fail((message: string) => {
      if (refused) throw refused; // it passes on the text of an error only
      throw usageError(message.split('\n').at(-1) ?? '', `vault help ${command.name} explains it`);
    });
  const parsed = parser.parseSync();
  const values = new Map<string, OptionValue>();
  for (const { option } of walked.options) {
    const value = parsed[option.name];
    values.set(option.name, (option.list ? value : lastOf(value)) as OptionValue);
  }
  return new ParsedArguments(walked.words, values, new Set(known.map((option) => option.name)));
}

function byReference(walked: WalkedArguments): { tokens: string[]; raw: string[] } {
  const raw: string[] = [];
  const tokens: string[] = [];
  for (const { option, value } of walked.options) {
    if (typeof value === 'boolean') tokens.push(`--${option.name}=${value}`);
    else if (value === undefined) tokens.push(`--${option.name}=`);
    else tokens.push(`--${option.name}=${raw.push(value) - 1}`);
  }
  tokens.push('--', ...walked.words.map((_, index) => `word${index}`));
  return { tokens, raw };
}

function declare(
  option: OptionDefinition,
  raw: readonly string[],
  read: (option: OptionDefinition, text: string) => OptionValue,
): Options {
  if (option.type === 'flag') return { type: 'boolean' };
  const resolve = (references: unknown): OptionValue => {
    const reference: unknown = lastOf(references);
    if (reference === undefined || reference === '') return undefined;
    return read(option, raw[Number(reference)] ?? '');
  };
  const demand = option.required
    ? { demandOption: `--${option.name} ${option.value ?? ''} is required` }
    : {};
  if (!option.list) return { type: 'string', requiresArg: false, coerce: resolve, ...demand };
  const readAll = (references: unknown): unknown =>
    Array.isArray(references) ? references.map(resolve) : undefined;
  return { type: 'array', string: true, coerce: readAll, ...demand };
}

/** An option given several times comes as a list. */
function lastOf(value: unknown): unknown {
  return Array.isArray(value) ? (value.at(-1) as unknown) : value;
}

function convert(option: OptionDefinition, text: string): OptionValue {
  const subject = `--${option.name}`;
  if (option.choices) return parseChoice(text, option.choices, subject);
  switch (option.type) {
    case 'duration':
      return parseDuration(text, subject);
    case 'count':
      return parseCount(text, subject);
    case 'size':
      return parseSize(text, subject);
    case 'text':
    case 'optional-text':
      if (text === '') throw usageError(`${subject} needs a value, got ""`);
      return text;
    case 'flag':
      throw new TypeError('expected an option with a value, got a flag');
  }
}
