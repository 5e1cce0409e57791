import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, test, type TestContext } from 'node:test';
import type { DiffOptions, DiffResult } from '../../src/operations/look-options.ts';
import type { Item } from '../../src/operations/operation.ts';
import { pathToBytes } from '../../src/path-bytes.ts';
import { rejects } from '../helpers/rejects.ts';
import { skipUnless } from '../helpers/requires.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import type { MemoryEnvironmentOptions } from '../helpers/test-environment.ts';
import { operationContext } from '../helpers/test-home.ts';
import { LosingWorld } from './lost-chunks.ts';
import { World } from './world.ts';

interface Found {
  readonly items: readonly Item[];
  readonly result: DiffResult;
  readonly warnings: readonly string[];
}

async function found(world: World, options: Partial<DiffOptions>): Promise<Found> {
  const context = operationContext();
  const all = { folder: 'disk', from: 'first', paths: [], cwd: '/', ...options };
  const result = await world.in((vault) => vault.diff(all, context));
  return { items: context.items, result, warnings: context.warnings };
}

/** `added d/a`, `renamed a => b`, … */
async function told(world: World, options: Partial<DiffOptions> = {}): Promise<string[]> {
  const { items } = await found(world, options);
  return items.map(({ change, path, from }) =>
    [change, ...(from === undefined ? [] : [from, '=>']), path].join(' '),
  );
}

async function patchOf(world: World, options: Partial<DiffOptions> = {}): Promise<Uint8Array> {
  const { items } = await found(world, { patch: true, ...options });
  return pathToBytes(items.map(({ patch }) => (typeof patch === 'string' ? patch : '')).join(''));
}

function setMode(world: World, name: string, mode: number): void {
  world.fs.setMode(`/disk/${name}`, mode);
}

/** A history with every kind of change between the tags `first` and `second`. */
async function eventful(): Promise<World> {
  const world = await edited();
  await world.snapshot({ tags: ['second'] });
  return world;
}

/** The same changes since the tag `first`, not recorded. */
async function edited(options: MemoryEnvironmentOptions = {}): Promise<World> {
  const world = await World.make(options);
  world.put({ a: '1\n', gone: 'gone\n', 'd/moved': 'moved\n', run: 'run\n', 'd/e/f': 'f\n' });
  world.put({ 'was file': 'x\n', same: 'same\n' });
  await world.snapshot({ tags: ['first'] });
  world.put({ a: '2\n', 'new/file': 'new\n' });
  world.fs.removeFile('/disk/gone');
  world.fs.rename('/disk/d/moved', '/disk/moved');
  setMode(world, 'run', 0o755);
  world.fs.removeFile('/disk/was file');
  world.fs.makeSymlink('a', '/disk/was file');
  world.fs.removeTree('/disk/d/e');
  world.put({ 'd/e': 'now a file\n' });
  return world;
}

const eventfulChanges = [
  'changed a',
  'kind d/e',
  'removed d/e/f',
  'removed gone',
  'renamed d/moved => moved',
  'added new',
  'added new/file',
  'mode run',
  'kind was file',
];

