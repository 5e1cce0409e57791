import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { directoryOf, join, lastName } from '../src/folder-path.ts';

test('a path lies in the directory before its last slash', () => {
  assert.equal(directoryOf('a'), '');
  assert.equal(directoryOf('a/b/c'), 'a/b');
  assert.equal(lastName('a'), 'a');
  assert.equal(lastName('a/b/c'), 'c');
});

test('directory and name of any path join to the path', () => {
  const name = fc.string({ minLength: 1 }).map((text) => text.replaceAll('/', '-'));
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (names) => {
      const path = names.join('/');
      assert.equal(join(directoryOf(path), lastName(path)), path);
      assert.equal(names.reduce(join, ''), path);
    }),
  );
});
