import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitWords } from '../../src/cli/command-words.ts';
import { FakeContext, RECOVERY_CODE, type FakeOptions } from './fake-context.ts';
import { fakeVault, type FakeVault } from './fake-vault.ts';
import { isVaultError } from '../../src/errors.ts';

interface Ran {
  readonly fake: FakeContext;
  readonly vault: FakeVault;
  readonly exit: number;
}

async function run(
  argv: readonly string[],
  options: FakeOptions = {},
  vault: FakeVault = fakeVault(),
): Promise<Ran> {
  const fake = new FakeContext(argv, { vault, ...options });
  const outcome = await fake.run();
  assert.ok('exit' in outcome);
  return { fake, vault, exit: outcome.exit };
}

const right = { kind: 'passphrase', passphrase: 'right' } as const;
const terminal = { isTerminal: true } as const;

test('the passphrase comes from a file, a command or the environment', async () => {
  const files = { '/place/here/pw': 'right\nsecond line\n', '-': 'right' };
  const programs = { pass: { code: 0, signal: null, output: 'right\n' } };
  for (const [argv, env] of [
    [['status', '--passphrase-file', 'pw'], {}],
    [['status', '--passphrase-file=/place/here/pw'], {}],
    [['status', '--passphrase-file', '-'], {}],
    [['status', '--passphrase-command', 'pass'], {}],
    [['status'], { VAULT_PASSPHRASE_FILE: 'pw' }],
    [['status'], { VAULT_PASSPHRASE_COMMAND: 'pass' }],
    [['status'], { VAULT_PASSPHRASE: 'right' }],
    [['status', '--passphrase-file', 'pw'], { VAULT_PASSPHRASE: 'wrong' }],
    [['status', '--passphrase-command', 'pass'], { VAULT_PASSPHRASE_FILE: 'none' }],
    [['status'], { VAULT_PASSPHRASE_FILE: 'pw', VAULT_PASSPHRASE: 'wrong' }],
  ] as const) {
    const { vault, exit, fake } = await run(argv, { env, files, programs });
    assert.equal(exit, 0, `${argv.join(' ')}: ${fake.err}`);
    assert.deepEqual(vault.secrets, [right]);
  }
});

test('only the first line counts, without its newline and byte order mark', async () => {
  for (const content of ['right\n', 'right\r\n', 'right', '\ufeffright\nx', 'right\n\0']) {
    const options = { files: { '/p': content } };
    const { vault, fake } = await run(['status', '--passphrase-file', '/p'], options);
    assert.deepEqual(vault.secrets, [right], JSON.stringify(content) + fake.err);
  }
  const spaced = { files: { '/p': ' right \n' } };
  const { vault } = await run(['status', '--passphrase-file', '/p'], spaced);
  assert.deepEqual(vault.secrets, [{ kind: 'passphrase', passphrase: ' right ' }]);
});

test('an empty, binary, oversized or missing passphrase file is refused before anything is opened', async () => {
  const contents: Record<string, Uint8Array | string> = {
    '/empty': '',
    '/newline': '\nright\n',
    '/return': '\r\n',
    '/nul': 'ri\0ght\n',
    '/binary': Buffer.from([0xff, 0xfe, 0x0a]),
    '/long': 'x'.repeat(70_000),
  };
  for (const [path, says] of [
    ['/empty', /an empty passphrase is refused/],
    ['/newline', /an empty passphrase is refused/],
    ['/return', /an empty passphrase is refused/],
    ['/nul', /holds a NUL/],
    ['/binary', /not UTF-8/],
    ['/long', /too long/],
    ['/missing', /ENOENT/],
  ] as const) {
    const { fake, vault, exit } = await run(['status', '--passphrase-file', path], {
      files: contents,
    });
    assert.equal(exit, 2, path);
    assert.match(fake.err, says);
    assert.ok(fake.err.includes(path), fake.err);
    assert.equal(vault.calls.length, 0);
  }
});

test('an empty VAULT_PASSPHRASE is refused, not passed over', async () => {
  const { exit, fake } = await run(['status'], { env: { VAULT_PASSPHRASE: '' }, ...terminal });
  assert.equal(exit, 2);
  assert.match(fake.err, /VAULT_PASSPHRASE: an empty passphrase is refused/);
});

test('two sources at once are refused', async () => {
  const both = ['--passphrase-file', 'a', '--passphrase-command', 'b'];
  assert.equal((await run(['status', ...both])).exit, 2);
  const env = { VAULT_PASSPHRASE_FILE: 'a', VAULT_PASSPHRASE_COMMAND: 'b' };
  assert.equal((await run(['status'], { env })).exit, 2);
});

