/** Text from outside, made safe to print: names can hold anything but `/` and NUL. */

import { isTextPath, pathToBytes } from '../path-bytes.ts';

/** Control characters (C0, DEL, C1), separators of lines, marks that reorder text, and lone surrogates. */
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/gu;

/** The text with everything a terminal would act on written out: `\x1b`, `\u202e`; a byte that is not UTF-8 as `\xff`. */
export function visibleText(text: string): string {
  return text.replace(unsafe, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** The bytes to write for a text: where a path is not UTF-8, its own bytes. */
export function printedBytes(text: string): Uint8Array {
  if (isTextPath(text)) return Buffer.from(text, 'utf8');
  try {
    return pathToBytes(text);
  } catch {
    return Buffer.from(text.toWellFormed(), 'utf8'); // surrogates that no path byte stands for
  }
}

const wide =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\uff01-\uff60]/u;

/** Columns the text takes on a terminal, as nearly as matters for a table. */
export function textWidth(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue;
    columns += wide.test(character) ? 2 : 1;
  }
  return columns;
}