describe('diff', () => {
  test('of a path says what a diff of everything says of it, and looks nowhere else', async () => {
    const listed = new Set<string>();
    const world = await edited({
      beforeCall: (call, path) => void (call === 'list' && listed.add(path)),
    });
    world.put({ '.vaultignore': '*.o\n', 'd/left-out.o': 'o', 'new/deep/er/file': 'n\n' });
    const all = (await told(world)).flatMap((line) => {
      const [, from, to] = /^renamed (.*) => (.*)$/.exec(line) ?? [];
      return from === undefined ? [line] : [`removed ${from}`, `added ${to}`];
    });
    assert.ok(all.includes('added new/deep/er/file'));
    for (const path of ['a', 'd', 'd/e', 'd/moved', 'moved', 'new', 'new/deep', 'gone', 'same']) {
      const expected = all.filter((line) => {
        const at = line.slice(line.indexOf(' ') + 1);
        return at === path || at.startsWith(`${path}/`);
      });
      listed.clear();
      assert.deepEqual(
        (await told(world, { paths: [path] })).toSorted(),
        expected.toSorted(),
        path,
      );
      for (const directory of ['d', 'new', 'new/deep', 'new/deep/er']) {
        const leads =
          `${path}/`.startsWith(`${directory}/`) || `${directory}/`.startsWith(`${path}/`);
        const wasListed = listed.has(`/disk/${directory}`);
        assert.ok(leads || !wasListed, `${directory} was looked at for ${path}`);
      }
    }
    listed.clear();
    assert.deepEqual(await told(world, { paths: ['d/moved', 'moved'] }), [
      'removed d/moved',
      'added moved',
    ]);
    assert.ok(listed.has('/disk/d') && !listed.has('/disk/new'));
  });

  test('tells what was added, changed, removed, renamed, made executable, made something else', async () => {
    const world = await eventful();
    assert.deepEqual(await told(world, { paths: ['second'] }), eventfulChanges);
    const { result, items } = await found(world, { paths: ['second'] });
    assert.deepEqual(
      { ...result, folder: '' },
      { folder: '', added: 2, changed: 1, removed: 2, renamed: 1, mode: 1, kind: 2, damaged: 0 },
    );
    const changed = items.find(({ change }) => change === 'changed');
    assert.deepEqual([changed?.['size'], changed?.['sizeBefore']], [2, 2]);
    assert.match(String(changed?.['version']), /^[0-9a-f]{64}$/);
    assert.notEqual(changed?.['version'], changed?.['versionBefore']);
    const back = await told(world, { from: 'second', paths: ['first'] });
    assert.deepEqual(back.length, eventfulChanges.length);
    assert.ok(back.includes('renamed moved => d/moved') && back.includes('added gone'));
    assert.deepEqual(await told(world, { from: 'second', paths: ['second'] }), []);
  });

  test('compares with the working copy as it lies, recorded or not', async () => {
    const world = await eventful();
    assert.deepEqual(await told(world), eventfulChanges);
    world.put({ a: '3\n', 'not recorded': 'n\n', same: 'same\n' });
    world.fs.removeTree('/disk/new');
    assert.deepEqual(await told(world, { from: 'now' }), [
      'changed a',
      'removed new',
      'removed new/file',
      'added not recorded',
    ]);
    const { items } = await found(world, { from: 'now' });
    assert.deepEqual(
      items.map(({ version }) => version ?? null),
      [null, null, null, null],
    );
    const store = world.environment;
    store.onStoreWrite = () => assert.fail('something was written');
    const patch = Buffer.from(await patchOf(world, { from: 'now', paths: ['a'] })).toString();
    store.onStoreWrite = () => undefined;
    assert.equal(patch, 'diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,1 +1,1 @@\n-2\n+3\n');
  });

  test('looks only at the paths given', async () => {
    const world = await eventful();
    assert.deepEqual(await told(world, { paths: ['second', 'd'] }), [
      'kind d/e',
      'removed d/e/f',
      'removed d/moved',
    ]);
    assert.deepEqual(await told(world, { paths: ['d/e/f', 'a', 'same'] }), [
      'removed d/e/f',
      'changed a',
    ]);
    assert.deepEqual(await told(world, { paths: ['./a'], cwd: '/disk' }), ['changed a']);
    const error = await rejects('VAULT_NOT_FOUND', () => told(world, { paths: ['nothing'] }));
    assert.match(error.message, /nothing at "nothing" then or now, and it is no snapshot/);
    await rejects('VAULT_NOT_FOUND', () => told(world, { from: 'never' }));
    await rejects('VAULT_NOT_FOUND', () => told(world, { paths: ['second', 'nothing'] }));
  });

  test('a second word that is a moment is one; ./ makes it a path', async () => {
    const world = await World.make();
    world.put({ second: '1\n' });
    await world.snapshot({ tags: ['first'] });
    world.put({ second: '2\n' });
    await world.snapshot({ tags: ['second'] });
    world.put({ second: '3\n' });
    const patch = async (word: string): Promise<string> =>
      Buffer.from(await patchOf(world, { paths: [word] })).toString();
    assert.match(await patch('second'), /\n\+2\n$/);
    assert.match(await patch('./second'), /\n\+3\n$/);
  });

  test('empty files are not taken for one another, moved twins keep their names', async () => {
    const world = await World.make();
    world.put({ empty: '', 'x/one': 'twin', 'x/two': 'twin' });
    await world.snapshot({ tags: ['first'] });
    world.fs.removeTree('/disk/x');
    world.fs.removeFile('/disk/empty');
    world.put({ 'also empty': '', 'y/two': 'twin', 'y/three': 'twin' });
    assert.deepEqual(await told(world), [
      'added also empty',
      'removed empty',
      'removed x',
      'added y',
      'renamed x/one => y/three',
      'renamed x/two => y/two',
    ]);
  });

  test('says that contents differ which are no text, or too large to compare', async () => {
    const world = await World.make();
    world.put({ binary: 'a\0b', large: 'x'.repeat(8 * 1024 * 1024 + 1), plain: 'p' });
    await world.snapshot({ tags: ['first'] });
    world.put({ binary: 'a\0c', large: 'short\n', plain: 'q' });
    const { items } = await found(world, { patch: true });
    assert.deepEqual(
      items.map(({ path, binary }) => [path, binary]),
      [
        ['binary', true],
        ['large', true],
        ['plain', false],
      ],
    );
    assert.equal(
      items[1]?.['patch'],
      'diff --git a/large b/large\nBinary files a/large and b/large differ\n',
    );
  });

  test('a patch that cannot be given is told, the rest is, exit 22', async () => {
    const losing = await LosingWorld.make();
    const { world } = losing;
    world.put({ a: 'a\n', b: 'b\n' });
    await world.snapshot({ tags: ['first'] });
    world.put({ a: 'A\n', b: 'B\n' });
    await world.snapshot({ tags: ['second'] });
    losing.lose(0);
    const { items, result, warnings } = await found(world, { paths: ['second'], patch: true });
    assert.deepEqual(
      items.map(({ path, patch }) => [path, typeof patch]),
      [
        ['a', 'undefined'],
        ['b', 'string'],
      ],
    );
    assert.equal(result.damaged, 1);
    assert.match(warnings.join(), /^a: chunk [0-9a-f]+ is missing$/);
  });
});

