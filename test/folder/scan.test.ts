import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { utf8 } from '../../src/bytes.ts';
import { noExcludes } from '../../src/folder/excludes.ts';
import {
  isTemporaryName,
  scan,
  seenBelow,
  type ScanInput,
  type ScannedDirectory,
} from '../../src/folder/scan.ts';
import { seenStat } from '../../src/folder/seen-stat.ts';
import type { SeenEntry } from '../../src/folder/working-copy-row.ts';
import { pathFromBytes } from '../../src/path-bytes.ts';
import { FileError, type FileStat } from '../../src/system/file-system.ts';
import { MemoryFileSystem } from '../../src/system/memory-file-system.ts';
import type { MemoryCall } from '../../src/system/memory-volume.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { writeFile } from '../helpers/files.ts';
import { rejects } from '../helpers/rejects.ts';
import { logs } from './seen-entries.ts';

interface Disk {
  readonly fs: MemoryFileSystem;
  readonly clock: VirtualClock;
  /** What the next calls fail with, by path. */
  readonly broken: Map<string, string>;
  /** Runs once before a call with this path. */
  readonly meanwhile: Map<string, () => void>;
}

/** A disk on which `/disk` holds these files; a name that ends in `/` is a directory. */
function disk(...names: string[]): Disk {
  const clock = new VirtualClock();
  const broken = new Map<string, string>();
  const meanwhile = new Map<string, () => void>();
  const beforeCall = (call: MemoryCall, path: string): void => {
    const run = meanwhile.get(`${call} ${path}`);
    meanwhile.delete(`${call} ${path}`);
    run?.();
    const code = broken.get(path);
    if (code !== undefined && (call === 'list' || call === 'stat'))
      throw new FileError(code, call, path);
  };
  const fs = new MemoryFileSystem({ clock, beforeCall });
  fs.makeDirectories('/disk');
  for (const name of names) {
    if (name.endsWith('/')) fs.makeDirectories(`/disk/${name.slice(0, -1)}`);
    else {
      fs.makeDirectories(`/disk/${name}`.replace(/\/[^/]*$/, ''));
      writeFile(fs, `/disk/${name}`, utf8(name));
    }
  }
  return { fs, clock, broken, meanwhile };
}

type Rows = Map<string, Map<string, SeenEntry>>;

async function scanned(
  there: Disk,
  rows: Rows = new Map(),
  input: Partial<ScanInput> = {},
): Promise<ScannedDirectory[]> {
  const found: ScannedDirectory[] = [];
  for await (const directory of scan({
    fileSystem: there.fs,
    root: '/disk',
    seen: (path) => Promise.resolve(rows.get(path)),
    excludes: noExcludes,
    neverEnter: new Set(),
    signal: new AbortController().signal,
    ...input,
  })) {
    found.push(directory);
  }
  return found;
}

function entry(stat: FileStat, racy = false): SeenEntry {
  return {
    ...seenStat(stat, racy),
    kind: stat.kind as SeenEntry['kind'],
    digest: new Uint8Array(stat.kind === 'directory' ? 0 : 16),
    version: { log: logs[0] ?? '', seq: 0, index: 0, hash8: new Uint8Array(8) },
  };
}

/** Rows that say all of `/disk` was seen as it is. */
function rowsOf({ fs }: Disk, racy = false): Rows {
  const rows: Rows = new Map();
  const walk = (path: string): void => {
    const names = new Map<string, SeenEntry>();
    const absolute = path === '' ? '/disk' : `/disk/${path}`;
    for (const { name, kind } of fs.list(absolute)) {
      names.set(name, entry(fs.stat(`${absolute}/${name}`), racy));
      if (kind === 'directory') walk(path === '' ? name : `${path}/${name}`);
    }
    rows.set(path, names);
  };
  walk('');
  return rows;
}

const at = (found: readonly ScannedDirectory[], path: string): ScannedDirectory => {
  const directory = found.find((one) => one.path === path);
  assert.ok(directory, `${path} was not scanned`);
  return directory;
};

