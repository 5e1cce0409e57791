import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { utf8 } from '../../src/bytes.ts';
import { noExcludes } from '../../src/folder/excludes.ts';
import { isTemporaryName } from '../../src/folder/look.ts';
import { seenBelow } from '../../src/folder/scan.ts';
import { pathFromBytes } from '../../src/path-bytes.ts';
import type { MemoryFileSystem } from '../../src/system/memory-file-system.ts';
import { writeFile } from '../helpers/files.ts';
import { rejects } from '../helpers/rejects.ts';
import { at, disk, recordedIn, rowsOf, scanned, scanPool } from './scan-disk.ts';

describe('scan', () => {
  test('what was never seen is new, names in order, a directory after the one that holds it', async () => {
    const there = disk('b/x/deep', 'b/y', 'a', 'c/', 'b2');
    there.fs.makeSymlink('a', '/disk/link');
    there.listed.length = 0;
    const found = await scanned(there);
    assert.deepEqual(there.listed.toSorted(), ['/disk', '/disk/b', '/disk/b/x', '/disk/c']);
    assert.ok(there.listed.indexOf('/disk/b') < there.listed.indexOf('/disk/b/x'));
    const root = at(found, '');
    assert.deepEqual(root.files, ['a', 'b2']);
    assert.deepEqual(
      root.symlinks.map(({ name, target }) => [name, target]),
      [['link', 'a']],
    );
    assert.deepEqual(
      root.newDirectories.map(({ name }) => name),
      ['b', 'c'],
    );
  });

  test('a directory seen for the first time is not looked up', async () => {
    const asked: string[] = [];
    await scanned(disk('a/b/c'), new Map(), {
      recorded: {
        ...recordedIn(new Map()),
        rows: (path) => {
          asked.push(path);
          return Promise.resolve(undefined);
        },
      },
    });
    assert.deepEqual(asked, ['']);
  });

  test('what stands still is unchanged', async () => {
    const there = disk('a', 'd/b');
    there.fs.makeSymlink('a', '/disk/link');
    const found = await scanned(there, rowsOf(there));
    assert.deepEqual(found, {
      changed: [],
      problems: [],
      kept: { files: 3, dirs: 1, bytes: 4 },
      known: 3,
    });
  });

  test('size, time, inode and the executable bit each tell a change; other mode bits do not', async () => {
    const changes: Record<string, (fs: MemoryFileSystem, path: string) => void> = {
      size(fs, path) {
        const file = fs.open(path, { mode: 'write' });
        file.truncate(99);
        file.close();
      },
      time: (fs, path) => fs.setModified(path, 5n),
      inode(fs, path) {
        const { mtimeNs } = fs.stat(path);
        fs.removeFile(path);
        writeFile(fs, path, utf8('inode'));
        fs.setModified(path, mtimeNs);
      },
      run: (fs, path) => fs.setMode(path, 0o755),
    };
    const there = disk(...Object.keys(changes), 'mode');
    const rows = rowsOf(there);
    for (const [name, change] of Object.entries(changes)) change(there.fs, `/disk/${name}`);
    there.fs.setMode('/disk/mode', 0o600);
    const root = at(await scanned(there, rows), '');
    assert.deepEqual(root.files, Object.keys(changes).sort());
    assert.deepEqual([root.kept.files, root.known], [1, 5]);
  });

  test('what could hide a change is looked into and counted as doubtful', async () => {
    const there = disk('a', 'd/');
    there.fs.makeSymlink('a', '/disk/link');
    const root = at(await scanned(there, rowsOf(there, true)), '');
    assert.deepEqual(root.files, ['a']);
    assert.deepEqual(root.symlinks.length, 1);
    assert.deepEqual(root.kept, { files: 0, dirs: 1, bytes: 0 });
    assert.equal(root.doubtful, 2);
  });

  test('a time beyond what rows keep does not make a file change each time', async () => {
    const there = disk('far');
    there.fs.setModified('/disk/far', 2n ** 63n + 5n);
    assert.deepEqual((await scanned(there, rowsOf(there))).changed, []);
  });

  test('a name that is gone, and what turned into something that is not kept, is gone', async () => {
    const there = disk('a', 'b', 'd/e/f');
    const rows = rowsOf(there);
    there.fs.removeFile('/disk/a');
    there.fs.removeFile('/disk/b');
    there.fs.makeOther('/disk/b');
    there.fs.removeTree('/disk/d');
    there.listed.length = 0;
    const found = await scanned(there, rows);
    assert.deepEqual(at(found, '').gone, ['a', 'b', 'd']);
    assert.deepEqual(found.problems, [
      { path: 'b', severity: 'skipped', message: 'not a file, directory or symlink' },
    ]);
    assert.deepEqual(there.listed, ['/disk'], 'nothing below a gone directory is scanned');
  });

  test('what took the place of another kind is new, not gone', async () => {
    const there = disk('to-file/inside', 'to-directory', 'to-link');
    const rows = rowsOf(there);
    there.fs.removeTree('/disk/to-file');
    writeFile(there.fs, '/disk/to-file', utf8('x'));
    there.fs.removeFile('/disk/to-directory');
    there.fs.makeDirectory('/disk/to-directory');
    there.fs.removeFile('/disk/to-link');
    there.fs.makeSymlink('x', '/disk/to-link');
    const root = at(await scanned(there, rows), '');
    assert.deepEqual(root.files, ['to-file']);
    assert.deepEqual(
      root.newDirectories.map(({ name }) => name),
      ['to-directory'],
    );
    assert.deepEqual(
      root.symlinks.map(({ name }) => name),
      ['to-link'],
    );
    assert.deepEqual(root.gone, []);
  });

  test('what cannot be listed or looked at is unknown, never gone', async () => {
    const there = disk('d/a', 'd/e/f', 'x', 'y');
    const rows = rowsOf(there);
    there.broken.set('/disk/d', 'EACCES');
    there.broken.set('/disk/x', 'EIO');
    const found = await scanned(there, rows);
    assert.deepEqual(found.changed, []);
    assert.deepEqual([found.known, found.kept.files, found.kept.dirs], [3, 3, 2]);
    assert.deepEqual(
      found.problems.map(({ path, severity, message }) => [path, severity, message]),
      [
        ['x', 'unreadable', 'cannot be looked at: EIO'],
        ['d', 'unreadable', 'cannot be listed: EACCES'],
      ],
    );
  });

  test('a name that goes while it is looked at is as if it had not been listed', async () => {
    const there = disk('a', 'b', 'd/x');
    const rows = rowsOf(there);
    there.meanwhile.set('stat /disk/a', () => there.fs.removeFile('/disk/a'));
    there.meanwhile.set('list /disk/d', () => there.fs.removeTree('/disk/d'));
    const found = await scanned(there, rows);
    assert.deepEqual(at(found, '').gone, ['a']);
    assert.deepEqual(found.changed.length, 1, 'the next scan sees it whole');
    assert.deepEqual(found.problems, []);
  });

  test('what is left out stays as it was seen, also below', async () => {
    const there = disk('keep', 'skip', 'new skip', 'd/inside', 'e/skip');
    const rows = rowsOf(there);
    rows.get('')?.delete('new skip');
    there.listed.length = 0;
    const found = await scanned(there, rows, {
      excludes: { ...noExcludes, patterns: ['*skip', '/d/'] },
    });
    assert.deepEqual(there.listed, ['/disk', '/disk/e']);
    assert.deepEqual(found.changed, []);
    assert.deepEqual(found.kept, { files: 3, dirs: 2, bytes: 14 });
  });

  test('places that are never entered are as if they were not there, or as they were', async () => {
    const there = disk('a', 'home/inside', 'other');
    const home = there.fs.stat('/disk/home');
    const neverEnter = [{ device: home.device, inode: home.inode }];
    there.listed.length = 0;
    const fresh = await scanned(there, new Map(), { neverEnter });
    assert.deepEqual(there.listed, ['/disk']);
    assert.deepEqual(at(fresh, '').newDirectories, []);
    const rows = rowsOf(there);
    there.fs.removeFile('/disk/home/inside');
    const again = await scanned(there, rows, { neverEnter });
    assert.deepEqual(again.changed, []);
    there.fs.rename('/disk/home', '/disk/moved');
    there.fs.removeFile('/disk/other');
    there.fs.rename('/disk/moved', '/disk/other');
    const onFile = await scanned(there, rows, { neverEnter });
    assert.deepEqual(at(onFile, '').gone, ['home']);
    assert.deepEqual(at(onFile, '').newDirectories, []);
  });

  test('our own temporary files are not seen', async () => {
    const name = '.vault-0123456789abcdef01234567.tmp';
    assert.ok(isTemporaryName(name) && !isTemporaryName('.vault-x') && !isTemporaryName('x.tmp'));
    const there = disk(name, '.vaultrc');
    assert.deepEqual(at(await scanned(there), '').files, ['.vaultrc']);
  });

  test('names and symlinks too long to be kept are reported, and the rest goes on', async () => {
    const there = disk('fine');
    const deep = Array.from({ length: 16 }, () => 'x'.repeat(240)).join('/');
    there.fs.makeDirectories(`/disk/${deep}`);
    const held = there.fs.hold(`/disk/${deep}`);
    writeFile(there.fs, `${held.path}/${'y'.repeat(250)}`, utf8('deep'));
    held.close();
    there.fs.makeSymlink('t'.repeat(4097), '/disk/link');
    const found = await scanned(there);
    assert.deepEqual(at(found, '').files, ['fine']);
    assert.deepEqual(at(found, '').symlinks, []);
    const { problems } = found;
    assert.ok(problems.every(({ severity }) => severity === 'unreadable'));
    assert.ok(
      problems.some(
        ({ path, message }) => path === 'link' && /symlink target is too long/.test(message),
      ),
    );
    assert.ok(
      problems.some(
        ({ path, message }) => path.endsWith('y'.repeat(250)) && /path is too long/.test(message),
      ),
    );
  });

  test('names that are no text are names like any other', async () => {
    const name = pathFromBytes(Buffer.from([0x66, 0xff, 0xfe]));
    const there = disk(`${name}/${name}`);
    const found = await scanned(there);
    assert.deepEqual(at(found, name).files, [name]);
  });

  test('a root that is missing or is no directory is refused', async () => {
    const there = disk('a');
    there.fs.makeSymlink('/disk', '/link');
    writeFile(there.fs, '/file', utf8(''));
    for (const root of ['/none', '/disk/a', '/file', '/link']) {
      await rejects('VAULT_REFUSED', () => scanned(there, new Map(), { root }));
    }
  });

  test('a root that cannot be listed says so and gives up nothing', async () => {
    const there = disk('a', 'b');
    const rows = rowsOf(there);
    there.broken.set('/disk', 'EIO');
    there.broken.delete('/disk');
    there.meanwhile.set('list /disk', () => there.broken.set('/disk', 'EIO'));
    const found = await scanned(there, rows);
    assert.deepEqual([found.changed, found.kept.files], [[], 2]);
    assert.deepEqual(found.problems, [
      { path: '', severity: 'unreadable', message: 'cannot be listed: EIO' },
    ]);
  });

  test('an abort ends it at the next directory', async () => {
    const controller = new AbortController();
    const there = disk('a/b/c/d');
    there.listed.length = 0;
    const reason = new Error('enough');
    there.meanwhile.set('list /disk/a', () => controller.abort(reason));
    await assert.rejects(() => scanned(there, new Map(), { signal: controller.signal }));
    assert.deepEqual(there.listed, ['/disk', '/disk/a']);
  });

  test('many directories and many names in one are each looked at once', async () => {
    const names = Array.from({ length: 3000 }, (_, n) => `d${n % 150}/e${n % 7}/f${n}`);
    const there = disk(...names, ...Array.from({ length: 2000 }, (_, n) => `flat/${n}`));
    const rows = rowsOf(there);
    there.listed.length = 0;
    const found = await scanned(there, rows);
    assert.deepEqual(found.changed, []);
    assert.equal(found.kept.files, 5000);
    assert.equal(new Set(there.listed).size, there.listed.length);
    assert.equal(there.listed.length, rows.size);
  });

  test('rows that do not authenticate are made from the log', async () => {
    const there = disk('a', 'd/b');
    const rows = rowsOf(there);
    const restored: string[] = [];
    const recorded = recordedIn(rows);
    const found = await scanned(there, rows, {
      recorded: {
        ...recorded,
        rows: (path) =>
          path === 'd'
            ? Promise.resolve({ directoryKey: new Uint8Array(16), pages: [new Uint8Array(99)] })
            : recorded.rows(path),
        restoredRows: (path) => {
          restored.push(path);
          return recorded.rows(path);
        },
      },
    });
    assert.deepEqual(restored, ['d']);
    assert.deepEqual([found.changed, found.kept.files], [[], 2]);
  });

  test('a failure of a lane ends it, and nothing runs on', async () => {
    const there = disk('a/b', 'c/d');
    const pool = scanPool(there.fs);
    await pool.close();
    await rejects('VAULT_CLOSED', () => scanned(there, new Map(), { pool }));
  });
});

describe('seenBelow', () => {
  test('gives everything recorded below a directory, each once', async () => {
    const there = disk('d/a', 'd/e/f/g', 'd/h/', 'other/x');
    const rows = rowsOf(there);
    const found: [string, string[]][] = [];
    for await (const one of seenBelow((path) => Promise.resolve(rows.get(path)), 'd')) {
      found.push([one.path, Array.from(one.rows, ([name]) => name)]);
    }
    assert.deepEqual(
      found.toSorted(([a], [b]) => (a < b ? -1 : 1)),
      [
        ['d', ['a', 'e', 'h']],
        ['d/e', ['f']],
        ['d/e/f', ['g']],
        ['d/h', []],
      ],
    );
  });
});
