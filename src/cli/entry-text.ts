/** Names of a folder in lines for people. */

import type { Item } from '../operations/operation.ts';
import { fieldNumber, fieldText } from './item-text.ts';
import type { Output } from './output.ts';
import { formatBytes, formatTime, shortId } from './units.ts';

/** One line of `ls` and `find`. */
export function entryLine(item: Item, output: Output, isLong: boolean): string {
  return isLong ? longLine(item, output) : shortLine(item, output);
}

function shortLine(item: Item, output: Output): string {
  const path = output.name(fieldText(item, 'path'));
  const isDirectory = fieldText(item, 'kind') === 'directory';
  if (item['deleted'] === true)
    return `${path}${isDirectory ? '/' : ''}  ${goneText(item, output)}`;
  return isDirectory ? `${output.style('cyan', path)}/` : path;
}

function longLine(item: Item, output: Output): string {
  const kind = fieldText(item, 'kind');
  const letter = kind === 'directory' ? 'd' : kind === 'symlink' ? 'l' : '-';
  const mark = item['executable'] === true ? 'x' : '-';
  const size = kind === 'file' ? formatBytes(fieldNumber(item, 'size')) : '-';
  const time = formatTime(fieldText(item, 'modified')) || '-';
  const target = fieldText(item, 'target');
  const arrow = target === '' ? '' : ` -> ${output.name(target)}`;
  return `${letter}${mark}  ${size.padStart(9)}  ${time.padEnd(19)}  ${shortLine(item, output)}${arrow}`;
}

/** What became of a name that is gone. */
function goneText(item: Item, output: Output): string {
  const moved = fieldText(item, 'movedTo');
  const when = formatTime(fieldText(item, 'deletedAt'));
  const what = moved === '' ? 'deleted' : `moved to ${output.name(moved)}`;
  const text = [what, when, `version ${shortId(fieldText(item, 'version'))}`].filter(Boolean);
  return output.style('red', `(${text.join(', ')})`);
}
