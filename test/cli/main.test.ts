import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { version } from '../../src/cli/version.ts';
import { projectPath } from '../helpers/project.ts';
import { skipUnless } from '../helpers/requires.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const here = dirname(fileURLToPath(import.meta.url));
const main = join(here, '..', '..', 'src', 'cli', 'main.js');
chmodSync(main, 0o755); // as installing a package does

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves once standard output holds the text. */
  printed(text: string): Promise<void>;
  /** What standard error holds that matches, once it does. */
  told(pattern: RegExp): Promise<string>;
}

/** Starts the program as it is built, in an environment of its own. */
function start(args: readonly string[], env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  const waiting = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    for (const look of waiting) look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    for (const look of waiting) look();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, out, err }));
  });
  const until = <T>(found: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const value = found();
        if (value !== undefined) resolve(value);
      };
      waiting.add(look);
      look();
      child.once('close', () => reject(new Error(`ended too early: ${out}${err}`)));
    });
  const printed = (text: string): Promise<void> =>
    until(() => (out.includes(text) ? true : undefined)).then(() => undefined);
  const told = (pattern: RegExp): Promise<string> => until(() => pattern.exec(err)?.[0]);
  return { child, ended, printed, told };
}

/** A directory with one external command, a script for /bin/sh. */
function externalCommand(t: TestContext, name: string, script: string): string {
  const directory = tempDir(t);
  writeFileSync(join(directory, `vault-${name}`), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return directory;
}

const posix = { platforms: ['linux', 'darwin', 'freebsd'] } as const;

test('--version prints the version of the package', async () => {
  const packaged = JSON.parse(readFileSync(projectPath('package.json'), 'utf8')) as {
    version: string;
  };
  assert.equal(version, packaged.version);
  const { code, out, err } = await start(['--version']).ended;
  assert.deepEqual({ code, out, err }, { code: 0, out: `vault ${version}\n`, err: '' });
});

test('--version among other options, and with --json, says the same', async () => {
  assert.equal((await start(['-q', '--version']).ended).out, `vault ${version}\n`);
  const expected = `${JSON.stringify({ type: 'summary', version })}\n`;
  assert.equal((await start(['--version', '--json']).ended).out, expected);
  assert.equal((await start(['--version'], { VAULT_JSON: '1' }).ended).out, expected);
});

test('--version loads nothing but node and its own two files', () => {
  const source = readFileSync(projectPath('src', 'cli', 'main.ts'), 'utf8');
  const imports = [...source.matchAll(/^import (type )?.* from '(.+)';$/gm)];
  const loaded = imports.filter(([, isType]) => !isType).map(([, , name]) => name);
  assert.deepEqual(loaded, ['node:fs', 'node:os', './version.ts']);
});

test('yargs is imported by one file', () => {
  const folder = projectPath('src', 'cli');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const importers = files.filter(
    (file) =>
      file.endsWith('.ts') && readFileSync(join(folder, file), 'utf8').includes("from 'yargs'"),
  );
  assert.deepEqual(importers, ['yargs.ts']);
});

test('help is printed without a home and without a terminal', async () => {
  const { code, out, err } = await start(['help', 'snapshot']).ended;
  assert.equal(code, 0);
  assert.match(out, /^usage: vault snapshot \[FOLDER …\] \[options\]\n/);
  assert.equal(err, '');
});

test('wrong usage is 2, in text and in JSON', async () => {
  const text = await start(['snapshto']).ended;
  assert.equal(text.code, 2);
  assert.equal(text.out, '');
  assert.match(text.err, /^vault: error: unknown command "snapshto"\nvault: hint: did you mean/);
  const json = await start(['status', '--wait-lock', 'soon', '--json']).ended;
  assert.equal(json.code, 2);
  const line = JSON.parse(json.out) as Record<string, unknown>;
  assert.equal(line['message'], '--wait-lock: expected a duration, got "soon"');
});

test('an argument that is not UTF-8 is reported by its bytes', async (t) => {
  if (!skipUnless(t, { platforms: ['linux'] })) return;
  const script = `exec "$NODE" "$MAIN" "$(printf 'caf\\351')"`;
  const child = spawn('/bin/sh', ['-c', script], {
    env: { PATH: '', HOME: '/', NODE: process.execPath, MAIN: main },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const parts: Buffer[] = [];
  for await (const part of child.stderr) parts.push(part as Buffer);
  assert.match(Buffer.concat(parts).toString('latin1'), /unknown command "caf\\udce9"/);
});

test('an external command gets arguments, streams and environment, and gives its exit code', async (t) => {
  if (!skipUnless(t, posix)) return;
  const script =
    'echo "$# $1 $2"; echo "$VAULT_HOME $VAULT_FOLDER $VAULT_JSON"; "$VAULT_BIN" --version; echo oops >&2; exit 41';
  const directory = externalCommand(t, 'tidy', script);
  const args = ['--home', '/some/home', '-f', 'docs', '--json', 'tidy', '--deep', 'two words'];
  const env = { VAULT_EXEC_PATH: directory };
  const { code, out, err } = await start(args, env).ended;
  assert.equal(code, 41);
  assert.equal(out, `2 --deep two words\n/some/home docs 1\n${versionLine}`);
  assert.equal(err, 'oops\n');
});

const versionLine = `${JSON.stringify({ type: 'summary', version })}\n`;

test('a signal for vault reaches the external command', async (t) => {
  if (!skipUnless(t, posix)) return;
  const script = `trap 'echo got; exit 9' TERM; echo ready; while :; do sleep 0.01; done`;
  const directory = externalCommand(t, 'wait', script);
  const running = start(['wait'], { VAULT_EXEC_PATH: directory });
  await running.printed('ready');
  running.child.kill('SIGTERM');
  const { code, out } = await running.ended;
  assert.equal(code, 9);
  assert.match(out, /got/);
});

test('vault ends by the signal that ended the external command', async (t) => {
  if (!skipUnless(t, posix)) return;
  for (const signal of ['SIGTERM', 'SIGKILL', 'SIGINT'] as const) {
    const directory = externalCommand(t, 'die', `kill -${signal.slice(3)} $$`);
    const ended = await start(['die'], { VAULT_EXEC_PATH: directory }).ended;
    assert.equal(ended.signal, signal);
  }
});

test('an interrupt is passed to the passphrase command and ends vault with 130', async (t) => {
  if (!skipUnless(t, posix)) return;
  const home = await newHome(t);
  const command = "/bin/sh -c 'echo $$ >&2; exec sleep 100'";
  const args = ['status', '--json', '--passphrase-command', command];
  const running = start(args, { VAULT_HOME: home });
  const pid = Number(await running.told(/\d+\n/));
  running.child.kill('SIGINT');
  const { code, out } = await running.ended;
  assert.equal(code, 130);
  const line = JSON.parse(out) as Record<string, unknown>;
  assert.equal(line['code'], 'VAULT_INTERRUPTED');
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
});

test('a passphrase typed on a terminal opens the home and is not echoed', async (t) => {
  if (!skipUnless(t, { platforms: ['linux'], programs: ['script'] })) return;
  const home = await newHome(t);
  const child = spawn('script', ['-qec', '"$NODE" "$MAIN" status', '/dev/null'], {
    env: { NODE: process.execPath, MAIN: main, PATH: process.env['PATH'] ?? '', VAULT_HOME: home },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  let isAnswered = false;
  for await (const part of child.stdout.setEncoding('utf8')) {
    shown += String(part);
    if (isAnswered || !shown.includes('passphrase or recovery code: ')) continue;
    isAnswered = true;
    child.stdin.write('open sesame\r');
  }
  assert.match(shown, /there is no folder yet/);
  assert.doesNotMatch(shown, /sesame/);
});

/** A home that the passphrase `open sesame` opens. */
async function newHome(t: TestContext): Promise<string> {
  const home = join(tempDir(t), 'home');
  const { code, err } = await start(['init'], {
    VAULT_HOME: home,
    VAULT_PASSPHRASE: 'open sesame',
  }).ended;
  assert.equal(code, 0, err);
  return home;
}

test('help asks an external command for its help and lists it', async (t) => {
  if (!skipUnless(t, posix)) return;
  const directory = externalCommand(t, 'tidy', 'echo "tidy: $1"');
  mkdirSync(join(directory, 'vault-folder')); // a directory is no command
  writeFileSync(join(directory, 'vault-plain'), 'not executable', { mode: 0o644 });
  const env = { VAULT_EXEC_PATH: directory, PATH: '' };
  assert.equal((await start(['help', 'tidy'], env).ended).out, 'tidy: --help\n');
  assert.match((await start(['help'], env).ended).out, /External commands .*\n {2}tidy\n/);
  assert.equal((await start(['plain'], env).ended).code, 2);
});

test('a reader that goes away ends help quietly', async (t) => {
  if (!skipUnless(t, posix)) return;
  const script = `{ "$NODE" "$MAIN" help; echo "exit $?" >&2; } | :`;
  const child = spawn('/bin/sh', ['-c', script], {
    env: { NODE: process.execPath, MAIN: main, HOME: '/', PATH: '' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let err = '';
  for await (const part of child.stderr.setEncoding('utf8')) err += String(part);
  assert.equal(err, 'exit 0\n');
});

test('output that cannot be written is an error with exit 1', async (t) => {
  if (!skipUnless(t, { platforms: ['linux'] })) return;
  for (const argument of ['help', '--version']) {
    const script = `"$NODE" "$MAIN" ${argument} >/dev/full; echo "exit $?" >&2`;
    const child = spawn('/bin/sh', ['-c', script], {
      env: { NODE: process.execPath, MAIN: main, HOME: '/', PATH: '' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let err = '';
    for await (const part of child.stderr.setEncoding('utf8')) err += String(part);
    assert.match(err, /exit 1\n$/, argument);
  }
});
