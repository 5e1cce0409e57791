/** A program and its arguments out of one text, as a POSIX shell splits words, and nothing else of a shell. */

import { quoted, usageError } from './usage-error.ts';

/**
 * The words of `text`: split at blanks, kept together by single quotes (as they are), double quotes
 * (a backslash before `"` or `\` makes it plain) and a backslash outside quotes. No variables, no
 * substitution. Throws `VAULT_USAGE` for an open quote or no word at all.
 */
export function splitWords(text: string, subject: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  const characters = Array.from(text);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    const next = characters[at + 1];
    if (quote === undefined && /\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (quote === undefined && (character === "'" || character === '"')) {
      quote = character;
      word ??= '';
    } else if (character === quote) quote = undefined;
    else if (character === '\\' && escapes(quote, next)) {
      word = (word ?? '') + (next ?? '');
      at++;
    } else word = (word ?? '') + character;
  }
  if (quote !== undefined) throw usageError(`${subject}: a quote is left open in ${quoted(text)}`);
  if (word !== undefined) words.push(word);
  if (words.length === 0 || words[0] === '')
    throw usageError(`${subject}: no program in ${quoted(text)}`);
  return words;
}

function escapes(quote: string | undefined, next: string | undefined): boolean {
  if (next === undefined || quote === "'") return false;
  return quote === undefined || next === '"' || next === '\\';
}
