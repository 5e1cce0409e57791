import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { deferred } from '../../src/async.ts';
import type { OperationContext } from '../../src/operations/operation.ts';
import { openVault } from '../../src/vault.ts';
import { operationContext } from '../helpers/test-home.ts';
import { assertMatchesSchema } from '../helpers/json-schema.ts';
import { eventually } from '../helpers/wait.ts';
import { rejects } from '../helpers/rejects.ts';
import { daemonWorld } from './world.ts';

describe('a daemon', () => {
  test('does what a command asks, and tells it the same as without a daemon', async (t) => {
    const world = await daemonWorld(t);
    writeFileSync(join(world.work, 'a'), 'content of a');
    await world.start();
    const vault = await world.open();
    const made = await vault.folderAdd({ path: world.work }, operationContext());
    assert.equal(made.path, world.work);
    const context = operationContext();
    const { snapshot, files } = await vault.snapshot({ folders: [] }, context);
    assert.equal(files, 1);
    assert.deepEqual(
      context.items.map(({ type, snapshot: id }) => [type, id]),
      [['result', snapshot]],
    );
    const pieces: Uint8Array[] = [];
    const write = (piece: Uint8Array): Promise<void> => Promise.resolve(void pieces.push(piece));
    const selection = { paths: ['a'], cwd: world.work };
    assert.deepEqual(await vault.cat(selection, write, operationContext()), { bytes: 12 });
    assert.equal(Buffer.concat(pieces).toString(), 'content of a');
    assert.deepEqual(await vault.configGet('compression'), {
      key: 'compression',
      value: '3',
      origin: 'default',
    });
  });

  test('passes on an error with all that is in it', async (t) => {
    const world = await daemonWorld(t);
    await world.start();
    const vault = await world.open();
    const error = await rejects('VAULT_NOT_FOUND', () =>
      vault.folderShow('none', operationContext()),
    );
    assert.equal(error.message, 'there is no folder "none"');
    assert.equal(error.hint, 'there are no folders yet: add one with vault folder add PATH');
  });

  test('has names that are not UTF-8 pass through', async (t) => {
    const world = await daemonWorld(t);
    writeFileSync(Buffer.concat([Buffer.from(`${world.work}/`), Buffer.from([0xe9])]), 'raw');
    await world.start();
    const vault = await world.open();
    await vault.folderAdd({ path: world.work }, operationContext());
    await vault.snapshot({ folders: [] }, operationContext());
    const context = operationContext();
    await vault.ls({ paths: [], cwd: world.work }, context);
    assert.deepEqual(
      context.items.map(({ path }) => path),
      ['\udce9'],
    );
  });

  test('holds the home: nobody else opens it, and no second daemon starts', async (t) => {
    const world = await daemonWorld(t);
    const first = await world.start();
    const { signal } = new AbortController();
    const opening = openVault(
      { home: world.home, waitLockMs: 0, signal, secret: () => Promise.resolve(undefined) },
      world.environment,
    );
    await rejects('VAULT_LOCKED', () => opening);
    await rejects('VAULT_LOCKED', () => world.start());
    assert.ok((await world.reach()) !== undefined, 'the first is still there');
    await first.close();
    assert.equal(await world.reach(), undefined);
    assert.ok(!existsSync(join(world.home, 'daemon')));
    await world.start();
    assert.ok((await world.reach()) !== undefined);
  });

  test('is found by whoever can read the home, and its socket by nobody else', async (t) => {
    const world = await daemonWorld(t);
    await world.start();
    const { socket } = JSON.parse(readFileSync(join(world.home, 'daemon'), 'utf8')) as {
      socket: string;
    };
    assert.equal(statSync(join(world.home, 'daemon')).mode & 0o777, 0o600);
    assert.equal(statSync(join(socket, '..')).mode & 0o777, 0o700);
    assert.ok(socket.length <= 103);
  });

  test('is not taken for that of a copy of its home', async (t) => {
    const world = await daemonWorld(t);
    await world.start();
    const copy = `${world.home} copy`;
    cpSync(world.home, copy, { recursive: true });
    assert.equal(await world.reach(copy), undefined);
  });

  test('is missed where the file of a killed one is left behind', async (t) => {
    const world = await daemonWorld(t);
    const daemon = await world.start();
    const file = readFileSync(join(world.home, 'daemon'));
    await daemon.close();
    writeFileSync(join(world.home, 'daemon'), file, { mode: 0o600 });
    assert.equal(await world.reach(), undefined);
    // What is left of its socket is replaced.
    const { socket } = JSON.parse(file.toString()) as { socket: string };
    writeFileSync(socket, '');
    await world.start();
    assert.ok((await world.reach()) !== undefined);
  });

  test('refuses a directory for its socket that others can enter', async (t) => {
    const world = await daemonWorld(t);
    const open = join(world.home, '..', 'tmp', `vault-${process.geteuid?.()}`);
    mkdirSync(open, { mode: 0o755 });
    await rejects('VAULT_REFUSED', () => world.start());
  });
});

