import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readTwin, writeTwin } from '../../src/store/twin-file.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { everyByte } from '../helpers/every-byte.ts';
import { realEnvironment } from '../helpers/test-environment.ts';
import { inVault, makeHome, operationContext } from '../helpers/test-home.ts';
import { TestNode } from '../helpers/test-node.ts';
import { CommandHost } from './command-host.ts';

// What commands do is tested here, not that each is a process.
const host = new CommandHost();
after(() => host.close());

type Line = Record<string, unknown>;

const said = ({ message, hint }: Line): string => `${String(message)} ${String(hint)}`;

test('a wrong passphrase is exit 12 and touches nothing', async (t) => {
  const node = TestNode.bare(t, host);
  const passphrase = 'right';
  await node.jsonWith({ passphrase }, 0, 'init', '--name', 'n');
  await node.jsonWith({ passphrase }, 0, 'folder', 'add', node.work);
  const before = everyByte(node.directory);
  for (const args of [
    ['snapshot'],
    ['key', 'change-passphrase', '--new-passphrase-command', 'echo new'],
  ]) {
    const error = (await node.jsonWith({ passphrase: 'wrong' }, 12, ...args)).at(-1) ?? {};
    assert.equal(error['code'], 'VAULT_KEY_WRONG');
  }
  assert.deepEqual(everyByte(node.directory), before);

  // None, and nobody to ask; an empty one; two sources at once; a file that is not there.
  await node.fails(2, 'snapshot', '--no-input');
  await node.jsonWith({ passphrase: '' }, 2, 'snapshot');
  const missing = await node.fails(2, 'snapshot', '--passphrase-file', 'no/such/file');
  assert.match(said(missing), /no\/such\/file/);
  const two = ['--passphrase-file', 'a', '--passphrase-command', 'b'];
  assert.match(said(await node.fails(2, 'snapshot', ...two)), /--passphrase-command/);
  await node.fails(1, 'snapshot', '--passphrase-command', 'false');
  assert.deepEqual(everyByte(node.directory), before);
});

test('init neither replaces a home nor moves into a directory of something else', async (t) => {
  const node = TestNode.bare(t, host);
  await node.fails(2, 'init', '--no-input');
  writeFileSync(join(node.work, 'theirs'), 'theirs');
  assert.equal(
    (await node.fails(1, 'init', '--device-key', '--home', node.work))['code'],
    'VAULT_EXISTS',
  );
  await node.fails(2, 'init', '--device-key', '--name', 'two\nlines');
  await node.fails(10, 'snapshot');
  await node.done('init', '--device-key');
  const before = everyByte(node.home);
  assert.equal((await node.fails(1, 'init', '--device-key'))['code'], 'VAULT_EXISTS');
  assert.deepEqual(everyByte(node.home), before);
  assert.equal(readFileSync(join(node.work, 'theirs'), 'utf8'), 'theirs');
});

test('a home that needs a newer vault is refused by name and left as it is', async (t) => {
  const node = await TestNode.make(t, host);
  const path = join(node.home, 'home');
  const fileSystem = realFileSystem();
  const original = readTwin(fileSystem, path);
  const marker = JSON.parse(Buffer.from(original?.content ?? []).toString()) as Line;
  const becomes = async (change: Line, named: RegExp): Promise<void> => {
    writeTwin(fileSystem, path, Buffer.from(JSON.stringify({ ...marker, ...change })));
    const before = everyByte(node.home);
    for (const command of ['snapshot', 'init']) {
      const args = command === 'init' ? [command, '--device-key'] : [command];
      const error = await node.fails(1, ...args);
      assert.equal(error['code'], 'VAULT_FORMAT_UNSUPPORTED');
      assert.match(said(error), named);
    }
    assert.deepEqual(everyByte(node.home), before);
  };
  await becomes({ format: 2 }, /format 2/);
  await becomes({ features: ['time-travel'] }, /time-travel/);
  writeTwin(fileSystem, path, original?.content ?? new Uint8Array(0));
  await node.done('snapshots', 'work');
});

