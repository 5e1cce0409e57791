import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VaultError } from '../../src/errors.ts';
import type { OperationContext } from '../../src/operations/operation.ts';
import { deferred } from '../../src/async.ts';
import { FakeContext, type FakeOptions } from './fake-context.ts';
import { fakeVault, type FakeVault } from './fake-vault.ts';

const env = { VAULT_PASSPHRASE: 'right' };

function prepare(vault: FakeVault, argv: string, options: FakeOptions = {}): FakeContext {
  return new FakeContext(argv.split(' '), { env, vault, ...options });
}

/** A vault whose snapshots run until told otherwise; `started` gives their context. */
function longRunning(
  run: (context: OperationContext) => Promise<{ snapshots: number; damaged: number }>,
): {
  vault: FakeVault;
  started: Promise<OperationContext>;
} {
  const started = deferred<OperationContext>();
  const vault = fakeVault({
    snapshots: (_options, context) => {
      started.resolve(context);
      return run(context);
    },
  });
  return { vault, started: started.promise };
}

function untilAborted(context: OperationContext): Promise<never> {
  const aborted = deferred<never>();
  context.signal.addEventListener('abort', () => aborted.reject(context.signal.reason));
  return aborted.promise;
}

test('an interrupt ends the operation, is said, and exits 130 with an error line', async () => {
  for (const [signal, exit] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 143],
  ] as const) {
    const { vault, started } = longRunning(untilAborted);
    const fake = prepare(vault, 'snapshots a --json');
    const outcome = fake.run();
    await started;
    fake.signal(signal);
    assert.deepEqual(await outcome, { exit });
    const last = fake.lines.at(-1);
    assert.equal(last?.['type'], 'error');
    assert.equal(last['code'], 'VAULT_INTERRUPTED');
    assert.equal(last['exit'], exit);
    assert.match(fake.err, signal === 'SIGINT' ? /press Ctrl-C again/ : /terminated: ending soon/);
    assert.equal(vault.closed, 1);
  }
});

test('an operation that ends by an AbortError of its own counts as interrupted', async () => {
  const { vault, started } = longRunning(async (context) => {
    await untilAborted(context).catch(() => undefined);
    throw new DOMException('This operation was aborted', 'AbortError');
  });
  const fake = prepare(vault, 'snapshots a');
  const outcome = fake.run();
  await started;
  fake.signal('SIGTERM');
  assert.deepEqual(await outcome, { exit: 143 });
});

test('a second interrupt ends the run although the operation does not', async () => {
  const { vault, started } = longRunning(() => deferred<never>().promise);
  const fake = prepare(vault, 'snapshots a --json');
  const outcome = fake.run();
  await started;
  fake.signal('SIGINT');
  fake.signal('SIGINT');
  assert.deepEqual(await outcome, { exit: 130 });
  assert.equal(fake.lines.at(-1)?.['exit'], 130);
});

test('an operation that comes to its end in spite of an interrupt is done', async () => {
  const finish = deferred<{ snapshots: number; damaged: number }>();
  const { vault, started } = longRunning(() => finish.promise);
  const fake = prepare(vault, 'snapshots a --json');
  const outcome = fake.run();
  await started;
  fake.signal('SIGINT');
  finish.resolve({ snapshots: 0, damaged: 0 });
  assert.deepEqual(await outcome, { exit: 0 });
  assert.equal(fake.lines.at(-1)?.['type'], 'summary');
});

test('a failure that came with the interrupt is told as what it is', async () => {
  const { vault, started } = longRunning(async (context) => {
    await untilAborted(context).catch(() => undefined);
    throw new VaultError('VAULT_NO_SPACE', 'the disk is full');
  });
  const fake = prepare(vault, 'snapshots a');
  const outcome = fake.run();
  await started;
  fake.signal('SIGINT');
  assert.deepEqual(await outcome, { exit: 21 });
});

test('an error nobody caught ends the run with 1 and an error line', async () => {
  const { vault, started } = longRunning(() => deferred<never>().promise);
  const fake = prepare(vault, 'snapshots a --json');
  const outcome = fake.run();
  await started;
  fake.uncaught(new TypeError('stray'));
  assert.deepEqual(await outcome, { exit: 1 });
  assert.equal(fake.lines.at(-1)?.['message'], 'stray');
});

test('a reader that goes away ends a command that only prints, quietly', async () => {
  const fake = prepare(fakeVault(), 'ls', { outputLimit: 3 });
  assert.deepEqual(await fake.run(), { exit: 0 });
  assert.equal(fake.err, '');
});

test('a reader that goes away does not end a command that does something', async () => {
  const vault = fakeVault();
  const fake = prepare(vault, 'snapshot --json', { outputLimit: 0 });
  assert.deepEqual(await fake.run(), { exit: 0 });
  assert.equal(vault.calls.length, 1);
  assert.equal(vault.closed, 1);
  const failing = fakeVault({ snapshot: () => Promise.reject(new VaultError('VAULT_IO', 'no')) });
  assert.deepEqual(await prepare(failing, 'snapshot --json', { outputLimit: 0 }).run(), {
    exit: 1,
  });
});