describe('a daemon without anything that opens its home', () => {
  test('waits locked, says so, and is unlocked by a command with the passphrase', async (t) => {
    const world = await daemonWorld(t, { passphrase: 'right', deviceKey: false });
    const daemon = await world.start();
    assert.ok(daemon.isLocked);
    assert.equal((await world.reach())?.isLocked, true);
    const wrong = { kind: 'passphrase', passphrase: 'wrong' } as const;
    await rejects('VAULT_KEY_WRONG', () => world.open());
    await rejects('VAULT_KEY_WRONG', () => world.open(wrong));
    assert.ok(daemon.isLocked);
    const vault = await world.open({ kind: 'passphrase', passphrase: 'right' });
    assert.ok(!daemon.isLocked);
    assert.equal((await vault.folderList(operationContext())).folders, 0);
    // From now on nothing is needed, and what is wrong is still refused.
    assert.equal((await (await world.open()).folderList(operationContext())).folders, 0);
    await rejects('VAULT_KEY_WRONG', () => world.open(wrong));
  });

  test('does not start with a passphrase that is wrong, and leaves nothing behind', async (t) => {
    const world = await daemonWorld(t, { passphrase: 'right' });
    const secret = { kind: 'passphrase', passphrase: 'wrong' } as const;
    await rejects('VAULT_KEY_WRONG', () => world.start({ secret }));
    assert.equal(await world.reach(), undefined);
    assert.ok(!existsSync(join(world.home, 'daemon')));
    await world.start();
  });

  test('changes the passphrase that a command gave, not the one that opened the home', async (t) => {
    const world = await daemonWorld(t, { passphrase: 'first' });
    await world.start();
    const vault = await world.open();
    await vault.keyAdd({ kind: 'passphrase', passphrase: 'second' }, operationContext());
    const opened = await world.open({ kind: 'passphrase', passphrase: 'second' });
    await opened.keyChangePassphrase({ passphrase: 'third' }, operationContext());
    await world.open({ kind: 'passphrase', passphrase: 'first' });
    await world.open({ kind: 'passphrase', passphrase: 'third' });
    const old = { kind: 'passphrase', passphrase: 'second' } as const;
    await rejects('VAULT_KEY_WRONG', () => world.open(old));
  });
});

describe('a command at a daemon', () => {
  test('is asked what the operation asks', async (t) => {
    const world = await daemonWorld(t);
    await world.start();
    const vault = await world.open();
    await vault.folderAdd({ path: world.work }, operationContext());
    const removal = (context: OperationContext): Promise<unknown> =>
      vault.folderRemove({ folder: 'work' }, context);
    await rejects('VAULT_REFUSED', () => removal(operationContext()));
    await rejects('VAULT_REFUSED', () => removal(operationContext({ answer: false })));
    let asked = '';
    const confirm = ({ text }: { text: string }): Promise<boolean> => {
      asked = text;
      return Promise.resolve(true);
    };
    await removal({ ...operationContext(), confirm });
    assert.match(asked, /^remove the folder work /);
  });

  test('gets what its own answer threw, and the next call goes through', async (t) => {
    const world = await daemonWorld(t);
    await world.start();
    const vault = await world.open();
    await vault.folderAdd({ path: world.work }, operationContext());
    const confirm = (): Promise<boolean> => Promise.reject(new Error('the terminal is gone'));
    await assert.rejects(
      vault.folderRemove({ folder: 'work' }, { ...operationContext(), confirm }),
      new Error('the terminal is gone'),
    );
    assert.equal((await vault.folderList(operationContext())).folders, 1);
  });

  test('interrupts its own operation, and nothing else', async (t) => {
    const world = await daemonWorld(t);
    await world.start();
    const vault = await world.open();
    await vault.folderAdd({ path: world.work }, operationContext());
    writeFileSync(join(world.work, 'large'), Buffer.alloc(8_000_000, 'x'));
    const controller = new AbortController();
    const context = operationContext({ signal: controller.signal });
    const snapshot = vault.snapshot({ folders: [] }, context);
    const other = vault.folderList(operationContext());
    controller.abort();
    await rejects('VAULT_INTERRUPTED', () => snapshot);
    assert.equal((await other).folders, 1);
    assert.equal((await vault.snapshot({ folders: [] }, operationContext())).files, 1);
  });

  test('is told plainly that the daemon ended', async (t) => {
    const world = await daemonWorld(t);
    const daemon = await world.start();
    const vault = await world.open();
    await vault.folderAdd({ path: world.work }, operationContext());
    const asked = deferred<void>();
    const confirm = (): Promise<boolean> => {
      asked.resolve();
      return deferred<boolean>().promise;
    };
    const removal = vault.folderRemove({ folder: 'work' }, { ...operationContext(), confirm });
    await asked.promise;
    const [error] = await Promise.all([rejects('VAULT_CLOSED', () => removal), daemon.close()]);
    assert.match(error.message, /^the daemon was stopped before/);
    await rejects('VAULT_CLOSED', () => vault.folderList(operationContext()));
  });

  test('stops the daemon, and returns once the home is free', async (t) => {
    const world = await daemonWorld(t);
    const daemon = await world.start();
    const stopping = daemon.stopAsked.then(() => daemon.close());
    const reached = await world.reach();
    await reached?.stop(new AbortController().signal);
    await stopping;
    await world.start();
  });
});

