/** Versions in lines for people. */

import type { Item } from '../operations/operation.ts';
import { fieldNumber, fieldText, fieldTexts } from './item-text.ts';
import type { Output } from './output.ts';
import { textWidth } from './display-text.ts';
import { formatBytes, formatTime, shortId } from './units.ts';

/** What a version is, in the place of a size. */
const words: Readonly<Record<string, string>> = {
  deletion: 'deleted',
  directory: 'directory',
  symlink: 'symlink',
};

/**
 * One line of `log`, which is printed before the next is known: columns that only grow. A star marks
 * versions that are current.
 */
export class VersionLines {
  readonly #output: Output;
  #nodeWidth = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  line(item: Item): string {
    const { style } = this.#output;
    const isCurrent = item['current'] === true;
    const id = shortId(fieldText(item, 'version'));
    const node = this.#output.name(fieldText(item, 'node'));
    this.#nodeWidth = Math.max(this.#nodeWidth, textWidth(node));
    return [
      isCurrent ? style('green', '*') : ' ',
      style(isCurrent ? 'bold' : 'dim', id),
      formatTime(fieldText(item, 'time')),
      this.#what(item),
      node + ' '.repeat(this.#nodeWidth - textWidth(node)),
      this.#path(item),
    ].join('  ');
  }

  #what(item: Item): string {
    const kind = fieldText(item, 'kind');
    const size = item['size'] === null ? '-' : formatBytes(fieldNumber(item, 'size'));
    const text = (words[kind] ?? size).padStart(9);
    return kind === 'deletion' ? this.#output.style('red', text) : text;
  }

  #path(item: Item): string {
    const parts = [this.#output.name(fieldText(item, 'path'))];
    const from = fieldTexts(item, 'from').map((path) => this.#output.name(path));
    if (from.length > 0) parts.push(this.#output.style('cyan', `(from ${from.join(', ')})`));
    if (item['available'] === false) parts.push(this.#output.style('yellow', '(not here)'));
    return parts.join(' ');
  }
}

/** A version, field by field. */
export function versionLines(item: Item, output: Output): string[] {
  const rows: [string, string][] = [
    ['version', output.style('bold', fieldText(item, 'version'))],
    ['path', output.name(fieldText(item, 'path'))],
    ['kind', fieldText(item, 'kind')],
    ['time', formatTime(fieldText(item, 'time'))],
    ['node', output.name(fieldText(item, 'node'))],
  ];
  if (typeof item['size'] === 'number') rows.push(['size', formatBytes(item['size'])]);
  const modified = fieldText(item, 'modified');
  if (modified !== '') rows.push(['modified', formatTime(modified)]);
  if (item['executable'] === true) rows.push(['executable', 'yes']);
  if (item['unstable'] === true) rows.push(['unstable', 'it changed while it was read']);
  const target = fieldText(item, 'target');
  if (target !== '') rows.push(['target', output.name(target)]);
  for (const path of fieldTexts(item, 'from')) rows.push(['from', output.name(path)]);
  for (const id of fieldTexts(item, 'parents')) rows.push(['after', shortId(id)]);
  for (const id of fieldTexts(item, 'supersededBy')) rows.push(['before', shortId(id)]);
  rows.push(['state', stateOf(item)]);
  for (const id of fieldTexts(item, 'snapshots')) rows.push(['snapshot', shortId(id)]);
  return rows.map(([label, text]) => `${label.padEnd(10)}  ${text}`);
}

function stateOf(item: Item): string {
  const place = item['current'] === true ? 'current' : 'superseded';
  return item['available'] === false ? `${place}, its content is not here` : place;
}

/** A snapshot, field by field. */
export function snapshotLines(item: Item, output: Output): string[] {
  const rows: [string, string][] = [
    ['snapshot', output.style('bold', fieldText(item, 'snapshot'))],
    ['folder', output.name(fieldText(item, 'name'))],
    ['time', formatTime(fieldText(item, 'time'))],
    ['node', output.name(fieldText(item, 'node'))],
  ];
  const message = fieldText(item, 'message');
  if (message !== '') rows.push(['message', output.name(message)]);
  for (const tag of fieldTexts(item, 'tags')) rows.push(['tag', output.name(tag)]);
  if (item['pinned'] === true) rows.push(['pinned', 'no retention rule drops it']);
  return rows.map(([label, text]) => `${label.padEnd(10)}  ${text}`);
}