test('a passphrase command is split into words and run without a shell', async () => {
  const programs = { '/bin/pass': { code: 0, signal: null, output: 'right\n' } };
  const command = `/bin/pass 'two words' "a\\"b" c\\ d $HOME ''`;
  const { fake, exit } = await run(['status', '--passphrase-command', command], { programs });
  assert.equal(exit, 0, fake.err);
  assert.deepEqual(fake.runs[0]?.args, ['two words', 'a"b', 'c d', '$HOME', '']);
});

test('a passphrase command that fails is told, with exit 1', async () => {
  const programs = {
    bad: { code: 3, signal: null, output: 'right\n' },
    shot: { code: null, signal: 'SIGKILL' as const, output: 'right\n' },
  };
  for (const [command, says] of [
    ['bad', /passphrase command bad ended with exit code 3/],
    ['shot', /passphrase command shot ended with signal SIGKILL/],
    ['absent', /passphrase command absent: spawn absent ENOENT/],
  ] as const) {
    const { exit, fake } = await run(['status', '--passphrase-command', command], { programs });
    assert.equal(exit, 1);
    assert.match(fake.err, says);
  }
});

test('a malformed passphrase command is refused with its text', () => {
  for (const text of ["pass 'open", '"open', '', '   ', "''"]) {
    assert.throws(
      () => splitWords(text, 'command'),
      (error) => isVaultError(error, 'VAULT_USAGE') && error.message.includes(JSON.stringify(text)),
    );
  }
});

test('a recovery code is taken from the same sources', async () => {
  const { vault, exit } = await run(['status'], { env: { VAULT_PASSPHRASE: RECOVERY_CODE } });
  assert.equal(exit, 0);
  assert.deepEqual(vault.secrets, [{ kind: 'recovery-code', code: RECOVERY_CODE }]);
});

test('a wrong passphrase is 12; one that looks like a mistyped recovery code is called so', async () => {
  const wrong = await run(['status', '--json'], { env: { VAULT_PASSPHRASE: 'wrong' } });
  assert.equal(wrong.exit, 12);
  assert.equal(wrong.fake.lines.at(-1)?.['code'], 'VAULT_KEY_WRONG');
  assert.equal(wrong.vault.opened.length, 1);
  const typo = RECOVERY_CODE.replace('A', 'Z');
  const mistyped = await run(['status'], { env: { VAULT_PASSPHRASE: typo } });
  assert.equal(mistyped.exit, 12);
  assert.match(mistyped.fake.err, /vault: hint: the recovery code is mistyped/);
});

test('a wrong passphrase that is supplied is 12 although a device key would open', async () => {
  const vault = fakeVault({}, true);
  const { exit } = await run(['status'], { env: { VAULT_PASSPHRASE: 'wrong' } }, vault);
  assert.equal(exit, 12);
});

test('with a device key in place nobody is asked', async () => {
  const vault = fakeVault({}, true);
  const { exit, fake } = await run(['status'], terminal, vault);
  assert.equal(exit, 0);
  assert.deepEqual(vault.secrets, [undefined]);
  assert.doesNotMatch(fake.err, /passphrase/);
});

test('on a terminal the passphrase is asked for without echo, three times at most', async () => {
  const once = await run(['status'], { ...terminal, typed: ['right\r'] });
  assert.equal(once.exit, 0);
  assert.match(once.fake.err, /vault: passphrase or recovery code: /);
  assert.doesNotMatch(once.fake.err, /right/);
  const second = await run(['status'], { ...terminal, typed: ['nope\r', 'right\r'] });
  assert.equal(second.exit, 0);
  assert.match(second.fake.err, /vault: wrong passphrase; try again/);
  const never = await run(['status'], { ...terminal, typed: ['a\r', 'b\r', 'c\r', 'right\r'] });
  assert.equal(never.exit, 12);
  assert.equal(never.vault.opened.length, 3);
});

test('the terminal stops echoing before the question is there to be answered', async () => {
  const { fake } = await run(['status'], { ...terminal, typed: ['right\r'] });
  assert.equal(fake.listened.length, 1);
  assert.equal(fake.listened[0]?.mode, 'keys');
  assert.doesNotMatch(fake.listened[0].before, /recovery code: /);
});

test('keys edit what is typed, however the bytes are cut', async () => {
  const typed = 'wrong\x15rigx\x7fht\x1b\r';
  const { vault } = await run(['status'], { ...terminal, typed: [typed] });
  assert.deepEqual(vault.secrets, [right]);
});