test('output that cannot be written is an error', async () => {
  const outputError = Object.assign(new Error('no space'), { code: 'ENOSPC' });
  for (const argv of ['ls', 'cat x', 'snapshot', 'help', '--version --quiet']) {
    const fake = prepare(fakeVault(), argv, { outputError });
    const outcome = await fake.run();
    assert.deepEqual(outcome, { exit: 1 }, argv);
    assert.match(fake.err, /vault: error: cannot write to standard output/);
  }
});

test('progress is shown at once, ten times a second at most, and taken away', async () => {
  const steps = deferred<void>();
  const { vault, started } = longRunning(async (context) => {
    for (let files = 1; files <= 50; files++) {
      context.emit({ type: 'progress', phase: 'reading', files, bytes: 0, totalFiles: 50 });
    }
    await steps.promise;
    return { snapshots: 0, damaged: 0 };
  });
  const fake = prepare(vault, 'snapshots a', { isTerminal: true });
  const outcome = fake.run();
  assert.match(fake.err, /^\rvault: starting/, 'before anything is loaded');
  await started;
  const drawn = fake.err.split('\r').filter((text) => text.includes('vault:')).length;
  assert.ok(drawn <= 2, `${drawn} drawings in no time at all`);
  fake.now += 100;
  for (const timer of fake.timers.filter((one) => one.at <= fake.now)) timer.run();
  assert.ok(fake.err.endsWith('\rvault: reading: 50 of 50 files\u001b[K'), fake.err);
  steps.resolve();
  await outcome;
  assert.equal(fake.timers.length, 0, 'no timer is left');
  assert.ok(fake.err.split('\u001b[K').at(-2)?.endsWith('\r'), 'the line is cleared');
  assert.match(fake.err, /hint:.* there is no snapshot yet/);
});

test('progress is not shown with --quiet, with --json or without a terminal', async () => {
  for (const [argv, isTerminal] of [
    ['snapshot --quiet', true],
    ['snapshot --json', true],
    ['snapshot', false],
  ] as const) {
    const fake = prepare(fakeVault(), argv, { isTerminal });
    await fake.run();
    assert.doesNotMatch(fake.err, /\r/, argv);
  }
});

test('a progress line is no longer than the terminal is wide and holds no control characters', async () => {
  const { vault } = longRunning(async (context) => {
    const phase = `\u001b]0;title\u0007${'x'.repeat(200)}`;
    await Promise.resolve();
    fake.now += 200;
    context.emit({ type: 'progress', phase, files: 0, bytes: 0 });
    return { snapshots: 1, damaged: 0 };
  });
  const fake = prepare(vault, 'snapshots a', { isTerminal: true });
  await fake.run();
  const line = fake.err.split('\r').find((one) => one.includes('title'));
  assert.ok(line?.startsWith('vault: \\x1b]0;title\\x07xxx'), line);
  assert.ok((line?.length ?? 0) <= 79 + '\u001b[K'.length);
});

test('colour is decided per stream, and NO_COLOR, TERM=dumb and --no-color turn it off', async () => {
  const colored = async (
    argv: string,
    more: Record<string, string>,
    on: boolean,
  ): Promise<string> => {
    const options = { env: { ...env, ...more }, isOutputTerminal: on, isTerminal: on };
    const fake = prepare(fakeVault(), argv, options);
    await fake.run();
    const has = (text: string): string => (/\p{Cc}\[\d+m/u.test(text) ? 'color' : 'plain');
    return `${has(fake.out)} ${has(fake.err)}`;
  };
  assert.equal(await colored('status', {}, true), 'color color');
  assert.equal(await colored('status', {}, false), 'plain plain');
  assert.equal(await colored('status', { NO_COLOR: '1' }, true), 'plain plain');
  assert.equal(await colored('status', { NO_COLOR: '' }, true), 'color color');
  assert.equal(await colored('status', { TERM: 'dumb' }, true), 'plain plain');
  assert.equal(await colored('status --no-color', {}, true), 'plain plain');
  assert.equal(await colored('status', { FORCE_COLOR: '1' }, false), 'color color');
  assert.equal(await colored('status', { FORCE_COLOR: '0' }, false), 'plain plain');
  assert.equal(await colored('status', { FORCE_COLOR: '1', NO_COLOR: '1' }, false), 'plain plain');
});

test('no command at all explains itself on standard error, exit 2', async () => {
  const fake = new FakeContext([]);
  assert.deepEqual(await fake.run(), { exit: 2 });
  assert.equal(fake.out, '');
  assert.match(fake.err, /^usage: vault \[options\] <command>/);
  const json = new FakeContext(['--json']);
  assert.deepEqual(await json.run(), { exit: 2 });
  assert.equal(json.lines.at(-1)?.['code'], 'VAULT_USAGE');
});

test('a malformed command line is an error line where --json is among it', async () => {
  for (const [argv, more] of [
    [['ls', '--nope', '--json'], {}],
    [['--json', 'lss'], {}],
    [['ls', '--nope'], { VAULT_JSON: 'yes' }],
    [['folder', '--json'], {}],
  ] as const) {
    const fake = new FakeContext(argv, { env: more });
    assert.deepEqual(await fake.run(), { exit: 2 });
    assert.equal(fake.lines.length, 1);
    assert.equal(fake.lines[0]?.['type'], 'error');
    assert.equal(fake.lines[0]['exit'], 2);
  }
  const word = new FakeContext(['--nope', '--', '--json']);
  assert.deepEqual(await word.run(), { exit: 2 });
  assert.equal(word.out, '');
});
