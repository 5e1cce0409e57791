import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { lineHunks } from '../../src/operations/line-diff.ts';
import { skipUnless } from '../helpers/requires.ts';
import { runSeed } from '../helpers/seeded.ts';
import { tempDir } from '../helpers/temp-dir.ts';

describe('hunks of a unified diff', () => {
  test('tell lines that came and went, with three around them', () => {
    const lines = Array.from({ length: 20 }, (_, at) => `${at}\n`);
    const after = lines.with(9, 'nine\n');
    assert.equal(
      lineHunks(lines.join(''), after.join('')),
      '@@ -7,7 +7,7 @@\n 6\n 7\n 8\n-9\n+nine\n 10\n 11\n 12\n',
    );
    assert.equal(lineHunks('same\n', 'same\n'), '');
  });

  test('a side without lines begins before its first', () => {
    assert.equal(lineHunks('', 'a\nb\n'), '@@ -0,0 +1,2 @@\n+a\n+b\n');
    assert.equal(lineHunks('a\n', ''), '@@ -1,1 +0,0 @@\n-a\n');
  });

  test('say where a last line is not ended', () => {
    assert.equal(lineHunks('a', 'b\n'), '@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+b\n');
    assert.equal(
      lineHunks('a\r\nb', 'a\nb'),
      '@@ -1,2 +1,2 @@\n-a\r\n+a\n b\n\\ No newline at end of file\n',
    );
  });

  test('contents that have nothing in common are replaced as a whole', () => {
    const text = (word: string): string =>
      Array.from({ length: 3_000 }, (_, at) => `${word} ${at}\n`).join('');
    const hunks = lineHunks(text('old'), `${text('new')}end`);
    assert.match(hunks, /^@@ -1,3000 \+1,3001 @@\n-old 0\n/);
    assert.match(hunks, /\n\+end\n\\ No newline at end of file\n$/);
  });

  test('are what patch turns one text into the other with', (t) => {
    if (!skipUnless(t, { programs: ['patch'] })) return;
    const directory = tempDir(t);
    const [file, patch] = [join(directory, 'file'), join(directory, 'patch')];
    const line = fc.constantFrom('', 'a', 'b', 'c\r', '\u00e9', '+', '-- x', ' ');
    const text = fc
      .tuple(fc.array(line, { maxLength: 30 }), fc.boolean())
      .map(([lines, isEnded]) => lines.map((one) => `${one}\n`).join('') + (isEnded ? '' : 'end'));
    fc.assert(
      fc.property(text, text, (before, after) => {
        fc.pre(before !== after);
        writeFileSync(file, before, 'latin1');
        const hunks = lineHunks(before, after);
        writeFileSync(patch, `--- a/file\n+++ b/file\n${hunks}`, 'latin1');
        execFileSync('patch', ['--binary', '-s', '-p1', '-i', patch], { cwd: directory });
        assert.equal(readFileSync(file, 'latin1'), after);
        writeFileSync(file, '');
      }),
      { numRuns: 60, seed: runSeed() },
    );
  });
});
