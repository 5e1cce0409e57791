import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { utf8, type Bytes } from '../../src/bytes.ts';
import type { FileSystem } from '../../src/system/file-system.ts';
import { MemoryFileSystem } from '../../src/system/memory-file-system.ts';
import { seededRandom } from '../../src/system/seeded-random.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { readAll, writeFile } from '../helpers/files.ts';
import { CommandRunner, commands } from './file-system-commands.ts';

const SEEDS = 200;

function newFiles(): MemoryFileSystem {
  return new MemoryFileSystem({ clock: new VirtualClock() });
}

/** What `look` finds after a crash, over many crashes of the same moment, without repetitions. */
function found(files: MemoryFileSystem, look: (after: MemoryFileSystem) => string): string[] {
  const seen = new Set<string>();
  for (let seed = 0; seed < SEEDS; seed++) seen.add(look(files.crash(seededRandom(seed))));
  return [...seen].sort();
}

function contentOf(files: FileSystem, path: string): string {
  return files.statIfPresent(path) ? Buffer.from(readAll(files, path)).toString() : 'absent';
}

function namesIn(files: FileSystem, path: string): string {
  return files
    .list(path)
    .map((entry) => entry.name)
    .sort()
    .join(' ');
}

function syncFile(files: FileSystem, path: string): void {
  const file = files.open(path, { mode: 'read' });
  file.sync();
  file.close();
}

function overwrite(files: FileSystem, path: string, bytes: Bytes, at = 0): void {
  const file = files.open(path, { mode: 'write' });
  file.write(bytes, at);
  file.close();
}

/** Syncs every file and directory from `path` down. */
function syncAll(files: FileSystem, path: string): void {
  files.syncDirectory(path);
  for (const { name, kind } of files.list(path)) {
    if (kind === 'directory') syncAll(files, `${path}/${name}`);
    else if (kind === 'file') syncFile(files, `${path}/${name}`);
  }
}

test('a new file survives once it and its directory are synced, and not surely before', () => {
  const files = newFiles();
  writeFile(files, '/file', utf8('content'));
  const never = found(files, (after) => contentOf(after, '/file'));
  assert.ok(never.includes('absent') && never.includes('content') && never.includes(''));
  syncFile(files, '/file');
  assert.deepEqual(
    found(files, (after) => contentOf(after, '/file')),
    ['absent', 'content'],
  );
  files.syncDirectory('/');
  assert.deepEqual(
    found(files, (after) => contentOf(after, '/file')),
    ['content'],
  );
});

test('a synced name without synced content stands for nothing, part or all of it', () => {
  const files = newFiles();
  writeFile(files, '/file', new Uint8Array(2048).fill(0x61));
  files.syncDirectory('/');
  const sizes = found(files, (after) => {
    const content = readAll(after, '/file');
    return `${content.length} ${content.filter((byte) => byte === 0x61).length}`;
  });
  for (const outcome of ['0 0', '2048 0', '2048 2048']) assert.ok(sizes.includes(outcome), outcome);
  const torn = sizes.filter((one) => !['0 0', '2048 0', '2048 2048'].includes(one));
  assert.ok(torn.length > 3, `torn: ${torn.join(', ')}`);
});

test('unsynced writes survive in any combination, never mixing what was synced', () => {
  const files = newFiles();
  writeFile(files, '/file', utf8('aaaa'));
  syncAll(files, '/');
  overwrite(files, '/file', utf8('b'), 0);
  overwrite(files, '/file', utf8('c'), 2);
  const contents = found(files, (after) => contentOf(after, '/file'));
  assert.deepEqual(contents, ['aaaa', 'aaca', 'baaa', 'baca']);
});

test('a replacement by rename leaves the old content or the new, once that was synced', () => {
  const files = newFiles();
  writeFile(files, '/file', utf8('old'));
  syncAll(files, '/');
  writeFile(files, '/file.new', utf8('new'));
  const unsynced = newFiles();
  writeFile(unsynced, '/file', utf8('old'));
  syncAll(unsynced, '/');
  writeFile(unsynced, '/file.new', utf8('new'));
  unsynced.rename('/file.new', '/file');
  assert.ok(found(unsynced, (after) => contentOf(after, '/file')).includes(''));
  syncFile(files, '/file.new');
  files.rename('/file.new', '/file');
  assert.deepEqual(
    found(files, (after) => contentOf(after, '/file')),
    ['new', 'old'],
  );
  files.syncDirectory('/');
  assert.deepEqual(
    found(files, (after) => contentOf(after, '/file')),
    ['new'],
  );
  assert.deepEqual(
    found(files, (after) => namesIn(after, '/')),
    ['file'],
  );
});

