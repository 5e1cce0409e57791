import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { mainOfVault } from '../helpers/main-of-vault.ts';
import { skipUnless } from '../helpers/requires.ts';
import { startVault } from '../helpers/run-vault.ts';
import { Terminal } from '../helpers/terminal.ts';
import { newUser } from './new-user.ts';
import { eventually } from '../helpers/wait.ts';

const code = /\b([0-9A-Z]{4}-){8}[0-9A-Z]{4}\b/;

/** Alone on this machine, and what is saved is not recorded by itself. */
const up = (...words: readonly string[]): string[] => [
  'up',
  ...words,
  '--listen',
  'off',
  '--no-watch',
];

describe('vault up', { concurrency: 2 }, () => {
  test('does everything at once for who has nothing, and says the recovery code once', async (t) => {
    const node = newUser(t);
    const ran = await node.runWith({ cwd: node.work }, 'up', '--listen', 'off');
    assert.equal(ran.exit, 0, ran.stderr);
    const said = ran.stdout.toString();
    const [shown = ''] = code.exec(said) ?? [];
    assert.match(shown, code);
    assert.equal(said.split(shown).length, 2);
    assert.match(said, /^added folder work at /m);
    assert.match(said, /^work: snapshot [0-9a-f]{12}, 1 file/m);
    assert.match(ran.stderr, /hint: .*vault invite work$/m);
    assert.ok(existsSync(join(node.home, 'device-key')));

    const listening = startVault({ home: node.home, passphrase: undefined }, 'events', '--json');
    const over = once(listening, 'close');
    let told = '';
    listening.stdout.on('data', (data: Buffer) => (told += data.toString()));
    await eventually('events to be listened to', () => told.includes('"listening"'));
    writeFileSync(join(node.work, 'later.txt'), 'saved while nobody asked');
    await eventually('the save to be recorded', () => told.includes('"type":"change"'));
    assert.equal((await node.done('stop'))['stopped'], true);
    await over;
    // The code that was shown is the one that opens it.
    const opened = await node.runWith({ passphrase: shown }, 'folder', 'list');
    assert.equal(opened.exit, 0, opened.stderr);
  });

  test('says what is so where all is done, by whatever name the directory goes', async (t) => {
    const node = newUser(t);
    const first = await node.json(0, ...up(node.work));
    const [home] = first.filter(({ type }) => type === 'home');
    const made = first.at(-1) ?? {};
    assert.match(String(home?.['recoveryCode']), code);
    assert.equal(made['recoveryCode'], home?.['recoveryCode']);
    assert.deepEqual(
      [made['created'], made['added'], made['snapshots'], made['started'], made['locked']],
      [true, true, 1, true, false],
    );
    const link = join(node.directory, 'link');
    symlinkSync(node.work, link);
    for (const path of [link, `${node.work}/../${basename(node.work)}/`]) {
      const [again = {}, ...others] = await node.json(0, ...up(path, '--name', 'work'));
      assert.deepEqual(others, []);
      assert.deepEqual(again, {
        ...made,
        created: false,
        recoveryCode: null,
        deviceKey: null,
        added: false,
        snapshot: null,
        started: false,
      });
    }
    const text = (await node.run(...up(node.work))).stdout.toString();
    assert.match(text, /is the folder work\nwork has 1 snapshot\n.* was running already\n$/);
    const other = await node.fails(1, ...up(node.work, '--name', 'other'));
    assert.match(String(other['hint']), /folder set work name=other/);
  });

  test('refuses what folder add refuses before there is a home, and adds a second directory beside the first', async (t) => {
    const node = newUser(t);
    await node.fails(10, ...up(join(node.directory, 'nothing')));
    await node.fails(10, ...up(join(node.work, 'notes.txt')));
    await node.fails(23, ...up(node.directory));
    assert.ok(!existsSync(node.home));
    await node.done(...up(node.work));
    const inner = join(node.work, 'inner');
    mkdirSync(inner);
    await node.fails(23, ...up(inner));
    await node.done('stop');
    const second = join(node.directory, 'second');
    mkdirSync(second);
    const done = await node.done(...up(second));
    assert.deepEqual(
      [done['created'], done['added'], done['name'], done['started']],
      [false, true, 'second', true],
    );
    assert.equal((await node.done('folder', 'list'))['folders'], 2);
  });

  test('reads a passphrase once, makes no device key then, and opens the daemon with it', async (t) => {
    const node = newUser(t);
    const given = { input: 'correct horse\n' };
    const ran = await node.runWith(given, ...up(node.work), '--passphrase-file', '-');
    assert.equal(ran.exit, 0, ran.stderr);
    assert.ok(!existsSync(join(node.home, 'device-key')));
    assert.equal((await node.done('folder', 'list'))['folders'], 1, 'the daemon is open');
    const wrong = await node.runWith({ passphrase: 'wrong' }, ...up(node.work));
    assert.equal(wrong.exit, 12);
    await node.done('stop');
    assert.equal((await node.fails(2, ...up(node.work)))['code'], 'VAULT_USAGE');
  });

  test('asks for a new passphrase twice on a terminal, and then never again', async (t) => {
    if (!skipUnless(t, { programs: ['tmux'] })) return;
    const node = newUser(t);
    const words = [process.execPath, mainOfVault(), ...up(node.work)];
    const terminal = new Terminal(t, words, {
      env: { VAULT_HOME: node.home },
      cwd: node.directory,
    });
    await terminal.shows(/new passphrase:$/);
    terminal.type('-l', 'correct horse');
    terminal.type('Enter');
    await terminal.shows(/the same again:$/);
    terminal.type('-l', 'correct horse');
    terminal.type('Enter');
    const screen = await terminal.shows(/vault invite work/);
    assert.match(screen, /Recovery code/);
    assert.match(screen, /the daemon of .* started$/m);
    assert.ok(!existsSync(join(node.home, 'device-key')));
    assert.equal((await node.done('folder', 'list'))['folders'], 1, 'the daemon is open');
  });
});
