import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeContext } from './fake-context.ts';

const done = { code: 0, signal: null };

test('an unknown command runs vault-<name> with its arguments untouched', async () => {
  const programs = { '/bin/vault-tidy': { code: 7, signal: null } };
  const argv = ['--json', 'tidy', '--help', '--nope', '-x', '--', 'a b'];
  const fake = new FakeContext(argv, { programs, env: { PATH: '/bin' } });
  assert.deepEqual(await fake.run(), { exit: 7 });
  assert.deepEqual(fake.runs[0]?.args, ['--help', '--nope', '-x', '--', 'a b']);
  assert.equal(fake.out + fake.err, '');
});

test('VAULT_EXEC_PATH comes before PATH, and built-in commands before both', async () => {
  const programs = { '/mine/vault-tidy': done, '/bin/vault-tidy': done, '/mine/vault-help': done };
  const env = { VAULT_EXEC_PATH: '/mine', PATH: '/bin' };
  const fake = new FakeContext(['tidy'], { programs, env });
  await fake.run();
  assert.equal(fake.runs[0]?.file, '/mine/vault-tidy');
  const help = new FakeContext(['help'], { programs, env });
  await help.run();
  assert.equal(help.runs.length, 0);
});

test('the external command learns of home, vault and options through its environment', async () => {
  const programs = { '/bin/vault-tidy': done };
  const argv = ['--home', 'h', '-f', 'docs', '--json', '-q', '--passphrase-file', 'pw', 'tidy'];
  const env = { PATH: '/bin', VAULT_PASSPHRASE: 'secret', OTHER: 'kept' };
  const fake = new FakeContext(argv, { programs, env });
  await fake.run();
  const given = fake.runs[0]?.env ?? {};
  assert.equal(given['VAULT_HOME'], '/place/here/h');
  assert.equal(given['VAULT_EXEC_PATH'], '/bin');
  assert.equal(given['VAULT_BIN'], '/opt/vault/bin/vault');
  assert.equal(given['VAULT_FOLDER'], 'docs');
  assert.equal(given['VAULT_JSON'], '1');
  assert.equal(given['VAULT_QUIET'], '1');
  assert.equal(given['VAULT_PASSPHRASE_FILE'], '/place/here/pw');
  assert.equal(given['VAULT_PASSPHRASE'], undefined, 'the option must not be overruled');
  assert.equal(given['OTHER'], 'kept');
});

test('what the environment held travels on, and what an option took back does not', async () => {
  const programs = { '/x/vault-tidy': done };
  const env = {
    VAULT_EXEC_PATH: '/x',
    VAULT_FOLDER: 'music',
    VAULT_JSON: '1',
    VAULT_PASSPHRASE_COMMAND: 'pass show',
  };
  const fake = new FakeContext(['--json=no', 'tidy'], { programs, env });
  await fake.run();
  const given = fake.runs[0]?.env ?? {};
  assert.equal(given['VAULT_EXEC_PATH'], '/x');
  assert.equal(given['VAULT_FOLDER'], 'music');
  assert.equal(given['VAULT_JSON'], undefined);
  assert.equal(given['VAULT_PASSPHRASE_COMMAND'], 'pass show');
});

test('an external command ended by a signal ends vault by the same', async () => {
  const programs = { '/bin/vault-tidy': { code: null, signal: 'SIGTERM' as const } };
  const fake = new FakeContext(['tidy'], { programs, env: { PATH: '/bin' } });
  assert.deepEqual(await fake.run(), { signal: 'SIGTERM' });
});

test('a command name that is a path or an odd word is never run', async () => {
  const programs = { '/bin/vault-../x': done, '/bin/vault-': done, '/bin/vault-.hid': done };
  for (const name of ['../x', '.hid', '']) {
    const fake = new FakeContext([name], { programs, env: { PATH: '/bin' } });
    assert.deepEqual(await fake.run(), { exit: 2 });
    assert.equal(fake.runs.length, 0);
  }
});

test('a misspelt command names the near one, built in or external', async () => {
  const programs = { '/bin/vault-tidy': done };
  for (const [word, near] of [
    ['sttus', 'status'],
    ['snapshoot', 'snapshot'],
    ['tdiy', 'tidy'],
    ['flder', 'folder'],
  ]) {
    const fake = new FakeContext([word ?? ''], { programs, env: { PATH: '/bin' } });
    assert.deepEqual(await fake.run(), { exit: 2 });
    assert.equal(
      fake.err,
      `vault: error: unknown command "${word}"\nvault: hint: did you mean vault ${near}?\n`,
    );
  }
  const far = new FakeContext(['xylophone'], { env: { PATH: '/bin' } });
  await far.run();
  assert.match(far.err, /vault: hint: vault help lists the commands/);
  const inner = new FakeContext(['folder', 'lsit']);
  assert.deepEqual(await inner.run(), { exit: 2 });
  assert.match(inner.err, /did you mean vault folder list\?/);
});

test('help lists external commands, and asks one for its own help', async () => {
  const programs = { '/bin/vault-tidy': done, '/bin/vault-zip': done, '/bin/other': done };
  const env = { PATH: '/bin:/bin' };
  const list = new FakeContext(['help'], { programs, env });
  assert.deepEqual(await list.run(), { exit: 0 });
  assert.match(list.out, /External commands .*:\n {2}tidy zip\n/);
  for (const argv of [
    ['help', 'tidy'],
    ['--help', 'tidy'],
  ]) {
    const one = new FakeContext(argv, { programs, env });
    assert.deepEqual(await one.run(), { exit: 0 });
    assert.deepEqual(one.runs[0]?.args, ['--help']);
  }
});
