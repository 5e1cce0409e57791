import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { commands } from '../../src/cli/commands.ts';
import { globalOptions } from '../../src/cli/global-options.ts';
import { skipUnless } from '../helpers/requires.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { Terminal } from '../helpers/terminal.ts';
import { FakeContext } from './fake-context.ts';

async function script(shell: string): Promise<string> {
  const fake = new FakeContext(['completion', shell]);
  assert.deepEqual(await fake.run(), { exit: 0 }, fake.err);
  return fake.out;
}

interface Shell {
  readonly directory: string;
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The script in a file, and a `vault` on the path that only knows two folders. */
async function prepare(t: TestContext, shell: string): Promise<Shell> {
  const directory = tempDir(t);
  const file = join(directory, `vault.${shell}`);
  writeFileSync(file, await script(shell));
  const bin = join(directory, 'bin');
  mkdirSync(bin);
  mkdirSync(join(directory, 'place'));
  writeFileSync(join(directory, 'plain'), '');
  const lines = ['docs', 'my photos', 'odd "one"'].map((name) =>
    JSON.stringify({ type: 'folder', folder: 'ab', name, path: '/p', pending: 0 }),
  );
  const end = JSON.stringify({ type: 'summary', folders: 3 });
  const list = `cat <<'END'\n${[...lines, end].join('\n')}\nEND`;
  const condition =
    '[ "$*" = "--no-input --json folder list" ] && [ -z "$VAULT_PASSPHRASE_COMMAND" ]';
  writeFileSync(join(bin, 'vault'), `#!/bin/sh\nif ${condition}; then ${list}\nfi\n`, {
    mode: 0o755,
  });
  const path = `${bin}${delimiter}${process.env['PATH'] ?? ''}`;
  return {
    directory,
    file,
    env: { PATH: path, HOME: directory, VAULT_PASSPHRASE_COMMAND: 'ask me' },
  };
}

const firstWords = [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? name))].sort();
const folderWords = commands
  .filter(({ name }) => name.startsWith('folder '))
  .map(({ name }) => name.slice('folder '.length))
  .sort();

/** A line up to the cursor, and all that completes its last word. */
const cases: readonly (readonly [string, readonly string[]])[] = [
  ['vault ', firstWords],
  ['vault sna', ['snapshot', 'snapshots']],
  ['vault -q --home /x sna', ['snapshot', 'snapshots']],
  ['vault folder ', folderWords],
  ['vault folder sh', ['show']],
  ['vault --json=yes folder sh', ['show']],
  ['vault restore --overwrite ', ['always', 'if-changed', 'never']],
  ['vault restore --overwrite i', ['if-changed']],
  ['vault restore --overwrite=i', ['if-changed']],
  ['vault completion ', ['bash', 'fish', 'zsh']],
  ['vault completion bash ', []],
  ['vault help sna', ['snapshot', 'snapshots']],
  ['vault snapshot d', ['docs']],
  ['vault snapshot docs m', ['my photos']],
  ['vault snapshot -m text d', ['docs']],
  ['vault -f d', ['docs']],
  ['vault ls --at y', ['yesterday']],
  ['vault snapshot --skip', ['--skip-unchanged']],
  ['vault snapshot -m ', []],
  ['vault nothing such', []],
];

/** Lines that end in two dashes: every option there is. */
const optionCases = commands.map(({ name, options }) => {
  const words = [...globalOptions, ...options].map((option) => `--${option.name}`);
  return [`vault ${name} --`, words.sort()] as const;
});

const expected = new Map([...cases, ...optionCases]);

test('bash completes commands, options, values and folders', async (t) => {
  if (!skipUnless(t, { programs: ['bash'] })) return;
  const { directory, file, env } = await prepare(t, 'bash');
  // Bash splits at "=" too, and hands over the pieces.
  const harness = `
    set -u
    source '${file}'
    while IFS= read -r line; do
      read -r -a COMP_WORDS <<<"\${line//=/ = }"
      case $line in *' ') COMP_WORDS+=('') ;; esac
      COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
      _vault
      for word in \${COMPREPLY[@]+"\${COMPREPLY[@]}"}; do printf '%s\\t' "$word"; done
      echo
    done`;
  const run = (lines: readonly string[]): string[][] =>
    execFileSync('bash', ['--norc', '-c', harness], {
      input: `${lines.join('\n')}\n`,
      encoding: 'utf8',
      cwd: directory,
      env,
    })
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split('\t').slice(0, -1));
  const lines = [...expected.keys()];
  for (const [at, words] of run(lines).entries()) {
    const line = lines[at] ?? '';
    const plain = words.map((word) => word.replaceAll('\\', '')).sort();
    assert.deepEqual(plain, expected.get(line), line);
  }
  assert.deepEqual(run(['vault snapshot m']), [[String.raw`my\ photos`]], 'one word for the shell');
  assert.deepEqual(run(['vault restore --to pl']), [['place']]);
  assert.deepEqual(run(['vault cat pl']), [['place', 'plain']]);
});

