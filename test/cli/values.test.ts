import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isVaultError } from '../../src/errors.ts';
import {
  parseBoolean,
  parseChoice,
  parseCount,
  parseDuration,
  parseSize,
} from '../../src/cli/values.ts';

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(isVaultError(error, 'VAULT_USAGE'));
    return error.message;
  }
  throw new assert.AssertionError({ message: 'expected a refusal' });
}

test('durations are read with every unit, and several in a row', () => {
  const minute = 60_000;
  for (const [text, ms] of [
    ['0', 0],
    ['45s', 45_000],
    ['30m', 30 * minute],
    ['12h', 720 * minute],
    ['7d', 7 * 1440 * minute],
    ['4w', 28 * 1440 * minute],
    ['2y', 730 * 1440 * minute],
    ['1h30m', 90 * minute],
    ['0s', 0],
  ] as const) {
    assert.equal(parseDuration(text, '--wait-lock'), ms, text);
  }
});

test('what is no duration is refused with the offending text', () => {
  for (const text of ['', '5', '5x', '-5m', '1.5h', 'm', '5 m', '1h 30m', '５m', '1e3s', 'h1']) {
    assert.equal(
      refusal(() => parseDuration(text, '--wait-lock')),
      `--wait-lock: expected a duration, got ${JSON.stringify(text)}`,
    );
  }
  assert.match(
    refusal(() => parseDuration('999999999999y', '--wait-lock')),
    /"999999999999y" is too long/,
  );
});

test('whole numbers are read exactly, and nothing else is', () => {
  assert.equal(parseCount('0', '--sample'), 0);
  assert.equal(parseCount('9007199254740991', '--sample'), Number.MAX_SAFE_INTEGER);
  for (const text of ['', '-1', '+1', '1.0', '1e3', '0x10', ' 1', '9007199254740992', 'ten']) {
    assert.equal(
      refusal(() => parseCount(text, '--sample')),
      `--sample: expected a whole number, got ${JSON.stringify(text)}`,
    );
  }
});

test('sizes are read, and what is none is refused with the offending text', () => {
  assert.equal(parseSize('10M', '--max'), 10 * 1024 * 1024);
  assert.equal(
    refusal(() => parseSize('ten', '--max')),
    '--max: expected a size, got "ten"',
  );
});

test('yes and no are read in the usual words, and nothing else is', () => {
  for (const text of ['1', 'true', 'YES', 'On']) assert.equal(parseBoolean(text, 'X'), true);
  for (const text of ['0', 'false', 'No', 'OFF']) assert.equal(parseBoolean(text, 'X'), false);
  for (const text of ['', '2', 'maybe', 'constructor', '__proto__']) {
    assert.equal(
      refusal(() => parseBoolean(text, 'VAULT_JSON')),
      `VAULT_JSON: expected yes or no, got ${JSON.stringify(text)}`,
    );
  }
});

test('a choice is one of the words offered', () => {
  assert.equal(parseChoice('never', ['never', 'always'], '--overwrite'), 'never');
  assert.equal(
    refusal(() => parseChoice('Never', ['never', 'always'], '--overwrite')),
    '--overwrite: expected never, always, got "Never"',
  );
});

test('a long offending text is cut in the message', () => {
  const message = refusal(() => parseCount('9'.repeat(10_000), '--sample'));
  assert.ok(message.length < 300, message);
});