test('Ctrl-C at the prompt is an interrupt, the end of input and an empty line are refused', async () => {
  assert.equal((await run(['status'], { ...terminal, typed: ['ri\x03'] })).exit, 130);
  assert.equal((await run(['status'], { ...terminal, typed: ['\x04'] })).exit, 2);
  assert.equal((await run(['status'], { ...terminal, typed: [] })).exit, 2);
  assert.equal((await run(['status'], { ...terminal, typed: ['\r'] })).exit, 2);
});

test('without a source and without a terminal, or with --no-input, it says what to give', async () => {
  for (const [argv, options] of [
    [['status'], {}],
    [['status', '--no-input'], terminal],
  ] as const) {
    const { exit, fake } = await run(argv, options);
    assert.equal(exit, 2);
    assert.match(fake.err, /the home needs a passphrase\n.*give --passphrase-file/);
  }
});

test('init takes its passphrase typed twice the same', async () => {
  const same = await run(['init'], { ...terminal, typed: ['new\r', 'new\r'] });
  assert.equal(same.exit, 0);
  assert.deepEqual(same.vault.calls[0]?.options, {
    home: '/users/me/.local/share/vault',
    passphrase: 'new',
  });
  const typed = ['one\r', 'two\r', 'new\r', 'new\r'];
  const again = await run(['init', '--name', 'desk'], { ...terminal, typed });
  assert.equal(again.exit, 0);
  assert.match(again.fake.err, /the two differ/);
  const never = await run(['init'], {
    ...terminal,
    typed: ['1\r', '2\r', '1\r', '2\r', '1\r', '2\r'],
  });
  assert.equal(never.exit, 2);
  assert.equal(never.vault.calls.length, 0);
});

test('init without any passphrase source and without --device-key is 2', async () => {
  const { exit, vault, fake } = await run(['init', '--json']);
  assert.equal(exit, 2);
  assert.equal(vault.calls.length, 0);
  assert.equal(fake.lines.at(-1)?.['code'], 'VAULT_USAGE');
});

test('init --device-key needs no passphrase, and says what the key file means', async () => {
  const beside = await run(['init', '--device-key', '--home', '/h', '--no-color'], terminal);
  assert.equal(beside.exit, 0);
  assert.deepEqual(beside.vault.calls[0]?.options, { home: '/h', deviceKey: true });
  assert.match(beside.fake.err, /warning: .*beside the home: anyone with this disk can open it/);
  const elsewhere = await run(['init', '--device-key', 'usb/key', '--home', '/h']);
  assert.deepEqual(elsewhere.vault.calls[0]?.options, {
    home: '/h',
    deviceKey: '/place/here/usb/key',
  });
  const both = await run(['init', '--device-key'], { env: { VAULT_PASSPHRASE: 'p' } });
  assert.deepEqual(both.vault.calls[0]?.options, {
    home: '/users/me/.local/share/vault',
    passphrase: 'p',
    deviceKey: true,
  });
});

test('init shows the recovery code once, even with --quiet', async () => {
  const { fake } = await run(['init', '-q'], { env: { VAULT_PASSPHRASE: 'p' } });
  assert.equal(fake.out.split('CODE-ONCE').length, 2);
  const json = await run(['init', '--json'], { env: { VAULT_PASSPHRASE: 'p' } });
  assert.equal(json.fake.lines.at(-1)?.['recoveryCode'], 'CODE-ONCE');
});

test('a new passphrase has its own sources, and a recovery code cannot be one', async () => {
  const env = { VAULT_PASSPHRASE: 'right' };
  const files = { '/new': 'fresh\n', '/code': RECOVERY_CODE };
  for (const words of [
    ['key', 'add'],
    ['key', 'change-passphrase'],
  ]) {
    const { vault, exit } = await run([...words, '--new-passphrase-file', '/new'], { env, files });
    assert.equal(exit, 0);
    const options = vault.calls[0]?.options as { passphrase?: string };
    assert.equal(options.passphrase, 'fresh');
    const none = await run(words, { env });
    assert.equal(none.exit, 2);
    assert.equal(none.vault.calls.length, 0);
    assert.equal((await run([...words, '--new-passphrase-file', '/code'], { env, files })).exit, 2);
  }
});

test('key add makes a device key file where asked', async () => {
  const env = { VAULT_PASSPHRASE: 'right' };
  const argv = ['key', 'add', '--device-key', 'k', '--label', 'usb'];
  const { vault } = await run(argv, { env });
  assert.deepEqual(vault.calls[0]?.options, {
    kind: 'device-key',
    file: '/place/here/k',
    label: 'usb',
  });
});
