import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { projectPath } from '../helpers/project.ts';
import { skipUnless } from '../helpers/requires.ts';
import { Terminal } from '../helpers/terminal.ts';
import { TestNode } from '../helpers/test-node.ts';

const ESCAPE = '\u001b';

/** A shell on a terminal of 160 columns, beside a home with a folder, where `vault` is a program. */
async function shell(t: TestContext): Promise<{ node: TestNode; terminal: Terminal }> {
  const node = await TestNode.make(t);
  mkdirSync(join(node.work, 'inner'));
  writeFileSync(join(node.work, 'inner/esc\u001b[31m'), 'a name that would colour what follows');
  writeFileSync(join(node.work, 'plain'), 'plain');
  const bin = join(node.directory, 'bin');
  mkdirSync(bin);
  const main = process.env['VAULT_TEST_MAIN'] ?? projectPath('build/src/cli/main.js');
  const program = `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`;
  writeFileSync(join(bin, 'vault'), program, { mode: 0o755 });
  const env = {
    PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
    VAULT_HOME: node.home,
    VAULT_FOLDER: 'work',
    PS1: '> ',
  };
  const terminal = new Terminal(t, ['sh'], { env, cwd: node.directory, columns: 160, rows: 60 });
  await terminal.shows(/^>/m);
  return { node, terminal };
}

let marks = 0;

/** The lines a command line prints, with their escape sequences. */
async function typed(terminal: Terminal, line: string): Promise<string> {
  const mark = `end ${++marks}:`; // so that no earlier one is taken for it
  terminal.type('-l', `clear; ${line}; echo "${mark} $?"`);
  terminal.type('Enter');
  const screen = await terminal.shows(new RegExp(`(^|[^"])${mark} \\d+$`, 'm'), true);
  return screen.slice(0, screen.lastIndexOf(mark)).trimEnd();
}

test('on a terminal there is colour, progress leaves no trace, and names cannot act', async (t) => {
  if (!skipUnless(t, { programs: ['tmux'] })) return;
  const { terminal } = await shell(t);
  const taken = await typed(terminal, 'vault snapshot');
  assert.match(taken, /work: snapshot .*2 files/);
  assert.ok(taken.includes(ESCAPE), 'the id is bold');
  assert.equal(taken.trim().split('\n').length, 1, taken);
  const colored = await typed(terminal, 'vault ls -R');
  assert.ok(colored.includes(ESCAPE), 'directories have a colour');
  assert.match(colored, /esc\\x1b\[31m/, 'an escape in a name is written out');
  for (const line of [
    'vault --no-color ls -R',
    'NO_COLOR=1 vault ls -R',
    'TERM=dumb vault ls -R',
    'vault ls -R | cat -v',
  ]) {
    const plain = await typed(terminal, line);
    assert.ok(!plain.includes(ESCAPE), `${line}\n${plain}`);
    assert.match(plain, /^inner\/$/m, line);
  }
  assert.equal(await typed(terminal, 'vault cat plain'), 'plain');
  assert.equal(await typed(terminal, 'vault cat plain | cat'), 'plain');
  const failed = await typed(terminal, 'vault folder show nothing');
  assert.match(failed, /vault: .*error:.* no folder/);
  assert.ok(failed.includes(ESCAPE), 'the word error has a colour');
});

test('on a terminal what is dangerous is asked about, and nothing is done on no', async (t) => {
  if (!skipUnless(t, { programs: ['tmux'] })) return;
  const { node, terminal } = await shell(t);
  terminal.type('-l', 'clear; vault folder remove work; echo "end $?"');
  terminal.type('Enter');
  await terminal.shows(/\[y\/N\]/);
  terminal.type('n', 'Enter');
  await terminal.shows(/^end 23$/m);
  assert.equal((await node.done('folder', 'list'))['folders'], 1);
});
