import assert from 'node:assert/strict';
import { test } from 'node:test';
import { excluder } from '../../src/folder/excludes.ts';

test('patterns are gitignore rules from the root of the folder', () => {
  const isExcluded = excluder(['*.log', '/build/', 'cache/', '!keep.log']);
  assert.equal(isExcluded('a/b/x.log', 'file'), true);
  assert.equal(isExcluded('a/keep.log', 'file'), false);
  assert.equal(isExcluded('build', 'directory'), true);
  assert.equal(isExcluded('build', 'file'), false);
  assert.equal(isExcluded('a/build', 'directory'), false);
  assert.equal(isExcluded('a/cache', 'directory'), true);
  assert.equal(isExcluded('A.LOG', 'file'), false);
});

test('without patterns nothing is left out', () => {
  assert.equal(excluder([])('x.log', 'file'), false);
});