test('fish completes commands, options, values and folders', async (t) => {
  if (!skipUnless(t, { programs: ['fish'] })) return;
  const { directory, file, env } = await prepare(t, 'fish');
  const harness = `source '${file}'; while read -l line; complete -C $line; echo; end`;
  const run = (lines: readonly string[]): string[][] =>
    execFileSync('fish', ['--no-config', '-c', harness], {
      input: `${lines.join('\n')}\n`,
      encoding: 'utf8',
      cwd: directory,
      env,
    })
      .split(/(?<=^|\n)\n/)
      .slice(0, lines.length)
      .map((block) => block.split('\n').filter((line) => line !== ''))
      .map((rows) => rows.map((row) => row.split('\t')[0] ?? ''));
  const lines = [...expected.keys()];
  const found = run(lines);
  assert.equal(found.length, lines.length);
  for (const [at, words] of found.entries()) {
    const line = lines[at] ?? '';
    const plain = words.map((word) => word.replace(/^--[a-z-]+=(?=.)/, '')).sort();
    assert.deepEqual(plain, expected.get(line), line);
  }
  assert.deepEqual(run(['vault restore --to pl']), [['place/']]);
  assert.deepEqual(run(['vault cat pl']), [['place/', 'plain']]);
});

test('zsh completes on a terminal', async (t) => {
  if (!skipUnless(t, { programs: ['zsh', 'tmux'] })) return;
  const { directory, file, env } = await prepare(t, 'zsh');
  const start = `PS1='> '; autoload -Uz compinit; compinit -u -D; source '${file}'; clear`;
  const zdot = join(directory, '.zshrc');
  writeFileSync(zdot, `${start}\n`);
  const terminal = new Terminal(t, ['zsh', '-d', '-i'], { env, cwd: directory, rows: 60 });
  await terminal.shows(/^> $|^>$/m);
  const completes = async (line: string, shown: RegExp): Promise<void> => {
    terminal.type('C-u', 'C-l');
    terminal.type('-l', `${line}`);
    terminal.type('Tab');
    await terminal.shows(shown);
  };
  await completes('vault snap', /^> vault snapshot$/m);
  await completes('vault folder sh', /^> vault folder show$/m);
  await completes('vault snapshot --skip', /^> vault snapshot --skip-unchanged$/m);
  await completes('vault restore --overwrite i', /^> vault restore --overwrite if-changed$/m);
  await completes('vault -q snapshot d', /^> vault -q snapshot docs$/m);
  await completes('vault snapshot my', /^> vault snapshot my\\ photos$/m);
  await completes('vault key add --', /--new-passphrase-file .*-- \S+/);
});

test('completion of what is no shell is 2, and --json is refused', async () => {
  for (const argv of [['completion', 'sh'], ['completion'], ['completion', 'bash', '--json']]) {
    const fake = new FakeContext(argv);
    assert.deepEqual(await fake.run(), { exit: 2 }, argv.join(' '));
  }
});

test('no option of a command is spelt like a global one', () => {
  const spellings = (options: (typeof commands)[number]['options']): string[] =>
    options.flatMap(({ name, short }) => [
      `--${name}`,
      ...(short === undefined ? [] : [`-${short}`]),
    ]);
  const globals = spellings(globalOptions);
  for (const { name, options } of commands) {
    const own = spellings(options);
    assert.equal(new Set([...own, ...globals]).size, own.length + globals.length, name);
  }
});

test('names of commands, options and choices need no quotes in any shell', () => {
  for (const { name, options, positionals } of commands) {
    const words = [
      name,
      ...options.map((one) => one.name),
      ...positionals.flatMap((one) => one.choices ?? []),
    ];
    for (const word of words) assert.match(word, /^[a-z][a-z0-9 -]*$/, name);
  }
});
