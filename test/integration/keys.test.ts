import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { TestNode } from '../helpers/test-node.ts';
import { treeOf } from '../helpers/tree.ts';
import { CommandHost } from './command-host.ts';

// What commands do is tested here, not that each is a process.
const host = new CommandHost();
after(() => host.close());

type Line = Record<string, unknown>;

const text = (line: Line | undefined, key: string): string => String(line?.[key]);

test('a home opens with whatever has a slot, and with nothing else', async (t) => {
  const node = TestNode.bare(t, host);
  const file = (name: string, content: string): string => {
    const path = join(node.directory, name);
    writeFileSync(path, content);
    return path;
  };
  const first = file('first', 'first passphrase\nsecond line');
  const second = file('second', 'second passphrase\r\n');
  const opens = async (exit: number, source: string): Promise<Line[]> =>
    node.json(exit, 'key', 'list', '--passphrase-file', source);

  const made = await node.done('init', '--name', 'n', '--passphrase-file', first);
  const code = file('code', text(made, 'recoveryCode'));
  await opens(12, second);
  assert.equal((await opens(0, code)).at(-1)?.['slots'], 2);

  await t.test('change-passphrase puts the new one in the place of the old one', async () => {
    const options = ['--passphrase-file', first, '--new-passphrase-file', second];
    await node.done('key', 'change-passphrase', ...options);
    const error = (await opens(12, first)).at(-1);
    assert.equal(error?.['code'], 'VAULT_KEY_WRONG');
    assert.equal((await opens(0, second)).at(-1)?.['slots'], 2);
  });

  await t.test('a new recovery code ends the old one', async () => {
    const next = await node.done('key', 'recovery-code', '--passphrase-file', second);
    await opens(12, code);
    writeFileSync(code, text(next, 'recoveryCode').toLowerCase().replaceAll('-', ' '));
    await opens(0, code);
    const mistyped = file('mistyped', `${text(next, 'recoveryCode').slice(0, -1)}${'0'}`);
    const error = (await opens(12, mistyped)).at(-1);
    assert.match(`${text(error, 'message')} ${text(error, 'hint')}`, /mistyped|wrong/);
  });

  await t.test('a device key file opens unattended until its slot is removed', async () => {
    const key = join(node.directory, 'key file');
    const options = ['--device-key', key, '--label', 'boot', '--passphrase-file', second];
    const added = await node.done('key', 'add', ...options);
    assert.equal(statSync(key).mode & 0o077, 0, 'only its owner reads it');
    await node.fails(2, 'key', 'list', '--no-input');
    // Nothing is overwritten.
    const again = ['key', 'add', '--device-key', key, '--passphrase-file', second];
    assert.equal(text(await node.fails(1, ...again), 'code'), 'VAULT_EXISTS');

    const inside = await node.done('key', 'add', '--device-key', '--passphrase-file', second);
    const slots = await node.json(0, 'key', 'list');
    assert.equal(slots.at(-1)?.['slots'], 4);
    assert.ok(slots.some(({ label }) => label === 'boot'));
    for (const slot of [text(added, 'slot'), text(inside, 'slot')]) {
      await node.done('key', 'remove', slot, '--passphrase-file', second);
    }
    await node.fails(2, 'key', 'list', '--no-input');
    assert.equal(
      existsSync(join(node.home, 'device-key')),
      false,
      'a key that opens nothing is gone',
    );
  });

  await t.test('the last slot stays', async () => {
    const slots = (await opens(0, code)).filter(({ type }) => type === 'slot');
    const others = slots.filter(({ kind }) => kind !== 'recovery-code');
    const last = slots.find(({ kind }) => kind === 'recovery-code');
    const remove = (slot: unknown): string[] => ['key', 'remove', String(slot)];
    for (const { slot } of others) await node.done(...remove(slot), '--passphrase-file', code);
    const error = await node.fails(23, ...remove(last?.['slot']), '--passphrase-file', code);
    assert.equal(text(error, 'code'), 'VAULT_REFUSED');
    await node.fails(10, 'key', 'remove', 'ffffffff', '--passphrase-file', code);
  });
});