/** Writes what the world had at a moment into a directory of the real disk. */
async function checkout(world: World, at: string, directory: string): Promise<void> {
  world.fs.removeTree('/out');
  await world.restore({ at });
  for (const [path, text] of Object.entries(world.tree('/out'))) {
    const real = Buffer.concat([Buffer.from(`${directory}/`), pathToBytes(path)]);
    if (path.endsWith('/')) execFileSync('mkdir', ['-p', '--', real.toString('latin1')]);
    else if (text.startsWith('-> ')) execFileSync('ln', ['-s', text.slice(3), real.toString()]);
    else {
      writeFileSync(real, world.fs.readFile(`/out/${path}`));
      if ((world.fs.stat(`/out/${path}`).mode & 0o100) !== 0) {
        execFileSync('chmod', ['+x', real.toString()]);
      }
    }
  }
}

function git(directory: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=n', '-c', 'user.email=e', '-c', 'core.autocrlf=false'];
  return execFileSync('git', [...identity, ...args], { cwd: directory }).toString();
}

test('a patch is what git apply turns one state into the other with', async (t: TestContext) => {
  if (!skipUnless(t, { programs: ['git'] })) return;
  const world = await eventful();
  world.put({ 'with space.txt': 'one\ntwo\nthree', 'caf\u00e9 "q"\t': 'e\n', empty: '' });
  world.put({ latin: 'ok\n', crlf: 'a\r\nb\r\n' });
  await world.snapshot({ tags: ['third'] });
  world.put({ 'with space.txt': 'one\n2\nthree\n', 'caf\u00e9 "q"\t': 'f\n', 'dir/empty': '' });
  world.put({ crlf: 'a\r\nc\r\n' });
  const latin = world.fs.open('/disk/latin', { mode: 'write' });
  latin.write(Uint8Array.of(0xe9, 0xe8, 0x0a), 0);
  latin.close();
  world.fs.removeFile('/disk/empty');
  await world.snapshot({ tags: ['fourth'] });
  for (const [from, to] of [
    ['first', 'second'],
    ['second', 'first'],
    ['first', 'fourth'],
    ['third', 'fourth'],
    ['fourth', 'third'],
  ] as const) {
    const [before, after] = [tempDir(t), tempDir(t)];
    await checkout(world, from, before);
    await checkout(world, to, after);
    git(before, 'init', '-q');
    git(before, 'add', '-A');
    const patch = `${tempDir(t)}/patch`;
    writeFileSync(patch, await patchOf(world, { from, paths: [to] }));
    git(before, 'apply', '--index', patch);
    // The two trees are the same in everything that git keeps.
    const was = git(before, 'write-tree');
    git(after, 'init', '-q');
    git(after, 'add', '-A');
    assert.equal(was, git(after, 'write-tree'), `${from} to ${to}`);
  }
});
