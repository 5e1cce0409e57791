/** One changed file as `git diff` would print it, for `git apply` and `patch`. Pure. */

import { asBuffer } from '../bytes.ts';
import { pathFromBytes, pathToBytes } from '../path-bytes.ts';
import { lineHunks } from './line-diff.ts';

/** A file or symlink on one side. */
export interface PatchSide {
  readonly path: string;
  readonly kind: 'file' | 'symlink';
  readonly executable: boolean;
  /** Content of a file, target of a symlink; undefined where it is too large to be compared. */
  readonly content: Uint8Array | undefined;
}

/** Git looks as far for a NUL. */
const LOOKED_AT = 8_000;

/** Whether git would take these bytes for anything but text. */
export function isBinary(content: Uint8Array): boolean {
  return content.subarray(0, LOOKED_AT).includes(0);
}

/**
 * The patch, in the text form of `path-bytes.ts`: its bytes are the patch whatever encoding the files
 * have. `similarity`: what is renamed; 100 where the content stayed. Contents that are no text, or too
 * large, are only said to differ.
 */
export function filePatch(before: PatchSide | undefined, after: PatchSide | undefined): string {
  if (before !== undefined && after !== undefined && before.kind !== after.kind) {
    // As git does: one file goes, another comes.
    return filePatch(before, undefined) + filePatch(undefined, after);
  }
  const from = before ?? after;
  const to = after ?? before;
  if (from === undefined || to === undefined) throw new TypeError('expected a file on some side');
  const header = [
    `diff --git ${quoted(`a/${from.path}`)} ${quoted(`b/${to.path}`)}`,
    ...modeLines(before, after),
    ...(from.path === to.path
      ? []
      : [`rename from ${quoted(from.path)}`, `rename to ${quoted(to.path)}`]),
  ];
  return `${header.join('\n')}\n${pathFromBytes(Buffer.from(contentPart(before, after), 'latin1'))}`;
}

function modeLines(before: PatchSide | undefined, after: PatchSide | undefined): string[] {
  if (before === undefined) return after === undefined ? [] : [`new file mode ${modeOf(after)}`];
  if (after === undefined) return [`deleted file mode ${modeOf(before)}`];
  if (modeOf(before) === modeOf(after)) return [];
  return [`old mode ${modeOf(before)}`, `new mode ${modeOf(after)}`];
}

function modeOf({ kind, executable }: PatchSide): string {
  if (kind === 'symlink') return '120000';
  return executable ? '100755' : '100644';
}

/** What comes after the header, one character for each byte. */
function contentPart(before: PatchSide | undefined, after: PatchSide | undefined): string {
  const nothing = new Uint8Array(0);
  const [old, now] = [before ? before.content : nothing, after ? after.content : nothing];
  const names: [string, string] = [
    before ? quoted(`a/${before.path}`) : '/dev/null',
    after ? quoted(`b/${after.path}`) : '/dev/null',
  ];
  const isText = old !== undefined && now !== undefined && !isBinary(old) && !isBinary(now);
  if (!isText) {
    const isSame = old !== undefined && now !== undefined && asBuffer(old).equals(asBuffer(now));
    return isSame ? '' : `Binary files ${names[0]} and ${names[1]} differ\n`;
  }
  const hunks = lineHunks(asBuffer(old).toString('latin1'), asBuffer(now).toString('latin1'));
  if (hunks === '') return '';
  return `--- ${ended(names[0])}\n+++ ${ended(names[1])}\n${hunks}`;
}

/** A name with a space would end there for `patch`, unless a tab follows it. */
function ended(name: string): string {
  return name.includes(' ') && !name.startsWith('"') ? `${name}\t` : name;
}

const escapes: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
};

/** A path as git writes it: in C quotes, with octal bytes, where it is not plain ASCII. */
function quoted(path: string): string {
  if (/^[ !#-[\]-~]*$/.test(path)) return path;
  const parts = Array.from(pathToBytes(path), (byte) => {
    const escape = escapes[byte];
    if (escape !== undefined) return escape;
    if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
    return `\\${byte.toString(8).padStart(3, '0')}`;
  });
  return `"${parts.join('')}"`;
}
