import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commands } from '../../src/cli/commands.ts';
import { projectPath } from '../helpers/project.ts';
import { skipUnless } from '../helpers/requires.ts';
import { TestNode } from '../helpers/test-node.ts';

/** Words that make each command print something. */
const argumentsOf: Readonly<Record<string, string>> = {
  cat: 'f0000',
  completion: 'bash',
  'config get': 'reserve',
  diff: 'old now',
  find: 'f0000',
  'folder show': 'work',
  ls: '-R -l',
  show: 'old',
};

/** Lines whose output is more than a pipe holds. */
const large: readonly string[] = ['ls -R -l', 'diff old now'];

/** Runs a script for /bin/sh in which `vault` is the program; what it printed, and what vault said. */
async function sh(node: TestNode, script: string): Promise<{ out: string; err: string }> {
  const main = process.env['VAULT_TEST_MAIN'] ?? projectPath('build/src/cli/main.js');
  const child = spawn('/bin/sh', ['-c', `vault() { "$NODE" "$MAIN" "$@"; }\n${script}`], {
    cwd: node.directory,
    env: {
      PATH: process.env['PATH'],
      NODE: process.execPath,
      MAIN: main,
      VAULT_HOME: node.home,
      VAULT_FOLDER: 'work',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  await once(child, 'close');
  return { out, err };
}

test('a reader that goes away is the quiet end of every command that prints', async (t) => {
  if (!skipUnless(t, { platforms: ['linux', 'darwin'], programs: ['head'] })) return;
  const node = await TestNode.make(t);
  await node.done('snapshot', '--tag', 'old');
  // More than a pipe holds.
  for (let at = 0; at < 600; at++) {
    writeFileSync(
      join(node.work, `f${String(at).padStart(4, '0')}${'-'.repeat(at === 0 ? 0 : 200)}`),
      'x',
    );
  }
  await node.done('snapshot');
  // Events are told by a running daemon only.
  const printing = commands.filter(({ name, onlyPrints }) => onlyPrints && name !== 'events');
  const lines = printing.map(({ name }) => `${name} ${argumentsOf[name] ?? ''}`.trim());
  const said = (line: string): string => `{ vault ${line}; echo "$? ${line}" >&2; }`;
  // The reader is gone before anything is printed, or takes a line of much that comes.
  const { out, err } = await sh(
    node,
    [
      ...lines.map(
        (line) => `${said(line)} | ${large.includes(line) ? 'head -n 1 >/dev/null' : ':'}`,
      ),
      `${said('ls -R --json')} | head -n 1 >/dev/null`,
    ].join('\n'),
  );
  assert.equal(out, '');
  const told = err.trimEnd().split('\n');
  assert.deepEqual(
    told.filter((line) => !/^vault: (warning: the device key lies inside|hint: )/.test(line)),
    [...lines, 'ls -R --json'].map((line) => `0 ${line}`),
  );
});

test('what a command does is done whether or not somebody reads of it', async (t) => {
  if (!skipUnless(t, { platforms: ['linux', 'darwin'] })) return;
  const node = await TestNode.make(t);
  writeFileSync(join(node.work, 'file'), 'content');
  const { err } = await sh(node, '{ vault -q snapshot --json; echo "$?" >&2; } | :');
  assert.equal(err, '0\n');
  assert.equal((await node.done('snapshots', 'work'))['snapshots'], 1);
});
