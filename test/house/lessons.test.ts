import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { projectPath } from '../helpers/project.ts';
import { tableOf, textOf } from './source-files.ts';

const FIRST = 1;
const LAST = 84;
const rows = tableOf('docs/lessons.md', 'no.');

/** What a cell names as holding a lesson: a file, and the title of a test in it. */
function namedIn(cell: string): { readonly file: string; readonly title: string }[] {
  return cell
    .split('<br>')
    .filter((part) => part !== '')
    .map((part) => {
      const [, file = '', title = ''] = /^`([^`]+)`(?:: (.+))?$/.exec(part) ?? [];
      assert.notEqual(file, '', `${part} names no file`);
      return { file, title };
    });
}

describe('docs/lessons.md', () => {
  test('has each lesson once, in order', () => {
    const numbers = Array.from({ length: LAST - FIRST + 1 }, (_, at) => String(FIRST + at));
    assert.deepEqual(
      rows.map(([number]) => number),
      numbers,
    );
  });

  test('says of each by what it is held, or why it is not', () => {
    for (const [number, , held = '', why = ''] of rows) {
      assert.ok(held !== '' || /^Not( yet)?: /.test(why), `lesson ${number}`);
    }
  });

  test('names tests that are there, by their titles', () => {
    const missing: string[] = [];
    for (const [number, , held = ''] of rows) {
      for (const { file, title } of namedIn(held)) {
        if (!existsSync(projectPath(file))) missing.push(`${number}: ${file}`);
        else if (!textOf(file).includes(title)) missing.push(`${number}: ${file}: ${title}`);
      }
    }
    assert.deepEqual(missing, []);
  });
});
