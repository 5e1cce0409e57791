import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { exitMeanings, exitOfError, gravest, gravity } from '../../src/cli/exit-codes.ts';
import { errorCodes } from '../../src/errors.ts';
import { projectPath } from '../helpers/project.ts';

const document = readFileSync(projectPath('docs', 'exit-codes.md'), 'utf8');

/** Rows of the two-column tables of the document whose first cell matches. */
function rows(first: RegExp): string[][] {
  return document
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .filter(([cell]) => first.test(cell ?? ''));
}

test('the document lists exactly the exit codes there are, with their meanings', () => {
  const listed = rows(/^\d+$/);
  assert.deepEqual(
    listed,
    [...exitMeanings].map(([code, meaning]) => [String(code), meaning]),
  );
});

test('the document gives the exit code of every error code', () => {
  assert.deepEqual(
    rows(/^`VAULT_/),
    errorCodes.map((code) => [`\`${code}\``, String(exitOfError[code])]),
  );
});

test('every exit code given is one that is documented, and never 13', () => {
  for (const code of [...Object.values(exitOfError), ...gravity]) {
    assert.ok(exitMeanings.has(code), String(code));
    assert.notEqual(code, 13);
  }
});

test('of several the gravest counts, in the order of the contract', () => {
  assert.deepEqual(gravity, [12, 23, 22, 21, 20, 24, 3]);
  assert.ok(document.includes(`${gravity.join(', ')}.`));
  assert.equal(gravest([]), 0);
  assert.equal(gravest([0, 0]), 0);
  assert.equal(gravest([3, 22]), 22);
  assert.equal(gravest([22, 23, 3]), 23);
  assert.equal(gravest([21, 12]), 12);
  assert.equal(gravest([24, 20]), 20);
  assert.equal(gravest([0, 10]), 10);
});
