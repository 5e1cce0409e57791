/** What a folder leaves out, as `folder add` and `folder set` are told it. */

import { VaultError } from '../errors.ts';
import { noExcludes, type Excludes } from '../folder/excludes.ts';
import { isUsablePattern } from '../folder/ignore-rules.ts';
import { MAX_EXCLUDES } from '../limits.ts';
import { sizeFromText } from '../size-text.ts';
import type { FolderAddOptions } from './folder-options.ts';

/** The excludes of a new folder. Throws `VAULT_USAGE`. */
export function givenExcludes(options: FolderAddOptions): Excludes {
  return checked({
    patterns: options.exclude ?? [],
    caches: options.excludeCaches === true,
    ifPresent: options.excludeIfPresent ?? [],
    largerThan: options.excludeLargerThan,
    oneFileSystem: options.oneFileSystem === true,
  });
}

/** Names of the settings that {@link changedExcludes} takes. */
export const excludeSettings = [
  'exclude',
  'exclude-caches',
  'exclude-if-present',
  'exclude-larger-than',
  'one-file-system',
] as const;

/**
 * The excludes after one setting was typed; undefined where it is none of theirs. A list is replaced by
 * the values that follow each other in one command, `key+=value` adds one, `key-=value` takes one away;
 * an empty value stands for none. `isFirst`: no value for this key came before. Throws `VAULT_USAGE`.
 */
export function changedExcludes(
  before: Excludes,
  key: string,
  value: string,
  isFirst: boolean,
): Excludes | undefined {
  const sign = /[+-]$/.exec(key)?.[0] ?? '';
  const change = (list: readonly string[]): readonly string[] => {
    if (sign === '-') return without(list, key.slice(0, -1), value);
    const kept = sign === '+' || !isFirst ? list : [];
    return value === '' ? kept : [...kept, value];
  };
  switch (sign === '' ? key : key.slice(0, -1)) {
    case 'exclude':
      return checked({ ...before, patterns: change(before.patterns) });
    case 'exclude-if-present':
      return checked({ ...before, ifPresent: change(before.ifPresent) });
    default:
  }
  switch (key) {
    case 'exclude-caches':
      return { ...before, caches: truth(key, value) };
    case 'one-file-system':
      return { ...before, oneFileSystem: truth(key, value) };
    case 'exclude-larger-than':
      return { ...before, largerThan: value === '' ? noExcludes.largerThan : size(key, value) };
    default:
      return undefined;
  }
}

/** `true` or `false`. Throws `VAULT_USAGE`. */
export function truth(key: string, value: string): boolean {
  if (value === 'true' || value === 'false') return value === 'true';
  throw noValue(key, value, 'expected true or false');
}

function size(key: string, value: string): number {
  const bytes = sizeFromText(value);
  if (bytes === undefined) throw noValue(key, value, 'expected a size such as 500k, 10M or 1G');
  return bytes;
}

function without(list: readonly string[], key: string, value: string): readonly string[] {
  if (!list.includes(value)) throw noValue(key, value, 'only what is there can be taken away');
  return list.filter((one) => one !== value);
}

function checked(excludes: Excludes): Excludes {
  const { patterns, ifPresent, largerThan } = excludes;
  for (const pattern of patterns) {
    if (!isUsablePattern(pattern)) {
      throw noValue('exclude', pattern, 'expected a gitignore pattern that can match something');
    }
  }
  for (const name of ifPresent) {
    if (name === '' || /^\.\.?$|[/\0]/.test(name) || !name.isWellFormed()) {
      throw noValue('exclude-if-present', name, 'expected the name of a file or directory');
    }
  }
  if (largerThan !== undefined && !(Number.isSafeInteger(largerThan) && largerThan >= 0)) {
    throw noValue('exclude-larger-than', String(largerThan), 'expected a number of bytes');
  }
  if (Math.max(patterns.length, ifPresent.length) > MAX_EXCLUDES) {
    throw new VaultError('VAULT_LIMIT_EXCEEDED', `a folder takes ${MAX_EXCLUDES} excludes at most`);
  }
  return excludes;
}

function noValue(key: string, value: string, hint: string): VaultError {
  const message = `${JSON.stringify(value)} is no value for ${key}`;
  return new VaultError('VAULT_USAGE', message, { hint });
}