test('a removal and a creation are each done or not', () => {
  const files = newFiles();
  writeFile(files, '/old', utf8('old'));
  syncAll(files, '/');
  files.removeFile('/old');
  files.makeDirectory('/new');
  assert.deepEqual(
    found(files, (after) => namesIn(after, '/')),
    ['', 'new', 'new old', 'old'],
  );
});

test('a file moved to a synced directory may keep its old name as well, and is never lost', () => {
  const files = newFiles();
  files.makeDirectory('/from');
  files.makeDirectory('/to');
  writeFile(files, '/from/file', utf8('content'));
  syncAll(files, '/');
  files.rename('/from/file', '/to/file');
  const look = (after: FileSystem): string =>
    `${contentOf(after, '/from/file')} ${contentOf(after, '/to/file')}`;
  assert.deepEqual(found(files, look), ['absent content', 'content absent']);
  const other = files.crash({ bytes: (length) => new Uint8Array(length).fill(3) });
  assert.equal(look(other), 'absent content');
  files.syncDirectory('/to');
  assert.deepEqual(found(files, look), ['absent content', 'content content']);
  const links = found(files, (after) => String(after.stat('/to/file').links));
  assert.deepEqual(links, ['1', '2']);
  files.syncDirectory('/from');
  assert.deepEqual(found(files, look), ['absent content']);
});

test('a directory moved and emptied of what it held takes nothing with it', () => {
  const files = newFiles();
  files.makeDirectories('/a/b');
  writeFile(files, '/a/b/file', utf8('content'));
  syncAll(files, '/');
  files.rename('/a/b/file', '/file');
  files.removeDirectory('/a/b');
  files.syncDirectory('/a');
  assert.deepEqual(
    found(files, (after) => contentOf(after, '/file')),
    ['content'],
  );
});

test('mode and time of a file survive its sync', () => {
  const files = newFiles();
  writeFile(files, '/file', utf8('content'));
  syncAll(files, '/');
  const file = files.open('/file', { mode: 'write' });
  file.setMode(0o700);
  file.setModified(5_000_000_000n);
  const look = (after: FileSystem): string => after.stat('/file').mode.toString(8);
  assert.deepEqual(found(files, look), ['644', '700']);
  file.sync();
  file.close();
  assert.deepEqual(found(files, look), ['700']);
  assert.deepEqual(
    found(files, (after) => `${after.stat('/file').mtimeNs}`),
    ['5000000000'],
  );
});

test('the same randomness finds the same, and a crash changes nothing here', () => {
  const files = newFiles();
  writeFile(files, '/a', new Uint8Array(10_000).fill(1));
  files.makeDirectories('/b/c');
  const before = new CommandRunner(files, '/').tree();
  for (let seed = 0; seed < 20; seed++) {
    const [one, other] = [files.crash(seededRandom(seed)), files.crash(seededRandom(seed))];
    assert.deepEqual(new CommandRunner(one, '/').tree(), new CommandRunner(other, '/').tree());
    if (one.statIfPresent('/a')) overwrite(one, '/a', utf8('changed'));
    one.makeDirectory('/new');
    assert.deepEqual(new CommandRunner(files, '/').tree(), before);
  }
});

test('whatever came before, a crash leaves a sound tree with what was synced', () => {
  fc.assert(
    fc.property(commands, commands, fc.integer(), (first, then, seed) => {
      const files = newFiles();
      files.makeDirectories('/disk/kept');
      files.makeDirectory('/elsewhere');
      const runner = new CommandRunner(files, '/disk');
      for (const command of first) runner.run(command);
      files.removeTree('/disk/kept');
      files.makeDirectory('/disk/kept');
      writeFile(files, '/disk/kept/file', utf8('kept'));
      syncAll(files, '/');
      const synced = runner.tree();
      assert.deepEqual(new CommandRunner(files.crash(seededRandom(seed)), '/disk').tree(), synced);
      for (const command of then) runner.run(command);
      runner.end();
      const after = files.crash(seededRandom(seed));
      assert.equal(contentOf(after, '/disk/kept/file'), 'kept');
      checkSound(after);
      // What was found is durable: another crash changes nothing.
      const again = after.crash(seededRandom(seed + 1));
      assert.deepEqual(new CommandRunner(again, '/').tree(), new CommandRunner(after, '/').tree());
    }),
    { numRuns: 1000 },
  );
});

