import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { walkArguments } from '../../src/cli/argument-walk.ts';
import { commands } from '../../src/cli/commands.ts';
import { readCommandLine } from '../../src/cli/command-line.ts';
import { globalOptions } from '../../src/cli/global-options.ts';
import { parseArguments } from '../../src/cli/yargs.ts';
import type { ParsedArguments } from '../../src/cli/parsed-arguments.ts';
import { isVaultError } from '../../src/errors.ts';

/** Parses a whole command line of a built-in command. */
function parse(...argv: string[]): ParsedArguments {
  const line = readCommandLine(argv, commands);
  assert.equal(line.kind, 'command', argv.join(' '));
  if (line.kind !== 'command') throw new Error('unreachable');
  const known = [...globalOptions, ...line.command.options];
  return parseArguments(line.command, known, walkArguments(line.args, known));
}

function refusal(...argv: string[]): string {
  try {
    parse(...argv);
  } catch (error) {
    assert.ok(isVaultError(error, 'VAULT_USAGE'), String(error));
    return error.message;
  }
  throw new assert.AssertionError({ message: `expected a refusal of ${argv.join(' ')}` });
}

test('global options stand before or after the command, and between its two words', () => {
  for (const argv of [
    ['--json', '-f', 'docs', 'folder', 'list'],
    ['folder', '--json', '--folder=docs', 'list'],
    ['folder', 'list', '--json', '-fdocs'],
    ['--json', 'folder', '-f=docs', 'list'],
    ['--json', '--', 'folder', '-f', 'docs', 'list'],
  ]) {
    const given = parse(...argv);
    assert.equal(given.flag('json'), true, argv.join(' '));
    assert.equal(given.text('folder'), 'docs', argv.join(' '));
    assert.deepEqual(given.words, []);
  }
});

test('values are taken as they stand: quotes, dashes, equals signs, digits and the word true', () => {
  const values = [
    '"quoted"',
    "'q'",
    '-dash',
    '--json',
    'a=b',
    '007',
    'true',
    '1e3',
    '__proto__',
    ' ',
  ];
  for (const value of values) {
    assert.equal(parse('snapshot', '-m', value).text('message'), value);
    assert.equal(parse('snapshot', `--message=${value}`).text('message'), value);
    assert.deepEqual(parse('snapshot', '--tag', value, '--tag', 'b').list('tag'), [value, 'b']);
    assert.deepEqual(parse('ls', '--', value).words, [value]);
  }
  assert.deepEqual(parse('ls', '-R', 'true', 'false').words, ['true', 'false']);
  assert.deepEqual(parse('ls', '007', '-').words, ['007', '-']);
});

test('any value of a text option and any word behind -- comes through unchanged', () => {
  const text = fc.string({ unit: 'binary', minLength: 1 });
  fc.assert(
    fc.property(text, fc.array(fc.string({ unit: 'binary' })), (value, words) => {
      const given = parse('ls', '--at', value, '--', ...words);
      assert.equal(given.text('at'), value);
      assert.deepEqual(given.words, words);
    }),
    { numRuns: 60 },
  );
});

test('of a repeated single value the last counts, of a list all do', () => {
  assert.equal(parse('ls', '--home', 'a', '--home', 'b').text('home'), 'b');
  assert.equal(parse('--json', 'ls', '--json').flag('json'), true);
  assert.equal(parse('--json=no', 'ls', '--json=yes').flag('json'), true);
  assert.equal(parse('--json', 'ls', '--json=no').flag('json'), false);
  assert.deepEqual(parse('restore', '--to', 'd', '--include', 'x', '--include=y').list('include'), [
    'x',
    'y',
  ]);
});

test('short options stand together, the last with its value', () => {
  const given = parse('snapshot', '-qvmnote');
  assert.equal(given.flag('quiet'), true);
  assert.equal(given.flag('verbose'), true);
  assert.equal(given.text('message'), 'note');
});

test('an option whose value may be left out takes the next word, but no option', () => {
  assert.equal(parse('init', '--device-key').has('device-key'), true);
  assert.equal(parse('init', '--device-key').text('device-key'), undefined);
  assert.equal(parse('init', '--device-key', '--name', 'n').text('device-key'), undefined);
  assert.equal(parse('init', '--device-key', '/k').text('device-key'), '/k');
  assert.equal(parse('init', '--device-key=/k').text('device-key'), '/k');
  assert.equal(parse('init').has('device-key'), false);
});

test('each mistake is refused with the offending text', () => {
  assert.equal(refusal('ls', '--nope'), 'unknown option "--nope"');
  assert.equal(refusal('ls', '-Rz'), 'unknown option "-z in -Rz"');
  assert.equal(refusal('ls', '--at'), '--at needs a value: WHEN');
  assert.equal(refusal('ls', '--at='), '--at needs a value, got ""');
  assert.equal(refusal('ls', '--json=maybe'), '--json: expected yes or no, got "maybe"');
  assert.equal(refusal('ls', '--__proto__=1'), 'unknown option "--__proto__"');
  assert.equal(refusal('ls', '--constructor'), 'unknown option "--constructor"');
  assert.equal(refusal('restore'), '--to DIR is required');
  assert.equal(
    refusal('restore', '--to', 'd', '--overwrite', 'maybe'),
    '--overwrite: expected never, if-changed, always, got "maybe"',
  );
  assert.equal(refusal('verify', '--sample', 'x1'), '--sample: expected a whole number, got "x1"');
  assert.equal(refusal('status', '--wait-lock', '5'), '--wait-lock: expected a duration, got "5"');
  assert.equal(refusal('key', 'remove'), 'key remove needs SLOT');
  assert.equal(refusal('config', 'set', 'k'), 'config set needs VALUE');
  assert.equal(refusal('config', 'get', 'a', 'b'), 'config get takes no further word, got "b"');
  assert.equal(
    refusal('folder', 'list', 'extra'),
    'folder list takes no further word, got "extra"',
  );
  assert.equal(refusal('folder', 'set', 'docs'), 'folder set needs KEY=VALUE');
});

test('a misspelt option names the near one', () => {
  assert.throws(
    () => parse('snapshot', '--skip-unchange'),
    (error) => isVaultError(error) && error.hint === 'did you mean --skip-unchanged?',
  );
});

test('asking for an option that a command does not define is a mistake of the program', () => {
  const given = parse('ls', '--at', 'now');
  assert.throws(() => given.flag('pin'), TypeError);
  assert.throws(() => given.flag('at'), TypeError);
  assert.throws(() => given.list('at'), TypeError);
});

test('no two options of a command share a name or a letter', () => {
  for (const command of commands) {
    const options = [...globalOptions, ...command.options];
    const names = options.flatMap((one) => (one.short ? [one.name, one.short] : [one.name]));
    assert.equal(new Set(names).size, names.length, command.name);
  }
});
