import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commands } from '../../src/cli/commands.ts';
import { assertMatchesSchema } from '../helpers/json-schema.ts';
import { JoiningNode } from '../helpers/joining.ts';
import { makeConflict } from '../helpers/joined-in-memory.ts';
import { endDaemonOf } from '../helpers/daemon-of-home.ts';
import { startVault } from '../helpers/run-vault.ts';
import { TestNode } from '../helpers/test-node.ts';
import { eventually } from '../helpers/wait.ts';
import { CommandHost } from './command-host.ts';

type Line = Record<string, unknown>;

const lastOf = (lines: readonly Line[]): Line => lines.at(-1) ?? {};
const only = (lines: readonly Line[], type: string): Line[] =>
  lines.filter((line) => line['type'] === type);

test('every command says in JSON what it did', async (t) => {
  // What they print, not that each is a process, is what counts here.
  const host = new CommandHost();
  t.after(() => host.close());
  const node = TestNode.bare(t, host);
  const other = join(node.directory, 'other');
  mkdirSync(other);
  writeFileSync(join(other, 'in other'), 'other');
  const passphrases = join(node.directory, 'passphrase');
  writeFileSync(passphrases, 'correct horse');
  let folder = '';
  let snapshot = '';

  await t.test('init, version and help', async () => {
    const made = await node.json(0, 'init', '--name', 'my node', '--device-key');
    const { node: id, name, home, recoveryCode, deviceKey } = lastOf(made);
    assert.match(String(id), /^[0-9a-f]{64}$/);
    assert.match(String(recoveryCode), /^([0-9A-Z]{4}-){8}[0-9A-Z]{4}$/);
    assert.deepEqual(
      [name, home, deviceKey],
      ['my node', node.home, join(node.home, 'device-key')],
    );
    const version = await node.run('--version', '--json');
    assert.equal(version.exit, 0);
    for (const line of version.lines()) assertMatchesSchema('version', line);
    await node.json(0, 'help');
    await node.json(0, 'help', 'snapshot');
    await node.json(2, 'help', 'snapshto');
  });

  await t.test('folders', async () => {
    const work = lastOf(await node.json(0, 'folder', 'add', 'work'));
    folder = String(work['folder']);
    assert.deepEqual([work['name'], work['path']], ['work', node.work]);
    await node.done('folder', 'add', other, '--name', 'the other one', '--exclude', '*.tmp');
    const listed = await node.json(0, 'folder', 'list');
    assert.deepEqual(
      only(listed, 'folder').map(({ name }) => name),
      ['the other one', 'work'],
    );
    assert.equal(lastOf(listed)['folders'], 2);
    const shown = only(await node.json(0, 'folder', 'show', 'the other one'), 'folder')[0];
    assert.deepEqual(shown?.['excludes'], ['*.tmp']);
    writeFileSync(join(other, 'x.tmp'), '');
    await node.done('folder', 'set', 'the other one', 'exclude+=*.o', 'exclude-larger-than=1M');
    const ignored = only(await node.json(0, 'status', 'the other one', '--ignored'), 'ignored');
    assert.deepEqual(
      ignored.map(({ path, by, pattern }) => [path, by, pattern]),
      [['x.tmp', 'pattern', '*.tmp']],
    );
    await node.done('folder', 'set', 'the other one', 'name=second');
    assert.equal((await node.done('folder', 'show', 'second'))['name'], 'second');
  });

  await t.test('snapshots: a result for each folder, and totals', async () => {
    writeFileSync(join(node.work, 'plain'), 'plain');
    utimesSync(join(node.work, 'plain'), 1_000_000_000, 1_000_000_000.25);
    mkdirSync(join(node.work, 'dir'));
    writeFileSync(Buffer.concat([Buffer.from(`${node.work}/dir/`), Buffer.from([0xe9])]), 'raw');
    symlinkSync('plain', join(node.work, 'link'));
    const lines = await node.json(
      0,
      'snapshot',
      '-m',
      'first',
      '--tag',
      'a',
      '--tag',
      'b',
      '--pin',
    );
    const results = only(lines, 'result');
    assert.deepEqual(
      results.map(({ name, files, dirs, bytes }) => ({ name, files, dirs, bytes })),
      [
        { name: 'second', files: 1, dirs: 0, bytes: 5 },
        { name: 'work', files: 3, dirs: 1, bytes: 8 },
      ],
    );
    const { folder: none, snapshot: noOne, files, dirs, bytes, added } = lastOf(lines);
    assert.deepEqual([none, noOne, files, dirs, bytes, added], [null, null, 4, 1, 13, 4]);
    snapshot = String(results[1]?.['snapshot']);
    assert.match(snapshot, /^[0-9a-f]{32}$/);

    const listed = only(await node.json(0, 'snapshots', 'work'), 'snapshot');
    assert.equal(listed.length, 1);
    const { time, ...rest } = listed[0] ?? {};
    assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 600_000);
    assert.deepEqual(
      [rest['snapshot'], rest['node'], rest['message'], rest['tags'], rest['pinned']],
      [snapshot, 'my node', 'first', ['a', 'b'], true],
    );
  });

  await t.test('what is in a folder, with the true bytes of names that are no text', async () => {
    const lines = await node.json(0, 'ls', '-f', 'work', '-R', '--at', snapshot);
    const { entries } = lastOf(lines);
    assert.equal(entries, 4);
    const byPath = new Map(lines.slice(0, -1).map((line) => [line['path'], line]));
    const plain = byPath.get('plain');
    assert.deepEqual([plain?.['size'], plain?.['kind']], [5, 'file']);
    assert.equal(byPath.get('link')?.['target'], 'plain');
    const raw = lines.find((line) => line['pathBase64'] !== undefined);
    const bytes = Buffer.from(String(raw?.['pathBase64']), 'base64');
    assert.ok(bytes.equals(Buffer.from([0x64, 0x69, 0x72, 0x2f, 0xe9])), JSON.stringify(raw));
    assert.equal(only(lines, 'warning').length, 0);
    assert.deepEqual(
      await node.fails(2, 'cat', '-f', 'work', 'plain').then(({ code }) => code),
      'VAULT_USAGE',
    );
  });

  await t.test('what changed, with the true bytes of patches that are no text', async () => {
    const raw = Buffer.concat([Buffer.from(`${node.work}/dir/`), Buffer.from([0xe9])]);
    writeFileSync(raw, Buffer.from([0xe8, 0x0a]));
    const lines = await node.json(0, 'diff', '-f', 'work', '-p', snapshot);
    writeFileSync(raw, 'raw');
    assert.equal(lastOf(lines)['changed'], 1);
    const [line] = only(lines, 'difference');
    const patch = Buffer.from(String(line?.['patchBase64']), 'base64').toString('latin1');
    assert.match(patch, /^diff --git "a\/dir\/\\351" "b\/dir\/\\351"\n/);
    assert.match(patch, /\n-raw\n\\ No newline at end of file\n\+\xe8\n$/);
    assert.deepEqual(lastOf(await node.json(0, 'diff', '-f', 'work', snapshot, 'now'))['added'], 0);
    await node.fails(10, 'diff', '-f', 'work', 'no such moment');
  });

  await t.test('history', async () => {
    const versions = only(await node.json(0, 'log', '-f', 'work', 'plain'), 'version');
    assert.deepEqual(
      versions.map(({ path, size, current }) => [path, size, current]),
      [['plain', 5, true]],
    );
    await node.done('show', '-f', 'work', String(versions[0]?.['version']));
    await node.done('show', '-f', 'work', snapshot);
    await node.done('find', '-f', 'work', 'pl*');
    await node.done('stats', 'work');
  });

  await t.test('going back: the same lines in a dry run', async () => {
    writeFileSync(join(node.work, 'plain'), 'edited');
    const args = ['revert', '-f', 'work', 'plain', '--at', snapshot];
    const dry = await node.json(0, ...args, '-n');
    const real = await node.json(0, ...args);
    assert.deepEqual(dry.slice(0, -1), real.slice(0, -1));
    assert.deepEqual(
      only(real, 'change').map(({ change, path, kind }) => [change, path, kind]),
      [['changed', 'plain', 'file']],
    );
    const { recorded, changed, before } = lastOf(real);
    assert.deepEqual([recorded, changed], [1, 1]);
    assert.match(String(before), /^[0-9a-f]{32}$/);
    const undone = lastOf(await node.json(0, 'undo', '-f', 'work', 'plain'));
    assert.ok(Math.abs(Date.parse(String(undone['time'])) - Date.now()) < 600_000);
    await node.json(0, ...args);
    await node.fails(2, 'revert', '-f', 'work');
  });

  await t.test('conflicts are listed and resolved, the same in a dry run', async () => {
    writeFileSync(join(node.work, 'fought'), 'edited here');
    await node.done('snapshot', 'work');
    await endDaemonOf(node.home);
    await makeConflict(node.home, 'work', 'fought');
    const listed = await node.json(0, 'conflicts', '-f', 'work');
    const [conflict] = only(listed, 'conflict');
    const versions = conflict?.['versions'] as string[];
    const copies = conflict?.['copies'] as string[];
    assert.deepEqual([conflict?.['path'], versions.length], ['fought', 2]);
    assert.equal(conflict?.['shown'], versions[0]);
    assert.match(copies.join(), /^fought \(conflict \d{4}-\d\d-\d\d elsewhere [0-9a-f]{6}\)$/);
    assert.equal(lastOf(listed)['conflicts'], 1);
    const status = await node.json(3, 'status', 'work', '--check');
    assert.deepEqual(
      [only(status, 'folder')[0]?.['conflicts'], lastOf(status)['conflicts']],
      [1, 1],
    );
    const args = ['resolve', '-f', 'work', 'fought', '--keep', versions[1] ?? ''];
    const dry = await node.json(0, ...args, '-n');
    const real = await node.json(0, ...args);
    assert.deepEqual(dry.slice(0, -1), real.slice(0, -1));
    assert.deepEqual([lastOf(dry)['dryRun'], lastOf(real)['kept']], [true, [versions[1]]]);
    assert.equal(readFileSync(join(node.work, 'fought'), 'utf8'), 'edited elsewhere');
    assert.equal(lastOf(await node.json(0, 'conflicts', '-f', 'work'))['conflicts'], 0);
    await node.fails(10, ...args);
    await node.fails(2, 'resolve', '-f', 'work', 'fought');
    rmSync(join(node.work, 'fought'));
    await node.done('snapshot', 'work');
  });

  await t.test('a folder moves, is locked and unlocked', async () => {
    const moved = join(node.directory, 'moved');
    const args = ['folder', 'move', 'second', moved];
    assert.equal(lastOf(await node.json(0, ...args, '-n'))['how'], 'renamed');
    assert.equal(lastOf(await node.json(0, ...args))['how'], 'renamed');
    renameSync(moved, other);
    assert.equal(lastOf(await node.json(0, 'folder', 'move', 'second', other))['how'], 'adopted');
    const dry = lastOf(await node.json(0, 'folder', 'lock', 'second', '-n'));
    const locked = lastOf(await node.json(0, 'folder', 'lock', 'second'));
    assert.deepEqual([dry['files'], dry['dryRun'], locked['files']], [1, true, 1]);
    const [shown] = only(await node.json(0, 'folder', 'show', 'second'), 'folder');
    assert.deepEqual([shown?.['locked'], shown?.['path']], [true, null]);
    const [open] = only(await node.json(0, 'status', 'second'), 'folder');
    assert.equal(open?.['locked'], true);
    const unlocked = lastOf(await node.json(0, 'folder', 'unlock', 'second'));
    assert.deepEqual([unlocked['files'], unlocked['path']], [1, shown?.['lockedAt']]);
    await node.fails(2, 'folder', 'unlock', 'second');
    await node.fails(10, 'folder', 'move', 'second', join(node.directory, 'no', 'parent'));
  });

  await t.test('restores and dry runs', async () => {
    const to = join(node.directory, 'to');
    const dry = await node.json(0, 'restore', '-f', 'work', '--to', to, '-n');
    assert.equal(only(dry, 'would-restore').length, 3);
    assert.ok(only(dry, 'would-restore').some((line) => line['pathBase64'] !== undefined));
    const { files, dirs, bytes, skipped, errors } = await node.done(
      'restore',
      '-f',
      'work',
      '--to',
      to,
    );
    assert.deepEqual([files, dirs, bytes, skipped, errors], [3, 1, 8, 0, 0]);
  });

  await t.test('what was left out is a warning with its path', async () => {
    execFileSync('mkfifo', [join(node.work, 'dir/pipe')]);
    const lines = await node.json(0, 'snapshot', 'work');
    assert.deepEqual(
      only(lines, 'warning').map(({ path }) => path),
      ['dir/pipe'],
    );
    assert.equal(lastOf(lines)['errors'], 0);
  });

  await t.test('verify and status', async () => {
    const verified = await node.json(0, 'verify', '--read');
    assert.equal(only(verified, 'result').length, 2);
    const { folders, damaged, complete } = lastOf(verified);
    assert.deepEqual([folders, damaged, complete], [2, 0, true]);
    assert.equal(
      lastOf(await node.json(0, 'verify', '--read', '--sample', '1'))['complete'],
      false,
    );
    writeFileSync(join(node.work, 'later'), 'later');
    const dry = await node.json(0, 'snapshot', 'work', '-n');
    assert.deepEqual(
      only(dry, 'would-record').map(({ path, change }) => [path, change]),
      [['later', 'added']],
    );
    assert.equal(lastOf(dry)['dryRun'], true);
    const status = await node.json(3, 'status', '--check');
    assert.deepEqual(
      only(status, 'folder').map(({ name, pending }) => [name, pending]),
      [
        ['second', 0],
        ['work', 1],
      ],
    );
    assert.equal(lastOf(status)['open'], true);
  });

  await t.test('settings', async () => {
    assert.deepEqual(await node.done('config', 'get', 'compression'), {
      type: 'summary',
      key: 'compression',
      value: '3',
      origin: 'default',
    });
    await node.done('config', 'set', 'compression', '5');
    const listed = await node.json(0, 'config', 'list');
    const compression = listed.find(({ key }) => key === 'compression');
    assert.deepEqual([compression?.['value'], compression?.['origin']], ['5', 'set']);
  });

  await t.test('other nodes', async () => {
    await node.done('config', 'set', 'listen', '127.0.0.1:0');
    const [peer] = only(await node.json(0, 'peer', 'list'), 'peer');
    assert.deepEqual([peer?.['name'], peer?.['connected']], ['elsewhere', false]);
    const [told] = only(await node.json(0, 'status', 'work'), 'peer');
    assert.deepEqual(told, peer);
    assert.equal((await node.done('peer', 'add', '127.0.0.1:1'))['changed'], true);
    assert.equal((await node.done('peer', 'add', '127.0.0.1:1'))['changed'], false);
    await node.fails(24, 'sync', '--timeout', '5s');
    await node.fails(2, 'peer', 'add', 'no address');
    await node.done('peer', 'remove', '127.0.0.1:1');
    await node.fails(10, 'peer', 'remove', '127.0.0.1:1');
    assert.equal((await node.done('deny', 'elsewhere', 'work'))['folder'], folder);
    const [denied] = only(await node.json(0, 'peer', 'list'), 'peer');
    assert.deepEqual([denied?.['deniedIn'], denied?.['denied']], [[folder], false]);
    assert.equal((await node.done('allow', 'elsewhere'))['changed'], true);
    await node.fails(10, 'deny', 'nobody');
    await node.done('folder', 'set', 'second', 'paused=true');
    assert.equal((await node.done('sync', 'second'))['folders'], 0);
    await node.done('folder', 'set', 'second', 'paused=false');
  });

  await t.test('keys', async () => {
    const slots = await node.json(0, 'key', 'list');
    assert.deepEqual(
      only(slots, 'slot').map(({ kind }) => kind),
      ['recovery-code', 'device-key'],
    );
    await node.done('key', 'add', '--new-passphrase-file', passphrases);
    const next = join(node.directory, 'next');
    writeFileSync(next, 'another one');
    const files = ['--passphrase-file', passphrases, '--new-passphrase-file', next];
    const { slot } = await node.done('key', 'change-passphrase', ...files);
    await node.done('key', 'remove', String(slot));
    await node.done('key', 'recovery-code');
  });

  await t.test('invites, and a folder that is joined and removed', async (step) => {
    const made = await node.json(0, 'invite', 'work', '--address', 'box:7420', '--role', 'read');
    const { invite, id, role, addresses, expires } = lastOf(made);
    assert.match(String(invite), /^vault1[0-9a-z]{80,}$/);
    assert.deepEqual([role, addresses], ['read', ['box:7420']]);
    const hours = (Date.parse(String(expires)) - Date.now()) / 3_600_000;
    assert.ok(hours > 23 && hours < 25);
    assert.equal(only(made, 'warning').length, 1, 'nobody outside reaches it');
    const far = await node.json(0, 'invite', 'work', '--address', 'vault.example.org:7420');
    assert.equal(only(far, 'warning').length, 0);
    assert.deepEqual(await node.done('invite', '--revoke', String(id)), {
      type: 'summary',
      id,
      state: 'revoked',
    });
    const listed = only(await node.json(0, 'invite', '--list', 'work'), 'invite');
    assert.deepEqual(
      listed.map(({ state }) => state),
      ['open', 'revoked'],
    );
    assert.ok(!JSON.stringify(listed).includes(String(invite).slice(-20)));
    await node.fails(2, 'invite', 'work', '--address', 'no address at all');
    await node.fails(10, 'invite', '--revoke', 'ffffffff');

    const issuer = await JoiningNode.issuer(step);
    const line = await issuer.invite();
    const joined = await node.done('join', line, join(node.directory, 'joined'), '--name', 'third');
    assert.deepEqual([joined['name'], joined['role'], joined['known']], ['third', 'write', false]);
    const error = await node.fails(24, 'join', line, join(node.directory, 'again'));
    assert.ok(!JSON.stringify(error).includes(line.slice(10)), 'the line is a secret');
    assert.equal((await node.fails(2, 'join', `${line}x`)).code, 'VAULT_USAGE');
    await node.done('folder', 'remove', 'third', '--yes');
  });

  await t.test('members', async () => {
    const listed = await node.json(0, 'member', 'list', 'work');
    const names = only(listed, 'member').map(({ name, role, self }) => [name, role, self]);
    assert.deepEqual(names, [
      ['my node', 'manage', true],
      ['elsewhere', 'write', false],
    ]);
    const changed = await node.done('member', 'role', 'work', 'elsewhere', 'read');
    assert.deepEqual([changed['role'], changed['changed']], ['read', true]);
    await node.fails(23, 'member', 'role', 'work', 'my node', 'read');
    await node.fails(23, 'member', 'remove', 'work', 'elsewhere', '--no-input');
    assert.equal((await node.done('member', 'remove', 'work', 'elsewhere', '-n'))['dryRun'], true);
    const epochs = async (): Promise<unknown> =>
      only(await node.json(0, 'folder', 'show', 'work'), 'folder')[0]?.['epochs'];
    assert.equal(await epochs(), 1);
    await node.done('member', 'remove', 'work', 'elsewhere', '--yes');
    assert.equal(await epochs(), 2);
    const after = await node.json(0, 'member', 'list', 'work');
    assert.deepEqual([lastOf(after)['members'], lastOf(after)['former']], [1, 1]);
    await node.fails(10, 'member', 'remove', 'work', 'elsewhere', '--yes');
  });

  await t.test('a folder is removed, its files are not', async () => {
    assert.equal((await node.done('folder', 'remove', 'second', '-n'))['dryRun'], true);
    await node.fails(23, 'folder', 'remove', 'second', '--no-input');
    await node.done('folder', 'remove', 'second', '--yes');
    assert.equal(lastOf(await node.json(0, 'folder', 'list'))['folders'], 1);
    assert.equal((await node.done('snapshot'))['folder'], folder);
    renameSync(join(other, 'in other'), join(other, 'still there'));
  });

  await t.test('a daemon in the foreground and in the background, and what it tells', async () => {
    // These are processes of their own.
    const real = { input: '' };
    await endDaemonOf(node.home);
    assert.equal(
      lastOf(await node.jsonWith(real, 0, 'start', '--listen', 'off', '--no-watch'))['started'],
      true,
    );
    const listening = startVault({ home: node.home, passphrase: undefined }, 'events', '--json');
    const told: Buffer[] = [];
    listening.stdout.on('data', (data: Buffer) => told.push(data));
    const ended = once(listening, 'close');
    await eventually('events to be listened to', () => told.length > 0);
    assert.equal(lastOf(await node.jsonWith(real, 0, 'start'))['started'], false);
    const upAgain = lastOf(await node.json(0, 'up', node.work));
    assert.deepEqual(
      [upAgain['created'], upAgain['added'], upAgain['started']],
      [false, false, false],
    );
    assert.equal((await node.json(1, 'daemon')).at(-1)?.['code'], 'VAULT_EXISTS');
    assert.equal(lastOf(await node.json(0, 'folder', 'list'))['folders'], 1);
    assert.equal(lastOf(await node.json(0, 'stop'))['stopped'], true);
    assert.deepEqual(await ended, [0, null]);
    const events = Buffer.concat(told).toString().trim().split('\n');
    for (const line of events) assertMatchesSchema('events', JSON.parse(line));
    assert.equal(events.at(-1), '{"type":"summary"}');
    node.ended.add('events');
    assert.equal(lastOf(await node.json(0, 'stop'))['stopped'], false);
    const foreground = node.jsonWith(real, 0, 'daemon', '--listen', '127.0.0.1:0', '--no-watch');
    await eventually('the daemon', () => existsSync(join(node.home, 'daemon')));
    assert.equal(lastOf(await node.json(0, 'stop'))['stopped'], true);
    assert.deepEqual(only(await foreground, 'ready').length, 1);
    await node.fails(1, 'events');
    // Where no service manager is touched.
    const env = { HOME: node.directory, XDG_CONFIG_HOME: node.directory, PATH: node.directory };
    const installed = lastOf(await node.jsonWith({ ...real, env }, 0, 'service', 'install'));
    assert.deepEqual([installed['enabled'], installed['opensWith']], [false, 'device-key']);
    assert.ok(existsSync(String(installed['file'])));
    const gone = lastOf(await node.jsonWith({ ...real, env }, 0, 'service', 'uninstall'));
    assert.deepEqual([gone['removed'], gone['file']], [true, installed['file']]);
    assert.ok(!existsSync(String(installed['file'])));
  });

  await t.test('the machine, whatever it is like', async () => {
    const lines = await node.jsonWith({}, await exitOfDoctor(node), 'doctor');
    const { ok, warnings, problems } = lastOf(lines);
    assert.equal(only(lines, 'check').length, Number(ok) + Number(warnings) + Number(problems));
    await node.fails(2, 'completion', 'bash');
  });

  await t.test('no command was left out: a new one needs a run above', () => {
    for (const { name, json } of commands) {
      const where = json === false ? node.refused : node.ended;
      assert.ok(where.has(name), `vault ${name} --json was run, and its lines held to the schema`);
    }
  });
});

/** What this machine lacks is not for this test to say. */
async function exitOfDoctor(node: TestNode): Promise<number> {
  const { exit } = await node.run('doctor');
  assert.ok(exit === 0 || exit === 3);
  return exit;
}

test('options and environment ask for JSON alike, and nothing else is on standard output', async (t) => {
  const node = await TestNode.make(t);
  const plain = await node.run('folder', 'list');
  assert.throws(() => plain.lines());
  const byVariable = await node.runWith({ env: { VAULT_JSON: '1' } }, 'folder', 'list');
  assert.deepEqual(byVariable.last(), { type: 'summary', folders: 1 });
  const refused = await node.runWith({ env: { VAULT_JSON: '1' } }, 'no-such-command');
  assert.equal(refused.exit, 2);
  assert.equal(refused.last()['type'], 'error');
  const bad = await node.run('snapshot', '--json', '--no-such-option');
  assert.equal(bad.exit, 2);
  assertMatchesSchema('snapshot', bad.last());
});