test('every file of the home but the stores is kept twice and mended', async (t) => {
  const node = await TestNode.make(t, host);
  writeFileSync(join(node.work, 'file'), 'content');
  await node.done('snapshot');
  const [folder = ''] = readdirSync(join(node.home, 'folders'));
  const names = ['home', 'keys', 'identity', 'settings', `folders/${folder}/folder`];
  const at = (name: string, copy: 'a' | 'b'): string => join(node.home, `${name}.${copy}`);
  const originals = new Map(names.map((name) => [name, readFileSync(at(name, 'a'))]));
  const assertWhole = (name: string, what: string): void => {
    const [a, b] = [readFileSync(at(name, 'a')), readFileSync(at(name, 'b'))];
    assert.ok(a.equals(b), `${name}: the copies are equal after ${what}`);
    assert.ok(a.equals(originals.get(name) ?? a), `${name}: nothing else changed after ${what}`);
  };
  const spoilers: Readonly<Record<string, (path: string) => void>> = {
    removing: (path) => rmSync(path),
    'flipping a bit of': (path) => {
      const bytes = readFileSync(path);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 4;
      writeFileSync(path, bytes);
    },
    truncating: (path) => writeFileSync(path, readFileSync(path).subarray(0, -1)),
  };

  for (const name of names) assertWhole(name, 'the snapshot');
  for (const [index, [what, spoil]] of Object.entries(spoilers).entries()) {
    // One copy of each at once.
    const copy = index % 2 === 0 ? 'a' : 'b';
    for (const name of names) spoil(at(name, copy));
    await node.done('snapshots', 'work');
    for (const name of names) assertWhole(name, `${what} ${name}.${copy}`);
  }

  const codes: Readonly<Record<string, [number, string]>> = {
    home: [22, 'VAULT_DAMAGED'],
    keys: [22, 'VAULT_DAMAGED'],
    identity: [22, 'VAULT_DAMAGED'],
    settings: [22, 'VAULT_DAMAGED'],
  };
  for (const [name, [exit, code]] of Object.entries(codes)) {
    for (const copy of ['a', 'b'] as const) spoilers['flipping a bit of']?.(at(name, copy));
    const before = treeOf(node.home);
    const line = (await node.json(exit, 'snapshots', 'work')).at(-1);
    assert.equal(text(line, 'code'), code, name);
    const lockless = (tree: typeof before) =>
      [...tree].filter(([path, { kind }]) => kind === 'file' && !path.startsWith('lock/'));
    assert.deepEqual(lockless(treeOf(node.home)), lockless(before), `${name}: nothing changed`);
    for (const copy of ['a', 'b'] as const) {
      writeFileSync(at(name, copy), originals.get(name) ?? '');
    }
  }
  await node.done('snapshots', 'work');

  for (const copy of ['a', 'b'] as const) rmSync(at('keys', copy));
  assert.equal(text((await node.json(22, 'snapshots', 'work')).at(-1), 'code'), 'VAULT_DAMAGED');
  for (const copy of ['a', 'b'] as const) {
    writeFileSync(at('keys', copy), originals.get('keys') ?? '');
  }

  // A folder whose file is lost is said to be so; it is neither removed nor taken for another.
  for (const copy of ['a', 'b'] as const) {
    spoilers['flipping a bit of']?.(at(`folders/${folder}/folder`, copy));
  }
  const damage = await node.json(22, 'verify');
  assert.ok(
    damage.some(({ type, problem }) => type === 'damage' && String(problem).includes(folder)),
  );
  await node.json(3, 'status', '--check');
  assert.ok(existsSync(join(node.home, 'folders', folder, 'chunks')));
});