test('folders that overlap one another or the home are refused', async (t) => {
  const environment = realEnvironment(t);
  const { directory } = environment;
  const [home, work] = [join(directory, 'home'), join(directory, 'work')];
  mkdirSync(join(work, 'inside'), { recursive: true });
  await makeHome(environment, home);
  mkdirSync(join(home, 'below'));
  symlinkSync(join(work, 'inside'), join(directory, 'link'));
  writeFileSync(join(directory, 'file'), '');
  mkdirSync(join(directory, 'work 2/work'), { recursive: true });
  await inVault(environment, home, async (vault) => {
    const add = (path: string, name?: string): Promise<unknown> =>
      vault.folderAdd({ path, ...(name === undefined ? {} : { name }) }, operationContext());
    await add(work);
    const roots = [
      work,
      `${work}/`,
      join(work, 'inside'),
      join(directory, 'link'),
      directory,
      '/',
      home,
      join(home, 'below'),
    ];
    for (const root of roots) await assert.rejects(add(root, 'n'), { code: 'VAULT_REFUSED' }, root);
    for (const nothing of ['nowhere', 'file']) {
      await assert.rejects(add(join(directory, nothing)), { code: 'VAULT_NOT_FOUND' });
    }
    // A path that begins alike is no overlap; a name that is taken is refused.
    await assert.rejects(add(join(directory, 'work 2/work')), { code: 'VAULT_EXISTS' });
    await add(join(directory, 'work 2'));
  });
});

test('what nothing is called is exit 10, what makes no sense is exit 2 and named', async (t) => {
  const node = await TestNode.make(t, host);
  writeFileSync(join(node.work, 'file'), 'content');
  await node.done('snapshot', '--tag', 'kept');
  const to = ['--to', join(node.directory, 'to')] as const;
  const unknown: readonly (readonly string[])[] = [
    ['snapshot', 'no-such-folder'],
    ['ls', '-f', 'work', 'no/such/path'],
    ['ls', '-f', 'work', '--at', 'no-such-tag'],
    ['restore', '-f', 'work', '--at', 'abcdef012345', ...to],
    ['snapshots', '--home', join(node.directory, 'no-home')],
  ];
  for (const args of unknown) {
    const error = await node.fails(10, ...args);
    assert.equal(error['code'], 'VAULT_NOT_FOUND', args.join(' '));
  }
  const cat = await node.run('cat', '-f', 'work', 'nothing');
  assert.deepEqual([cat.exit, cat.stdout.length], [10, 0]);
  // Nothing is there before the first snapshot, which is not the same as never.
  const early = await node.json(0, 'ls', '-f', 'work', '--at', '2001-01-01');
  assert.equal(early.at(-1)?.['entries'], 0);

  const senseless: readonly (readonly [string, ...string[]])[] = [
    ['2026-02-30', 'ls', '-f', 'work', '--at', '2026-02-30'],
    ['7 fortnights ago', 'ls', '-f', 'work', '--at', '7 fortnights ago'],
    ['banana', 'config', 'set', 'workers', 'banana'],
    ['no-such-setting', 'config', 'set', 'no-such-setting', '1'],
    ['colour', 'folder', 'set', 'work', 'colour=red'],
  ];
  for (const [offending, ...args] of senseless) {
    const ran = await node.run(...args, '--json');
    assert.equal(ran.exit, 2, `${args.join(' ')}: ${ran.stdout.toString()}`);
    assert.ok(said(ran.last()).includes(offending), `${args.join(' ')}: ${said(ran.last())}`);
  }
  for (const [name, value] of Object.entries({ VAULT_JSON: 'maybe', VAULT_QUIET: 'rather' })) {
    const ran = await node.runWith({ env: { [name]: value } }, 'status');
    assert.equal(ran.exit, 2);
    assert.ok(ran.stderr.includes(value) && ran.stderr.includes(name), ran.stderr);
  }
  rmSync(to[1], { recursive: true, force: true });
});
