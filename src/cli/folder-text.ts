/** A folder and its settings in lines for people. */

import type { Item } from '../operations/operation.ts';
import { fieldNumber, fieldText, fieldTexts } from './item-text.ts';
import type { Output } from './output.ts';
import { count, formatBytes, formatTime } from './units.ts';

/** What is open in a folder, in a few words: `3 changes to snapshot, 1 conflict`, or `in order`. */
export function folderState(item: Item): string {
  const parts: string[] = [];
  if (item['locked'] === true) parts.push('locked');
  const pending = fieldNumber(item, 'pending');
  if (pending > 0) parts.push(`${count(pending, 'change')} to snapshot`);
  const conflicts = fieldNumber(item, 'conflicts');
  if (conflicts > 0) parts.push(count(conflicts, 'conflict'));
  const behind = fieldNumber(item, 'behind');
  if (behind > 0) parts.push(`${behind.toLocaleString('en-US')} behind`);
  if (item['paused'] === true) parts.push('paused');
  const problems = fieldTexts(item, 'problems').length;
  if (problems > 0) parts.push(count(problems, 'problem'));
  return parts.length === 0 ? 'in order' : parts.join(', ');
}

/** One line for each problem of a folder. */
export function problemLines(item: Item, output: Output): string[] {
  return fieldTexts(item, 'problems').map(
    (problem) => `    ${output.style('yellow', 'problem:')} ${output.name(problem)}`,
  );
}

/** The folder, field by field. */
export function folderLines(item: Item, output: Output): string[] {
  const path = fieldText(item, 'path');
  const created = fieldText(item, 'created');
  return [
    `name    ${output.name(fieldText(item, 'name'))}`,
    `id      ${fieldText(item, 'folder')}`,
    `path    ${path === '' ? withoutCopy(item, output) : output.name(path)}`,
    `state   ${folderState(item)}`,
    ...problemLines(item, output),
    ...(created === '' ? [] : [`since   ${formatTime(created)}`]),
    ...(item['history'] === 'current' ? ['keeps   current contents only'] : []),
    ...excludeLines(item, output),
  ];
}

/** What the settings of a folder leave out, a line for each. */
function excludeLines(item: Item, output: Output): string[] {
  const lines = fieldTexts(item, 'excludes').map((pattern) => output.name(pattern));
  if (item['excludeCaches'] === true) lines.push('caches: what lies beside a CACHEDIR.TAG');
  for (const name of fieldTexts(item, 'excludeIfPresent')) {
    lines.push(`what lies beside ${output.name(name)}`);
  }
  if (typeof item['excludeLargerThan'] === 'number') {
    lines.push(`files larger than ${formatBytes(fieldNumber(item, 'excludeLargerThan'))}`);
  }
  if (item['oneFileSystem'] === true) lines.push('other file systems');
  return lines.map((line) => `without ${line}`);
}

/** `key = value`, with a mark where it is the default. */
export function settingLine(item: Item, output: Output): string {
  const mark =
    fieldText(item, 'origin') === 'default' ? ` ${output.style('dim', '(default)')}` : '';
  return `${fieldText(item, 'key')} = ${output.name(fieldText(item, 'value'))}${mark}`;
}

function withoutCopy(item: Item, output: Output): string {
  const lockedAt = fieldText(item, 'lockedAt');
  return lockedAt === '' ? '- (no working copy)' : `- (was ${output.name(lockedAt)})`;
}
