import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultHome, executablePath } from '../../src/cli/environment.ts';
import { isVaultError } from '../../src/errors.ts';
import { FakeContext } from './fake-context.ts';
import { fakeVault } from './fake-vault.ts';

test('the default home is in the data directory of the platform', () => {
  const at = (platform: NodeJS.Platform, env: Record<string, string> = {}): string =>
    defaultHome({ platform, env, homeDirectory: '/users/me' });
  assert.equal(at('linux'), '/users/me/.local/share/vault');
  assert.equal(at('linux', { XDG_DATA_HOME: '/data' }), '/data/vault');
  assert.equal(at('linux', { XDG_DATA_HOME: '' }), '/users/me/.local/share/vault');
  assert.equal(at('darwin'), '/users/me/Library/Application Support/vault');
  assert.equal(at('win32', { LOCALAPPDATA: '/local' }), '/local/vault');
});

test('a data directory that is no absolute path is refused, where it would be used', async () => {
  assert.throws(
    () => defaultHome({ platform: 'linux', env: { XDG_DATA_HOME: 'data' }, homeDirectory: '/' }),
    (error) =>
      isVaultError(error, 'VAULT_USAGE') &&
      error.message === 'XDG_DATA_HOME: expected an absolute path, got "data"',
  );
  const vault = fakeVault();
  const env = { XDG_DATA_HOME: 'data', VAULT_HOME: 'mine', VAULT_PASSPHRASE: 'right' };
  const fake = new FakeContext(['status'], { env, vault });
  assert.deepEqual(await fake.run(), { exit: 0 });
  assert.equal(vault.opened[0]?.home, '/place/here/mine');
});

test('the home is the option, else the variable, else the default', async () => {
  const homeOf = async (argv: string[], env: Record<string, string>): Promise<string> => {
    const vault = fakeVault();
    await new FakeContext(argv, { env: { VAULT_PASSPHRASE: 'right', ...env }, vault }).run();
    return vault.opened[0]?.home ?? '';
  };
  assert.equal(await homeOf(['status', '--home', 'h'], { VAULT_HOME: '/v' }), '/place/here/h');
  assert.equal(await homeOf(['status'], { VAULT_HOME: '/v' }), '/v');
  assert.equal(await homeOf(['status'], { VAULT_HOME: '' }), '/users/me/.local/share/vault');
});

test('malformed variables are refused with the offending text', async () => {
  for (const name of ['VAULT_JSON', 'VAULT_QUIET']) {
    const fake = new FakeContext(['status'], { env: { [name]: 'maybe' }, vault: fakeVault() });
    assert.deepEqual(await fake.run(), { exit: 2 });
    assert.equal(fake.err, `vault: error: ${name}: expected yes or no, got "maybe"\n`);
  }
});

test('VAULT_JSON and VAULT_QUIET do what the options do, and the options beat them', async () => {
  const outputOf = async (argv: string[], more: Record<string, string>): Promise<string> => {
    const env = { VAULT_PASSPHRASE: 'right', ...more };
    const fake = new FakeContext(argv, { env, vault: fakeVault() });
    await fake.run();
    return fake.out;
  };
  assert.match(await outputOf(['snapshot'], { VAULT_JSON: '1' }), /^\{"type":"result"/);
  assert.equal(await outputOf(['snapshot'], { VAULT_QUIET: 'on' }), '');
  assert.match(await outputOf(['snapshot', '--json=no'], { VAULT_JSON: '1' }), /^docs: snapshot/);
});

test('--wait-lock is handed over in milliseconds, and is none unless given', async () => {
  for (const [argv, ms] of [
    [['status'], 0],
    [['status', '--wait-lock', '30s'], 30_000],
    [['--wait-lock=2m', 'status'], 120_000],
  ] as const) {
    const vault = fakeVault();
    await new FakeContext(argv, { env: { VAULT_PASSPHRASE: 'right' }, vault }).run();
    assert.equal(vault.opened[0]?.waitLockMs, ms);
  }
});

test('programs are looked for in VAULT_EXEC_PATH, then in the absolute directories of PATH', () => {
  const env = { VAULT_EXEC_PATH: 'mine:/abs', PATH: '/bin::relative:.:/usr/bin' };
  assert.deepEqual(executablePath({ env, platform: 'linux', cwd: '/w' }), [
    '/w/mine',
    '/abs',
    '/bin',
    '/usr/bin',
  ]);
});
