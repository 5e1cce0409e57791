import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commands } from '../../src/cli/commands.ts';
import { globalOptions } from '../../src/cli/global-options.ts';
import { optionUsage } from '../../src/cli/help-text.ts';
import { FakeContext } from './fake-context.ts';

async function help(...argv: string[]): Promise<string> {
  const fake = new FakeContext(argv);
  assert.deepEqual(await fake.run(), { exit: 0 }, argv.join(' '));
  assert.equal(fake.err, '');
  return fake.out;
}

test('help lists every command and every global option', async () => {
  const text = await help('help');
  for (const { name } of commands) assert.match(text, new RegExp(`^ {2}${name} `, 'm'));
  for (const option of globalOptions) assert.ok(text.includes(optionUsage(option)), option.name);
  assert.equal(await help('--help'), text);
  assert.equal(await help('-h'), text);
});

test('every command is explained the same by help, --help and -h, with all its options', async () => {
  for (const command of commands) {
    const words = command.name.split(' ');
    const text = await help('help', ...words);
    assert.match(text, new RegExp(`^usage: vault ${command.name}`));
    for (const option of command.options) {
      assert.ok(text.includes(optionUsage(option)), `${command.name} ${option.name}`);
    }
    assert.equal(await help(...words, '--help'), text);
    assert.equal(await help('-h', ...words, '--json=no'), text);
  }
});

test('the first word of several commands is explained by listing them', async () => {
  const text = await help('help', 'folder');
  for (const word of ['add', 'list', 'show', 'set', 'remove']) {
    assert.ok(text.includes(`vault folder ${word}`), word);
  }
  assert.equal(await help('folder', '--help'), text);
});

test('no line of the help is wider than 80 columns', async () => {
  for (const words of [[], ...commands.map((one) => one.name.split(' ')), ['key'], ['folder']]) {
    const text = await help('help', ...words);
    for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
  }
});

test('texts of commands and options follow one style', () => {
  for (const command of commands) {
    for (const text of [command.summary, ...command.options.map((one) => one.doc)]) {
      assert.doesNotMatch(text, /\.$/, text);
      assert.match(text, /^[a-z0-9]/, text);
    }
  }
});

test('help of what there is not is 2', async () => {
  const fake = new FakeContext(['help', 'stauts']);
  assert.deepEqual(await fake.run(), { exit: 2 });
  assert.match(fake.err, /did you mean vault status\?/);
});

test('a misspelt command is 2 and names the one that was meant', async () => {
  const names = commands.map(({ name }) => name);
  for (const name of names) {
    const words = name.split(' ');
    for (const [at, word] of words.entries()) {
      const misspelt = `${word.slice(0, 2)}${word.slice(3)}`;
      const typed = words.with(at, misspelt);
      if (names.includes(typed.join(' ')) || word.length < 4) continue;
      const fake = new FakeContext(typed);
      assert.deepEqual(await fake.run(), { exit: 2 }, typed.join(' '));
      const [, meant] = /did you mean vault (.+)\?/.exec(fake.err) ?? [];
      const isNear = names.some((one) => one === meant || one.startsWith(`${meant ?? ' '} `));
      assert.ok(isNear, `${typed.join(' ')}: ${fake.err}`);
      assert.equal(fake.out, '');
    }
  }
});
