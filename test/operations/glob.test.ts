import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isVaultError } from '../../src/errors.ts';
import { globMatcher, nameMatcher } from '../../src/operations/glob.ts';

/** What each pattern matches and what it does not. */
const table: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['*.txt', ['a.txt', 'd/a.txt', '.txt', 'd.txt/inside'], ['a.txt2', 'txt', 'a.TXT']],
  ['/*.txt', ['a.txt'], ['d/a.txt']],
  ['src', ['src', 'src/a', 'lib/src', 'lib/src/a/b'], ['srcs', 'a-src', 'src.c']],
  ['src/', ['src', 'src/a', 'lib/src/a'], ['srcs']],
  ['src/*.c', ['src/a.c', 'src/a.c/below'], ['lib/src/a.c', 'src/d/a.c']],
  ['a/**/b', ['a/b', 'a/x/b', 'a/x/y/b/z'], ['b', 'ab', 'x/a/b']],
  ['**/b', ['b', 'a/b', 'a/x/b/c'], ['ab', 'a/bb']],
  ['a/**', ['a/x', 'a/x/y'], ['b/x', 'aa/x']],
  ['**', ['a', 'a/b'], []],
  ['?', ['a', 'd/b', '😀', 'd/😀'], ['ab', '']],
  ['[a-c]x', ['ax', 'd/cx'], ['dx', 'x', 'a-x']],
  ['[!a-c]x', ['dx', '😀x'], ['ax', 'x', 'd/x']],
  ['[^a]x', ['bx'], ['ax']],
  ['a[!b]c', ['axc', 'a-c'], ['a/c', 'abc', 'ac']],
  ['a[+-9]c', ['a.c', 'a5c'], ['a/c']],
  ['[]]', [']'], ['[', '[]']],
  ['[!]]', ['['], [']']],
  ['[\\d]', ['\\', 'd'], ['1']],
  ['[^^]', ['a'], ['^']],
  ['[', ['[', 'd/['], ['a']],
  ['[a', ['[a'], ['a']],
  ['[]', ['[]'], ['', '[', ']']],
  ['a.b', ['a.b'], ['axb']],
  ['(a|b)+{2}^$\\', ['(a|b)+{2}^$\\'], ['a', 'aa']],
  ['línea\n', ['línea\n', 'línea\n/x'], ['línea']],
];

describe('globMatcher', () => {
  for (const [pattern, matching, others] of table) {
    test(`${JSON.stringify(pattern)} matches what it says and nothing else`, () => {
      const matches = globMatcher(pattern);
      for (const path of matching) assert.ok(matches(path), `${path} does not match`);
      for (const path of others) assert.ok(!matches(path), `${path} matches`);
    });
  }

  for (const pattern of ['[z-a]', 'a/[9-0].txt', '[!z-a]', '', '/', '//']) {
    test(`${JSON.stringify(pattern)} is wrong usage, and the message holds it`, () => {
      assert.throws(
        () => globMatcher(pattern),
        (error) =>
          isVaultError(error, 'VAULT_USAGE') && error.message.includes(JSON.stringify(pattern)),
      );
    });
  }

  test('a name without special characters matches itself and no other name', () => {
    const name = fc
      .string({ minLength: 1, maxLength: 8, unit: 'grapheme' })
      .filter((text) => !/[/*?[]/.test(text));
    fc.assert(
      fc.property(name, name, (one, other) => {
        assert.equal(globMatcher(one)(other), one === other);
        assert.ok(globMatcher(one)(`some/where/${one}/below`));
      }),
    );
  });

  test('any text is a pattern or wrong usage', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('[', ']', '!', '^', '-', 'a', 'z', '*', '/', '\\', '?'),
        }),
        (pattern) => {
          try {
            assert.equal(typeof globMatcher(pattern)('a/z'), 'boolean');
          } catch (error) {
            assert.ok(isVaultError(error, 'VAULT_USAGE'), String(error));
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('a name alone leaves out what is below it, and case where asked', () => {
    const exact = nameMatcher('src', false);
    assert.deepEqual(['src', 'lib/src', 'src/a', 'SRC'].map(exact), [true, true, false, false]);
    const loose = nameMatcher('D/*.Txt', true);
    assert.deepEqual(['d/a.txt', 'D/A.TXT', 'd/a.txt/b'].map(loose), [true, true, false]);
  });
});