describe('a daemon among other nodes', () => {
  test('listens as it is told, or does not start', async (t) => {
    const world = await daemonWorld(t);
    const other = await daemonWorld(t);
    const first = await world.start({ listen: '127.0.0.1:0' });
    const address = first.address ?? '';
    assert.match(address, /^127\.0\.0\.1:\d+$/);
    await rejects('VAULT_EXISTS', () => other.start({ listen: address }));
    assert.equal(await other.reach(), undefined);
    await first.reload();
  });

  test('goes on without where only the setting tells it to, and says so', async (t) => {
    const world = await daemonWorld(t);
    const other = await daemonWorld(t);
    const { address = '' } = await world.start({ listen: '127.0.0.1:0' });
    const begun = await other.start();
    await (await other.open()).configSet('listen', address);
    await begun.close();
    const daemon = await other.start({ listen: undefined });
    assert.equal(daemon.address, undefined);
    assert.ok(other.log.includes('trouble: VAULT_EXISTS'), other.log.join('\n'));
  });

  test('a file saved on one is on the other once both are members', async (t) => {
    const [one, two] = [await daemonWorld(t, {}, 'one'), await daemonWorld(t, {}, 'two')];
    const { address = '' } = await one.start({ listen: '127.0.0.1:0', watch: true });
    await two.start({ watch: true });
    const [here, there] = [await one.open(), await two.open()];
    await here.folderAdd({ path: one.work }, operationContext());
    writeFileSync(join(one.work, 'first'), 'of one');
    const { invite } = await here.invite(
      { folder: 'work', addresses: [address] },
      operationContext(),
    );
    await there.join({ invite, path: two.work, cwd: two.work }, operationContext());
    const holds = (path: string, text: string) => (): boolean =>
      existsSync(path) && readFileSync(path, 'utf8') === text;
    await eventually('the first file', holds(join(two.work, 'first'), 'of one'));
    writeFileSync(join(one.work, 'second'), 'of one too');
    await eventually('the second file', holds(join(two.work, 'second'), 'of one too'));
    writeFileSync(join(two.work, 'third'), 'of two');
    await eventually('the third file', holds(join(one.work, 'third'), 'of two'));
  });
});

test('whoever listens hears what happens, and what it missed', async (t) => {
  const world = await daemonWorld(t);
  await world.start();
  const vault = await world.open();
  const listener = await world.reach();
  const controller = new AbortController();
  const context = operationContext({ signal: controller.signal });
  const listening = listener?.events(context) ?? Promise.resolve();
  await eventually('listening', () => context.items.length === 1);
  await vault.folderAdd({ path: world.work }, operationContext());
  await vault.snapshot({ folders: [] }, operationContext());
  await eventually('both changes', () => context.items.length === 3);
  assert.deepEqual(
    context.items.map(({ type, operation }) => [type, operation]),
    [
      ['listening', undefined],
      ['change', 'folderAdd'],
      ['change', 'snapshot'],
    ],
  );
  for (const item of context.items) assertMatchesSchema('events', item);
  controller.abort();
  await listening;
});
