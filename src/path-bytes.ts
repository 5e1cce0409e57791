/**
 * Paths are bytes. In memory a path is a string in which every byte that is not part of valid UTF-8
 * stands as one lone surrogate U+DC80 … U+DCFF, so that strings and byte strings map one to one.
 */

import { isUtf8 } from 'node:buffer';
import { asBuffer, type Bytes } from './bytes.ts';

/** The text form of a name or path. Any byte string is accepted. */
export function pathFromBytes(bytes: Bytes): string {
  const buffer = asBuffer(bytes);
  if (isUtf8(buffer)) return buffer.toString('utf8');
  let text = '';
  for (let at = 0; at < buffer.length;) {
    const length = validLengthAt(buffer, at);
    if (length === 0) text += String.fromCharCode(0xdc00 + (buffer[at++] ?? 0));
    else {
      text += buffer.toString('utf8', at, at + length);
      at += length;
    }
  }
  return text;
}

/** The bytes of a text form: the inverse of {@link pathFromBytes}. */
export function pathToBytes(path: string): Uint8Array {
  if (path.isWellFormed()) return new Uint8Array(Buffer.from(path, 'utf8'));
  const parts: Buffer[] = [];
  for (const character of path) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0xdc80 && code <= 0xdcff) parts.push(Buffer.from([code - 0xdc00]));
    else if (code >= 0xd800 && code <= 0xdfff) {
      throw new RangeError('expected a path in text form, got an unpaired surrogate');
    } else parts.push(Buffer.from(character, 'utf8'));
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** Whether every byte of the path is part of valid UTF-8. */
export function isTextPath(path: string): boolean {
  return path.isWellFormed();
}

/** What Node's file functions take: the string itself where it is text, else its bytes. */
export function nativePath(path: string): string | Buffer {
  return path.isWellFormed() ? path : asBuffer(pathToBytes(path));
}

function validLengthAt(buffer: Buffer, at: number): number {
  const first = buffer[at] ?? 0;
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (length === 0 || first > 0xf4 || at + length > buffer.length) return 0;
  return isUtf8(buffer.subarray(at, at + length)) ? length : 0;
}
