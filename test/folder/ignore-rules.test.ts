import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/bytes.ts';
import { IgnoreMatcher, rulesWith, type IgnoreRules } from '../../src/folder/ignore-rules.ts';
import { pathFromBytes } from '../../src/path-bytes.ts';
import type { FileKind } from '../../src/system/file-system.ts';

const given = (...patterns: string[]): IgnoreRules => ({ given: patterns, files: [] });
const matcher = new IgnoreMatcher();

/** Whether names in the directory are left out. */
function outIn(
  rules: IgnoreRules,
  directory: string,
  by = matcher,
): (name: string, kind: FileKind) => boolean {
  const ignores = by.in(rules, directory);
  return (name, kind) => ignores(name, kind) !== undefined;
}

test('patterns are gitignore rules from the root of the folder', () => {
  const rules = given('*.log', '/build/', 'cache/', '!keep.log');
  assert.equal(outIn(rules, 'a/b')('x.log', 'file'), true);
  assert.equal(outIn(rules, 'a')('keep.log', 'file'), false);
  assert.equal(outIn(rules, '')('build', 'directory'), true);
  assert.equal(outIn(rules, '')('build', 'file'), false);
  assert.equal(outIn(rules, '')('build', 'symlink'), false);
  assert.equal(outIn(rules, 'a')('build', 'directory'), false);
  assert.equal(outIn(rules, 'a')('cache', 'directory'), true);
  assert.equal(outIn(rules, '')('A.LOG', 'file'), false);
});

test('without patterns nothing is left out', () => {
  assert.equal(outIn(given(), '')('x.log', 'file'), false);
});

test('the nearest file decides, and patterns given before any file', () => {
  const root = rulesWith(given('*.key', '!a.key'), '', utf8('*.txt\n!b.key\n/c\n'));
  const below = rulesWith(root, 'd', utf8('!keep.txt\na.key\n/c\n'));
  const isOut = outIn(below, 'd');
  assert.deepEqual(
    ['x.txt', 'keep.txt', 'a.key', 'b.key', 'c'].map((name) => isOut(name, 'file')),
    [true, false, false, true, true],
  );
  assert.equal(outIn(root, 'd')('keep.txt', 'file'), true);
  assert.equal(outIn(root, 'd')('c', 'file'), false);
  assert.equal(outIn(root, 'd/e')('c', 'file'), false);
});

test('given patterns stand as they are: no comments, no spaces cut', () => {
  const isOut = outIn(given('#a', 'b '), '');
  assert.deepEqual(
    ['#a', 'b', 'b '].map((name) => isOut(name, 'file')),
    [true, false, true],
  );
});

test('names are bytes: a question mark is one of them, and no text is needed', () => {
  const isOut = outIn(given('?', '\u00e4[\\a-z]'), '');
  assert.equal(isOut('\u00e4', 'file'), false);
  assert.equal(isOut('\u00e4q', 'file'), true);
  assert.equal(isOut(pathFromBytes(Buffer.from([0xff])), 'file'), true);
  const rules = rulesWith(given(), '', Buffer.from([0x62, 0xff, 0x0a]));
  assert.equal(outIn(rules, '')(pathFromBytes(Buffer.from([0x62, 0xff])), 'file'), true);
});

test('a rule set that was copied to another thread answers alike', () => {
  const rules = rulesWith(given('*.o'), 'd', utf8('/x'));
  const copy = structuredClone(rules);
  for (const one of [rules, copy, rules]) {
    assert.equal(outIn(one, 'd')('x', 'file'), true);
    assert.equal(outIn(one, 'd')('y.o', 'file'), true);
    assert.equal(outIn(one, 'd')('y', 'file'), false);
  }
});

test('more files than are kept compiled are compiled again', () => {
  const one = new IgnoreMatcher();
  for (let round = 0; round < 2; round++) {
    for (let at = 0; at < 200; at++) {
      const isOut = outIn(rulesWith(given(), '', utf8(`f${at}`)), '', one);
      assert.deepEqual([isOut(`f${at}`, 'file'), isOut('f', 'file')], [true, false]);
    }
  }
});

test('a pattern made to be slow is not', () => {
  const isOut = outIn(given(`${'*a'.repeat(100)}b`, `${'**/a/'.repeat(60)}b`), 'a/'.repeat(200));
  assert.equal(isOut('a'.repeat(250), 'file'), false);
});

test('it is told which pattern left a name out, of which line of which file', () => {
  const root = rulesWith(given('*.key'), '', utf8('# all\n\n*.t\u00e9\r\n'));
  const rules = rulesWith(root, 'd', utf8('!x\nx y  \n'));
  const ignores = matcher.in(rules, 'd');
  assert.deepEqual(ignores('a.key', 'file'), { pattern: '*.key', file: undefined });
  assert.deepEqual(ignores('a.t\u00e9', 'file'), {
    pattern: '*.t\u00e9',
    file: { directory: '', line: 3 },
  });
  assert.deepEqual(ignores('x y', 'file'), { pattern: 'x y', file: { directory: 'd', line: 2 } });
  assert.equal(ignores('x', 'file'), undefined);
});
