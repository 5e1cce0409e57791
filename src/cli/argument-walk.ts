/**
 * Arguments as options and words, as git and getopt read them: `--name value`, `--name=value`,
 * `-n value`, `-nvalue`, `-qv`, and `--` before words that begin with a dash.
 */

import { takesValue, type OptionDefinition } from './definition.ts';
import { nearest } from './nearest.ts';
import { quoted, usageError } from './usage-error.ts';
import { parseBoolean } from './values.ts';

export interface GivenOption {
  readonly option: OptionDefinition;
  /** Undefined where an optional value was not given. */
  readonly value: string | boolean | undefined;
}

export interface WalkedArguments {
  readonly options: readonly GivenOption[];
  readonly words: readonly string[];
  /** What follows the first word, untouched, where the walk was to stop there. */
  readonly rest: readonly string[];
}

/**
 * Reads `args` by the options there are. With `stopAtWord` it ends at the first word. Throws
 * `VAULT_USAGE` for an unknown option, a missing value, or a value a flag cannot have.
 */
export function walkArguments(
  args: readonly string[],
  known: readonly OptionDefinition[],
  stopAtWord = false,
): WalkedArguments {
  const options: GivenOption[] = [];
  const words: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? '';
    const isEnd = arg === '--';
    if (isEnd && !stopAtWord) {
      words.push(...args.slice(at + 1));
      break;
    }
    if (isEnd || arg === '-' || !arg.startsWith('-')) {
      const from = isEnd ? at + 1 : at;
      if (!stopAtWord) words.push(arg);
      else return { options, words: args.slice(from, from + 1), rest: args.slice(from + 1) };
    } else if (arg.startsWith('--')) {
      at += readLong(arg, args[at + 1], known, options);
    } else {
      at += readShort(arg, args[at + 1], known, options);
    }
  }
  return { options, words, rest: [] };
}

/** Reads `--name…`; 1 where the next argument was its value. */
function readLong(
  arg: string,
  next: string | undefined,
  known: readonly OptionDefinition[],
  into: GivenOption[],
): number {
  const equals = arg.indexOf('=');
  const spelling = equals < 0 ? arg : arg.slice(0, equals);
  const option = known.find((one) => `--${one.name}` === spelling);
  if (!option) throw unknownOption(spelling, known);
  return take(option, spelling, equals < 0 ? undefined : arg.slice(equals + 1), next, into);
}

/** Reads `-abc`: flags, the last of which may take the rest or the next argument as its value. */
function readShort(
  arg: string,
  next: string | undefined,
  known: readonly OptionDefinition[],
  into: GivenOption[],
): number {
  const letters = Array.from(arg.slice(1));
  for (const [index, letter] of letters.entries()) {
    const option = known.find((one) => one.short === letter);
    if (!option) throw unknownOption(letters.length === 1 ? arg : `-${letter} in ${arg}`, known);
    const rest = letters.slice(index + 1).join('');
    if (takesValue(option) || rest.startsWith('=')) {
      const joined = rest === '' ? undefined : rest.replace(/^=/, '');
      return take(option, `-${letter}`, joined, next, into);
    }
    into.push({ option, value: true });
  }
  return 0;
}

function take(
  option: OptionDefinition,
  spelling: string,
  joined: string | undefined,
  next: string | undefined,
  into: GivenOption[],
): number {
  if (option.type === 'flag') {
    into.push({ option, value: joined === undefined ? true : parseBoolean(joined, spelling) });
    return 0;
  }
  if (joined !== undefined) {
    into.push({ option, value: joined });
    return 0;
  }
  if (option.type === 'optional-text') {
    const isValue = next !== undefined && !next.startsWith('-');
    into.push({ option, value: isValue ? next : undefined });
    return isValue ? 1 : 0;
  }
  if (next === undefined) throw usageError(`${spelling} needs a value: ${option.value ?? ''}`);
  into.push({ option, value: next });
  return 1;
}

function unknownOption(
  spelling: string,
  known: readonly OptionDefinition[],
): ReturnType<typeof usageError> {
  const near = spelling.startsWith('--')
    ? nearest(
        spelling.slice(2),
        known.map((one) => one.name),
      )
    : undefined;
  return usageError(
    `unknown option ${quoted(spelling)}`,
    near === undefined ? undefined : `did you mean --${near}?`,
  );
}