test('no file is lost to renames, whichever directories were synced', () => {
  const move = fc.record({
    from: fc.nat(1000),
    to: fc.nat(1000),
    sync: fc.option(fc.nat(1000), { freq: 2 }),
    kind: fc.constantFrom('move', 'move', 'remove', 'make'),
  });
  fc.assert(
    fc.property(fc.array(move, { minLength: 1, maxLength: 30 }), fc.integer(), (moves, seed) => {
      const files = newFiles();
      for (const path of ['/0', '/1', '/0/2', '/0/2/3', '/1/4']) files.makeDirectory(path);
      const wanted = ['/a', '/0/b', '/0/2/c', '/0/2/3/d', '/1/4/e', '/1/f'];
      for (const path of wanted) writeFile(files, path, utf8(path));
      syncAll(files, '/');
      moves.forEach(({ from, to, sync, kind }, index) => {
        const all = everything(files);
        const directories = ['/', ...all.filter((path) => files.stat(path).kind === 'directory')];
        const source = pick(all, from);
        const directory = pick(directories, to);
        if (kind === 'make') files.makeDirectory(`${directory}/n${index}`);
        else if (kind === 'remove') {
          const empty = directories.find((path) => files.list(path).length === 0);
          if (empty) files.removeDirectory(empty);
        } else if (!`${directory}/`.startsWith(`${source}/`)) {
          files.rename(source, `${directory}/m${index}`);
        }
        const left = ['/', ...everything(files)].filter((p) => files.stat(p).kind === 'directory');
        if (sync !== null) files.syncDirectory(pick(left, sync));
      });
      const after = files.crash(seededRandom(seed));
      checkSound(after);
      const contents = everything(after)
        .filter((path) => after.stat(path).kind === 'file')
        .map((path) => contentOf(after, path));
      for (const path of wanted) assert.ok(contents.includes(path), `${path} is lost`);
    }),
    { numRuns: process.env['VAULT_SLOW'] === '1' ? 50_000 : 1500 },
  );
});

function pick(list: readonly string[], number: number): string {
  return list[number % list.length] ?? '/';
}

/** Every path below the root. */
function everything(files: FileSystem, directory = ''): string[] {
  return files.list(directory || '/').flatMap(({ name, kind }) => {
    const path = `${directory}/${name}`;
    return kind === 'directory' ? [path, ...everything(files, path)] : [path];
  });
}

/** Link counts are right, parents are where they seem, and removing all gives all room back. */
function checkSound(files: MemoryFileSystem): void {
  const names = new Map<bigint, number>();
  for (const path of everything(files)) {
    const { kind, inode, links } = files.stat(path);
    if (kind !== 'directory') names.set(inode, (names.get(inode) ?? 0) + 1);
    else {
      assert.equal(files.realPath(path), path);
      assert.equal(files.realPath(`${path}/..`), path.replace(/\/[^/]*$/, '') || '/');
      const inner = files.list(path).filter((entry) => entry.kind === 'directory').length;
      assert.equal(links, 2 + inner, `links of ${path}`);
    }
  }
  for (const path of everything(files)) {
    const { kind, inode, links } = files.stat(path);
    if (kind !== 'directory') assert.equal(links, names.get(inode), `links of ${path}`);
  }
  const emptied = files.crash(seededRandom('emptied'));
  for (const { name } of emptied.list('/')) emptied.removeTree(`/${name}`);
  assert.equal(emptied.freeBytes('/'), newFiles().freeBytes('/'));
}

test('a crash that loses nothing leaves every name as it was', () => {
  const files = newFiles();
  for (const path of ['/a', '/b']) files.makeDirectory(path);
  writeFile(files, '/a/file', utf8('content'));
  syncAll(files, '/');
  files.rename('/a/file', '/b/file');
  files.syncDirectory('/b');
  files.removeFile('/b/file');
  const after = files.crash({ bytes: (length) => new Uint8Array(length).fill(0xff) });
  assert.deepEqual([namesIn(after, '/a'), namesIn(after, '/b')], ['', '']);
});