describe('scan', () => {
  test('what was never seen is new, directories depth first and in order of names', async () => {
    const there = disk('b/x/deep', 'b/y', 'a', 'c/', 'b2');
    there.fs.makeSymlink('a', '/disk/link');
    const found = await scanned(there);
    assert.deepEqual(
      found.map(({ path }) => path),
      ['', 'b', 'b/x', 'c'],
    );
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
      seen: (path) => {
        asked.push(path);
        return Promise.resolve(undefined);
      },
    });
    assert.deepEqual(asked, ['']);
  });

  test('what stands still is unchanged', async () => {
    const there = disk('a', 'd/b');
    there.fs.makeSymlink('a', '/disk/link');
    const found = await scanned(there, rowsOf(there));
    assert.deepEqual(at(found, '').unchanged, ['a', 'd', 'link']);
    assert.deepEqual(at(found, 'd').unchanged, ['b']);
    for (const { files, symlinks, newDirectories, gone, unknown, doubtful, problems } of found) {
      assert.deepEqual(
        [files, symlinks, newDirectories, gone, unknown, doubtful, problems],
        [[], [], [], [], [], 0, []],
      );
    }
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
    assert.deepEqual(root.unchanged, ['mode']);
  });

  test('what could hide a change is looked into and counted as doubtful', async () => {
    const there = disk('a', 'd/');
    there.fs.makeSymlink('a', '/disk/link');
    const root = at(await scanned(there, rowsOf(there, true)), '');
    assert.deepEqual(root.files, ['a']);
    assert.deepEqual(root.symlinks.length, 1);
    assert.deepEqual(root.unchanged, ['d']);
    assert.equal(root.doubtful, 2);
  });

  test('a time beyond what rows keep does not make a file change each time', async () => {
    const there = disk('far');
    there.fs.setModified('/disk/far', 2n ** 63n + 5n);
    assert.deepEqual(at(await scanned(there, rowsOf(there)), '').unchanged, ['far']);
  });

  test('a name that is gone, and what turned into something that is not kept, is gone', async () => {
    const there = disk('a', 'b', 'd/e/f');
    const rows = rowsOf(there);
    there.fs.removeFile('/disk/a');
    there.fs.removeFile('/disk/b');
    there.fs.makeOther('/disk/b');
    there.fs.removeTree('/disk/d');
    const found = await scanned(there, rows);
    assert.deepEqual(at(found, '').gone, ['a', 'b', 'd']);
    assert.deepEqual(at(found, '').problems, [
      { path: 'b', severity: 'skipped', message: 'not a file, directory or symlink' },
    ]);
    assert.deepEqual(found.length, 1, 'nothing below a gone directory is scanned');
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
    assert.deepEqual(at(found, '').unknown, ['x']);
    assert.deepEqual(at(found, 'd').unknown, ['a', 'e']);
    assert.deepEqual(
      found.flatMap(({ gone }) => gone),
      [],
    );
    assert.deepEqual(
      found.flatMap(({ problems }) =>
        problems.map(({ path, severity, message }) => [path, severity, message]),
      ),
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
    assert.deepEqual(at(found, 'd').gone, [], 'the next scan sees it whole');
    assert.deepEqual(
      found.flatMap(({ problems }) => problems),
      [],
    );
  });

  test('what is left out stays as it was seen, also below', async () => {
    const there = disk('keep', 'skip', 'new skip', 'd/inside', 'e/skip');
    const rows = rowsOf(there);
    rows.get('')?.delete('new skip');
    const found = await scanned(there, rows, {
      excludes: { ...noExcludes, patterns: ['*skip', '/d/'] },
    });
    assert.deepEqual(
      found.map(({ path }) => path),
      ['', 'e'],
    );
    assert.deepEqual(at(found, '').unchanged, ['e', 'keep']);
    assert.deepEqual(at(found, '').unknown, ['d', 'skip']);
    assert.deepEqual(at(found, '').gone, []);
  });

  test('places that are never entered are not there', async () => {
    const there = disk('a', 'home/inside');
    const found = await scanned(there, new Map(), { neverEnter: new Set(['/disk/home']) });
    assert.deepEqual(
      found.map(({ path }) => path),
      [''],
    );
    assert.deepEqual(at(found, '').newDirectories, []);
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
    assert.deepEqual(at(found, '').unknown, ['link']);
    const problems = found.flatMap((one) => one.problems);
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
    const input = { fileSystem: there.fs };
    there.broken.delete('/disk');
    there.meanwhile.set('list /disk', () => there.broken.set('/disk', 'EIO'));
    const [root] = await scanned(there, rows, input);
    assert.deepEqual([root?.unknown, root?.gone], [['a', 'b'], []]);
  });

  test('an abort ends it at the next directory', async () => {
    const controller = new AbortController();
    const there = disk('a/b/c/d');
    const seen: string[] = [];
    const reason = new Error('enough');
    await assert.rejects(async () => {
      for await (const { path } of scan({
        fileSystem: there.fs,
        root: '/disk',
        seen: () => Promise.resolve(undefined),
        excludes: noExcludes,
        neverEnter: new Set(),
        signal: controller.signal,
      })) {
        seen.push(path);
        if (path === 'a') controller.abort(reason);
      }
    }, reason);
    assert.deepEqual(seen, ['', 'a']);
  });
});

describe('seenBelow', () => {
  test('gives everything recorded below a directory, each once', async () => {
    const there = disk('d/a', 'd/e/f/g', 'd/h/', 'other/x');
    const rows = rowsOf(there);
    const found: [string, string[]][] = [];
    for await (const one of seenBelow((path) => Promise.resolve(rows.get(path)), 'd')) {
      found.push([one.path, [...one.rows.keys()]]);
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
