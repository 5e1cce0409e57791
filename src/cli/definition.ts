/**
 * What a command and its options are, defined once: parsing, help, man pages and completion are all
 * made from these definitions.
 */

import type { Invocation } from './invocation.ts';

/**
 * - `flag`: given or not.
 * - `text`: takes a value as it stands.
 * - `optional-text`: takes a value or stands alone.
 * - `duration`: `30m`, `12h`, … in milliseconds once parsed; `m` is minutes.
 * - `count`: a whole number from 0.
 * - `size`: `500k`, `10M`, … in bytes once parsed.
 */
export type OptionType = 'flag' | 'text' | 'optional-text' | 'duration' | 'count' | 'size';

export interface OptionDefinition {
  /** Without the dashes. */
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  readonly type: OptionType;
  /** The word that stands for the value in help: `DIR`. */
  readonly value?: string;
  /** May be given several times; every value counts. Of other options the last one given counts. */
  readonly list?: boolean;
  readonly required?: boolean;
  readonly choices?: readonly string[];
  /** Lower case, no full stop. */
  readonly doc: string;
  /** The environment variable that does the same; the option beats it. */
  readonly variable?: string;
}

export interface PositionalDefinition {
  /** Upper case: `PATH`. */
  readonly name: string;
  readonly required?: boolean;
  /** Any number of them; only the last positional can be so. */
  readonly list?: boolean;
  readonly choices?: readonly string[];
  readonly doc: string;
}

/** Headings of the help, in its order. */
export const commandGroups = [
  'Start',
  'Folders',
  'History',
  'Keeping and dropping',
  'Other nodes',
  'Further',
] as const;

export type CommandGroup = (typeof commandGroups)[number];

/** What a command hands back; the program prints the summary and chooses the exit code. */
export interface CommandResult {
  /** Fields of the JSON summary line, without `type`. */
  readonly summary: Readonly<Record<string, unknown>>;
  /** Exit codes that hold besides 0; the gravest is taken. */
  readonly exits?: readonly number[];
  /** The signal that ended a program run in our place. */
  readonly endedBy?: NodeJS.Signals;
}

export interface CommandDefinition {
  /** One or two words: `snapshot`, `folder add`. */
  readonly name: string;
  readonly group: CommandGroup;
  /** One line, lower case, no full stop. */
  readonly summary: string;
  /** Further paragraphs of the help. */
  readonly details?: readonly string[];
  readonly positionals: readonly PositionalDefinition[];
  /** Besides the global ones. */
  readonly options: readonly OptionDefinition[];
  /** False where the output is content, which `--json` cannot carry. */
  readonly json?: boolean;
  /** True where it keeps all processors busy: threads start while the home is being opened. */
  readonly heavy?: boolean;
  /** True where nothing but output comes of it: a closed pipe ends it. */
  readonly onlyPrints?: boolean;
  /** True where SIGHUP from anything but a terminal asks it to look again at what it reads, and does not end it. */
  readonly reloads?: boolean;
  run(invocation: Invocation): Promise<CommandResult>;
}

/** Whether the option is followed by a value. */
export function takesValue(option: OptionDefinition): boolean {
  return option.type !== 'flag';
}
