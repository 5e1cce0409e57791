import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { utf8 } from '../../src/bytes.ts';
import { FileError, type FileSystem } from '../../src/system/file-system.ts';
import { skipUnless } from '../helpers/requires.ts';
import { fails, readAll, writeFile } from '../helpers/files.ts';

/** A file system and an empty directory on it. */
export interface FileSystemCase {
  readonly files: FileSystem;
  readonly directory: string;
  /** Held directories are mere paths, which do not outlive a rename. */
  readonly holdsByPath?: boolean;
}

const hello = utf8('hello');

/** What every file system must do. */
export function fileSystemContract(kind: string, make: (t: TestContext) => FileSystemCase): void {
  const rule = (title: string, run: (one: FileSystemCase, t: TestContext) => void): void =>
    void test(`${kind}: ${title}`, (t) => run(make(t), t));

  rule('creates a file, writes anywhere and reads it back', ({ files, directory }) => {
    const file = files.open(`${directory}/a`, { mode: 'create' });
    file.write(hello, 0);
    file.write(utf8('HELLO'), 10_000);
    const into = new Uint8Array(20);
    assert.equal(file.read(into, 9_998), 7);
    assert.deepEqual(into.subarray(0, 7), utf8('\0\0HELLO'));
    assert.equal(file.read(into, 10_005), 0);
    assert.equal(file.stat().size, 10_005);
    file.sync();
    file.close();
    file.close();
    fails('EBADF', () => file.stat());
    assert.equal(readAll(files, `${directory}/a`).length, 10_005);
  });

  rule('says what is at a path', ({ files, directory }) => {
    writeFile(files, `${directory}/file`, hello);
    files.makeDirectory(`${directory}/directory`);
    files.makeSymlink('nowhere', `${directory}/symlink`);
    const stat = files.stat(`${directory}/file`);
    assert.deepEqual([stat.kind, stat.size, stat.links], ['file', 5, 1]);
    assert.equal(files.stat(`${directory}/directory`).kind, 'directory');
    const symlink = files.stat(`${directory}/symlink`);
    assert.deepEqual([symlink.kind, symlink.size], ['symlink', 7]);
    assert.equal(files.stat(`${directory}/.`).inode, files.stat(directory).inode);
    const opened = files.open(`${directory}/file`, { mode: 'read' });
    assert.deepEqual(opened.stat(), stat);
    opened.close();
  });

  rule('tells what is missing from what fails', ({ files, directory }) => {
    writeFile(files, `${directory}/file`, hello);
    assert.equal(files.statIfPresent(`${directory}/none`), undefined);
    assert.equal(files.statIfPresent(`${directory}/none/below`), undefined);
    assert.equal(files.statIfPresent(`${directory}/file/below`), undefined);
    assert.equal(files.statIfPresent(`${directory}/file`)?.size, 5);
    fails('ENOENT', () => files.stat(`${directory}/none`));
    fails('ENOTDIR', () => files.stat(`${directory}/file/below`));
    files.makeSymlink('loop', `${directory}/loop`);
    fails('ELOOP', () => files.statIfPresent(`${directory}/loop/below`));
    fails('ENAMETOOLONG', () => files.statIfPresent(`${directory}/${'n'.repeat(256)}`));
    assert.throws(() => files.statIfPresent(`${directory}/nul\0`), TypeError);
  });

  rule('gives the code, the path and the cause of a failure', ({ files, directory }) => {
    const path = `${directory}/none`;
    const error = fails('ENOENT', () => files.open(path, { mode: 'read' }));
    assert.ok(error instanceof FileError);
    assert.equal(error.path, path);
    assert.match(error.message, /^ENOENT: cannot open "/);
  });

  rule('creates only what is not there', ({ files, directory }) => {
    writeFile(files, `${directory}/file`, hello);
    files.makeDirectory(`${directory}/directory`);
    files.makeSymlink('nowhere', `${directory}/symlink`);
    for (const taken of ['file', 'directory', 'symlink']) {
      const path = `${directory}/${taken}`;
      fails('EEXIST', () => files.open(path, { mode: 'create' }));
      fails('EEXIST', () => files.makeDirectory(path));
      fails('EEXIST', () => files.makeSymlink('target', path));
      fails('EEXIST', () => files.link(`${directory}/file`, path));
    }
    assert.equal(files.statIfPresent(`${directory}/nowhere`), undefined);
    fails('ENOENT', () => files.open(`${directory}/none/file`, { mode: 'create' }));
    fails('ENOENT', () => files.makeDirectory(`${directory}/none/below`));
    fails('ENOENT', () => files.makeSymlink('', `${directory}/empty`));
  });

  rule('opens for reading and for writing only what exists', ({ files, directory }) => {
    writeFile(files, `${directory}/file`, hello);
    fails('ENOENT', () => files.open(`${directory}/none`, { mode: 'write' }));
    fails('EISDIR', () => files.open(directory, { mode: 'write' }));
    const writing = files.open(`${directory}/file`, { mode: 'write' });
    writing.write(utf8('J'), 0);
    writing.close();
    const reading = files.open(`${directory}/file`, { mode: 'read' });
    fails('EBADF', () => reading.write(hello, 0));
    fails('EINVAL', () => reading.truncate(0));
    const into = new Uint8Array(5);
    assert.equal(reading.read(into, 0), 5);
    assert.deepEqual(into, utf8('Jello'));
    reading.close();
  });

  rule('never follows a symlink at the end when it opens', ({ files, directory }) => {
    writeFile(files, `${directory}/file`, hello);
    files.makeSymlink('file', `${directory}/symlink`);
    for (const mode of ['read', 'write'] as const) {
      fails('ELOOP', () => files.open(`${directory}/symlink`, { mode }));
    }
    fails('ELOOP', () => files.readFile(`${directory}/symlink`));
    fails('ELOOP', () => files.setMode(`${directory}/symlink`, 0o600));
    files.makeDirectory(`${directory}/inner`);
    files.makeSymlink('inner', `${directory}/to-inner`);
    fails(['ELOOP', 'ENOTDIR'], () => files.hold(`${directory}/to-inner`));
    assert.deepEqual(readAll(files, `${directory}/file`), hello);
  });

  rule('reads whole files up to a limit', ({ files, directory }) => {
    writeFile(files, `${directory}/file`, hello);
    assert.deepEqual(files.readFile(`${directory}/file`), hello);
    assert.deepEqual(files.readFile(`${directory}/file`, 5), hello);
    fails('EFBIG', () => files.readFile(`${directory}/file`, 4));
    fails('EISDIR', () => files.readFile(directory));
    fails('ENOENT', () => files.readFile(`${directory}/none`));
    writeFile(files, `${directory}/empty`, new Uint8Array());
    assert.deepEqual(files.readFile(`${directory}/empty`, 0), new Uint8Array());
  });

  rule('cuts and extends files, leaving holes', ({ files, directory }) => {
    const file = files.open(`${directory}/file`, { mode: 'create' });
    file.write(new Uint8Array(8192).fill(7), 0);
    file.truncate(5000);
    file.truncate(1_000_000_000_000);
    const stat = file.stat();
    assert.equal(stat.size, 1_000_000_000_000);
    assert.ok(stat.allocated < 1_000_000, `${stat.allocated} bytes allocated`);
    const into = new Uint8Array(10).fill(1);
    assert.equal(file.read(into, 4995), 10);
    assert.deepEqual(into, Uint8Array.of(7, 7, 7, 7, 7, 0, 0, 0, 0, 0));
    assert.equal(file.read(into, 999_999_999_997), 3);
    file.truncate(0);
    assert.equal(file.stat().size, 0);
    assert.throws(() => file.truncate(-1), RangeError);
    assert.throws(() => file.truncate(0.5), RangeError);
    file.close();
  });

  rule('lists names with their kinds', ({ files, directory }) => {
    assert.deepEqual(files.list(directory), []);
    writeFile(files, `${directory}/file \ufffd`, hello);
    files.makeDirectory(`${directory}/directory`);
    files.makeSymlink('directory', `${directory}/symlink`);
    const listed = files.list(directory).sort((a, b) => (a.name < b.name ? -1 : 1));
    assert.deepEqual(listed, [
      { name: 'directory', kind: 'directory' },
      { name: 'file \ufffd', kind: 'file' },
      { name: 'symlink', kind: 'symlink' },
    ]);
    assert.deepEqual(files.list(`${directory}/symlink`), []);
    fails('ENOTDIR', () => files.list(`${directory}/file \ufffd`));
    fails('ENOENT', () => files.list(`${directory}/none`));
  });

  rule('keeps names and symlink targets that are not UTF-8', ({ files, directory }, t) => {
    const name = 'not \udcff\udc80 utf-8 \ufffd é';
    let refused = false;
    try {
      writeFile(files, `${directory}/${name}`, hello);
    } catch (error) {
      if (!(error instanceof FileError && ['EILSEQ', 'EINVAL'].includes(error.code))) throw error;
      refused = true;
    }
    const conditions = { 'a file system that takes any bytes as a name': !refused };
    if (!skipUnless(t, { conditions })) return;
    assert.deepEqual(files.list(directory), [{ name, kind: 'file' }]);
    assert.equal(files.stat(`${directory}/${name}`).size, 5);
    assert.deepEqual(readAll(files, `${directory}/${name}`), hello);
    files.makeSymlink(name, `${directory}/\udc80`);
    assert.equal(files.readSymlink(`${directory}/\udc80`), name);
    assert.equal(files.stat(`${directory}/\udc80`).size, 19);
    assert.equal(files.realPath(`${directory}/\udc80`), `${files.realPath(directory)}/${name}`);
    files.makeDirectories(`${directory}/\udcfe/\udcfd`);
    files.rename(`${directory}/${name}`, `${directory}/\udcfe/\udcfd/\udcfc`);
    assert.deepEqual(files.list(`${directory}/\udcfe/\udcfd`), [{ name: '\udcfc', kind: 'file' }]);
    files.removeTree(`${directory}/\udcfe`);
    assert.deepEqual(files.list(directory), [{ name: '\udc80', kind: 'symlink' }]);
  });

  rule('makes directories with missing parents, once or again', ({ files, directory }) => {
    files.makeDirectories(`${directory}/a/b/c`, 0o700);
    assert.equal(files.stat(`${directory}/a/b/c`).mode & 0o777, 0o700);
    assert.equal(files.stat(`${directory}/a`).mode & 0o777, 0o700);
    files.makeDirectories(`${directory}/a/b/c`);
    files.makeSymlink('a/b', `${directory}/symlink`);
    files.makeDirectories(`${directory}/symlink/d`);
    files.makeDirectories(`${directory}/symlink`);
    assert.equal(files.stat(`${directory}/a/b/d`).kind, 'directory');
    writeFile(files, `${directory}/file`, hello);
    fails('EEXIST', () => files.makeDirectories(`${directory}/file`));
    fails('ENOTDIR', () => files.makeDirectories(`${directory}/file/below`));
    files.makeSymlink('nowhere', `${directory}/dangling`);
    fails('EEXIST', () => files.makeDirectories(`${directory}/dangling/below`));
    files.makeDirectories('/');
  });

  rule('removes files, symlinks and empty directories', ({ files, directory }) => {
    writeFile(files, `${directory}/file`, hello);
    files.makeDirectories(`${directory}/a/b`);
    files.makeSymlink('a', `${directory}/symlink`);
    fails('ENOTEMPTY', () => files.removeDirectory(`${directory}/a`));
    fails('ENOTDIR', () => files.removeDirectory(`${directory}/file`));
    fails('ENOTDIR', () => files.removeDirectory(`${directory}/symlink`));
    fails(['EISDIR', 'EPERM'], () => files.removeFile(`${directory}/a`));
    fails('ENOENT', () => files.removeFile(`${directory}/none`));
    fails('ENOENT', () => files.removeDirectory(`${directory}/none`));
    files.removeFile(`${directory}/symlink`);
    files.removeFile(`${directory}/file`);
    files.removeDirectory(`${directory}/a/b`);
    files.removeDirectory(`${directory}/a`);
    assert.deepEqual(files.list(directory), []);
  });

  rule('keeps an open file alive after its last name is gone', ({ files, directory }) => {
    writeFile(files, `${directory}/file`, hello);
    const file = files.open(`${directory}/file`, { mode: 'write' });
    files.removeFile(`${directory}/file`);
    assert.equal(file.stat().links, 0);
    file.write(utf8('!'), 5);
    const into = new Uint8Array(6);
    assert.equal(file.read(into, 0), 6);
    assert.deepEqual(into, utf8('hello!'));
    file.close();
  });

  rule('removes trees without following symlinks', ({ files, directory }) => {
    files.makeDirectories(`${directory}/outside/deep`);
    writeFile(files, `${directory}/outside/deep/file`, hello);
    files.makeDirectories(`${directory}/tree/a/b`);
    writeFile(files, `${directory}/tree/a/b/file`, hello);
    files.makeSymlink('../outside', `${directory}/tree/link`);
    files.makeSymlink(`${directory}/outside`, `${directory}/tree/a/absolute`);
    files.setMode(`${directory}/tree/a`, 0o500);
    files.removeTree(`${directory}/tree`);
    assert.equal(files.statIfPresent(`${directory}/tree`), undefined);
    files.removeTree(`${directory}/tree`);
    files.removeTree(`${directory}/none/below`);
    files.makeSymlink('outside', `${directory}/link`);
    files.removeTree(`${directory}/link`);
    assert.equal(files.statIfPresent(`${directory}/link`), undefined);
    assert.deepEqual(readAll(files, `${directory}/outside/deep/file`), hello);
    files.removeTree(`${directory}/outside/deep/file`);
    assert.deepEqual(files.list(`${directory}/outside/deep`), []);
  });

  rule('renames over files and empty directories, and nothing else', ({ files, directory }) => {
    const at = (path: string): string => `${directory}/${path}`;
    writeFile(files, at('new'), utf8('new'));
    writeFile(files, at('old'), utf8('old'));
    const { inode } = files.stat(at('new'));
    files.rename(at('new'), at('old'));
    assert.deepEqual(readAll(files, at('old')), utf8('new'));
    assert.equal(files.stat(at('old')).inode, inode);
    assert.equal(files.statIfPresent(at('new')), undefined);
    files.makeDirectories(at('full/inner'));
    files.makeDirectory(at('empty'));
    fails('ENOTEMPTY', () => files.rename(at('empty'), at('full')));
    fails('EINVAL', () => files.rename(at('full'), at('full/inner/below')));
    fails(['ENOTEMPTY', 'EEXIST'], () => files.rename(at('full/inner'), at('full')));
    fails('EISDIR', () => files.rename(at('old'), at('full')));
    fails('ENOTDIR', () => files.rename(at('full'), at('old')));
    fails('ENOENT', () => files.rename(at('none'), at('other')));
    fails('ENOENT', () => files.rename(at('old'), at('none/other')));
    files.rename(at('full'), at('empty'));
    assert.deepEqual(files.list(at('empty')), [{ name: 'inner', kind: 'directory' }]);
    files.rename(at('old'), at('old'));
    files.makeSymlink('old', at('symlink'));
    files.rename(at('symlink'), at('empty/symlink'));
    assert.equal(files.readSymlink(at('empty/symlink')), 'old');
  });

  rule('links one file under several names', ({ files, directory }) => {
    const at = (path: string): string => `${directory}/${path}`;
    writeFile(files, at('a'), hello);
    files.link(at('a'), at('b'));
    const [a, b] = [files.stat(at('a')), files.stat(at('b'))];
    assert.deepEqual([a.inode, a.links, b.links], [b.inode, 2, 2]);
    const file = files.open(at('b'), { mode: 'write' });
    file.write(utf8('J'), 0);
    file.close();
    assert.deepEqual(readAll(files, at('a')), utf8('Jello'));
    // POSIX: renaming one name over another of the same file leaves both.
    files.rename(at('a'), at('b'));
    assert.equal(files.stat(at('a')).links, 2);
    files.removeFile(at('a'));
    assert.equal(files.stat(at('b')).links, 1);
    fails('EPERM', () => files.link(directory, at('c')));
    fails('ENOENT', () => files.link(at('none'), at('c')));
    files.makeSymlink('b', at('symlink'));
    files.link(at('symlink'), at('c'));
    assert.equal(files.readSymlink(at('c')), 'b');
  });

  rule('keeps symlinks as they were given', ({ files, directory }) => {
    const at = (path: string): string => `${directory}/${path}`;
    for (const target of ['../..', '/absolute/none', 'a//b/.', 'x'.repeat(200)]) {
      files.makeSymlink(target, at('symlink'));
      assert.equal(files.readSymlink(at('symlink')), target);
      files.removeFile(at('symlink'));
    }
    writeFile(files, at('file'), hello);
    fails('EINVAL', () => files.readSymlink(at('file')));
    fails('ENOENT', () => files.readSymlink(at('none')));
  });

  rule('resolves symlinks on the way and in realPath', ({ files, directory }) => {
    const at = (path: string): string => `${directory}/${path}`;
    files.makeDirectories(at('a/b'));
    writeFile(files, at('a/b/file'), hello);
    files.makeSymlink('a', at('link'));
    files.makeSymlink('../link/b/file', at('a/twice'));
    const real = files.realPath(directory);
    assert.equal(files.realPath(at('link/b/../twice')), `${real}/a/b/file`);
    assert.deepEqual(readAll(files, at('link/b/file')), hello);
    assert.equal(files.realPath('/'), '/');
    fails('ENOENT', () => files.realPath(at('none')));
    files.makeSymlink('loop', at('loop'));
    fails('ELOOP', () => files.realPath(at('loop')));
  });

  rule('sets permission bits', ({ files, directory }) => {
    const path = `${directory}/file`;
    const file = files.open(path, { mode: 'create', permissions: 0o700 });
    assert.equal(file.stat().mode, 0o700);
    file.setMode(0o640);
    assert.equal(file.stat().mode, 0o640);
    file.close();
    files.setMode(path, 0o755);
    assert.equal(files.stat(path).mode, 0o755);
    fails('ENOENT', () => files.setMode(`${directory}/none`, 0o700));
  });

  rule('sets modification times of files, directories and symlinks', ({ files, directory }) => {
    writeFile(files, `${directory}/file`, hello);
    files.makeDirectory(`${directory}/directory`);
    files.makeSymlink('file', `${directory}/symlink`);
    const times = [0n, 1n, 1_700_000_000n, 4_102_444_799n, -1n, -2_000_000n];
    for (const [index, name] of ['file', 'directory', 'symlink'].entries()) {
      const path = `${directory}/${name}`;
      for (const seconds of times) {
        const ns = (seconds + BigInt(index)) * 1_000_000_000n;
        files.setModified(path, ns);
        assert.equal(files.stat(path).mtimeNs, ns, `${name} ${seconds}`);
      }
    }
    // The symlink was meant, not what it leads to.
    assert.equal(files.stat(`${directory}/file`).mtimeNs, -2_000_000n * 1_000_000_000n);
    const file = files.open(`${directory}/file`, { mode: 'read' });
    file.setModified(1_234_567_890_000_000_000n);
    assert.equal(file.stat().mtimeNs, 1_234_567_890_000_000_000n);
    file.close();
  });

  rule('changes no time when it sets the time it has read', ({ files, directory }) => {
    const path = `${directory}/file`;
    writeFile(files, path, hello);
    for (const start of [1_700_000_000n, 0n, -3_000_000n]) {
      for (let step = 0n; step < 300n; step++) {
        const wanted = start * 1_000_000_000n + step * 1_000_000_123_457n;
        files.setModified(path, wanted);
        const { mtimeNs } = files.stat(path);
        const error = mtimeNs - wanted;
        assert.ok(error > -1000n && error < 1000n, `${wanted} became ${mtimeNs}`);
        files.setModified(path, mtimeNs);
        assert.equal(files.stat(path).mtimeNs, mtimeNs, `after ${wanted}`);
      }
    }
  });

  rule('holds directories only', ({ files, directory }) => {
    const held = files.hold(directory);
    writeFile(files, `${held.path}/file`, hello);
    assert.deepEqual(files.list(held.path), [{ name: 'file', kind: 'file' }]);
    files.syncDirectory(held.path);
    assert.equal(files.stat(`${held.path}/.`).inode, files.stat(directory).inode);
    held.close();
    held.close();
    fails('ENOTDIR', () => files.hold(`${directory}/file`));
    fails('ENOENT', () => files.hold(`${directory}/none`));
  });

  rule('holds a directory through renames of it', ({ files, directory, holdsByPath }) => {
    if (holdsByPath) return;
    files.makeDirectories(`${directory}/a/inner`);
    writeFile(files, `${directory}/a/file`, hello);
    const held = files.hold(`${directory}/a`);
    files.rename(`${directory}/a`, `${directory}/moved`);
    files.makeDirectory(`${directory}/decoy`);
    files.makeSymlink('decoy', `${directory}/a`);
    writeFile(files, `${held.path}/new`, hello);
    assert.deepEqual(files.list(`${directory}/decoy`), []);
    const names = files.list(held.path).map((entry) => entry.name);
    assert.deepEqual(names.sort(), ['file', 'inner', 'new']);
    assert.equal(files.realPath(held.path), `${files.realPath(directory)}/moved`);
    files.syncDirectory(held.path);
    const below = files.hold(`${held.path}/inner`);
    files.rename(`${held.path}/file`, `${below.path}/file`);
    assert.deepEqual(readAll(files, `${directory}/moved/inner/file`), hello);
    files.removeTree(`${directory}/moved`);
    assert.deepEqual(files.list(held.path), []);
    fails('ENOENT', () => files.makeDirectory(`${held.path}/late`));
    fails('ENOENT', () => files.stat(`${below.path}/file`));
    below.close();
    held.close();
    held.close();
    fails('ENOENT', () => files.stat(`${held.path}/inner`));
  });

  rule('gives a new file the mode of the old one, but no set-id', ({ files, directory }) => {
    files.makeDirectory(`${directory}/from`);
    files.makeDirectory(`${directory}/to`);
    for (const [name, mode] of [
      ['plain', 0o640],
      ['run', 0o4751],
      ['bytes \udcff', 0o604],
    ] as const) {
      writeFile(files, `${directory}/from/${name}`, hello);
      files.setMode(`${directory}/from/${name}`, mode);
      writeFile(files, `${directory}/to/${name}`, utf8('new'));
    }
    files.makeSymlink('plain', `${directory}/from/link`);
    writeFile(files, `${directory}/to/link`, hello);
    files.setMode(`${directory}/to/link`, 0o600);
    const [from, to] = [files.hold(`${directory}/from`), files.hold(`${directory}/to`)];
    files.takeOver(from.path, to.path, ['plain', 'run', 'bytes \udcff', 'link', 'none']);
    from.close();
    to.close();
    const modes = ['plain', 'run', 'bytes \udcff', 'link'].map(
      (name) => files.stat(`${directory}/to/${name}`).mode,
    );
    assert.deepEqual(modes, [0o640, 0o751, 0o604, 0o600]);
    assert.deepEqual(readAll(files, `${directory}/to/plain`), utf8('new'));
    assert.deepEqual(files.stat(`${directory}/to/link`).kind, 'file');
  });

  rule('links symlinks themselves', ({ files, directory }) => {
    files.makeSymlink('nowhere', `${directory}/link`);
    files.link(`${directory}/link`, `${directory}/same`);
    assert.equal(files.readSymlink(`${directory}/same`), 'nowhere');
    assert.equal(files.stat(`${directory}/same`).inode, files.stat(`${directory}/link`).inode);
  });

  rule('syncs directories and nothing else by syncDirectory', ({ files, directory }) => {
    writeFile(files, `${directory}/file`, hello);
    files.syncDirectory(directory);
    fails('ENOENT', () => files.syncDirectory(`${directory}/none`));
    fails('ENOTDIR', () => files.syncDirectory(`${directory}/file`));
  });

  rule('tells free space', ({ files, directory }) => {
    const free = files.freeBytes(directory);
    assert.ok(Number.isSafeInteger(free) && free > 0, `${free}`);
    fails('ENOENT', () => files.freeBytes(`${directory}/none`));
  });

  rule('notes changes in modification and change times', ({ files, directory }) => {
    const path = `${directory}/file`;
    writeFile(files, path, hello);
    files.setModified(path, 1_000_000_000n);
    files.setModified(directory, 1_000_000_000n);
    const before = files.stat(path);
    const file = files.open(path, { mode: 'write' });
    file.write(hello, 0);
    file.close();
    const after = files.stat(path);
    assert.ok(after.mtimeNs > before.mtimeNs && after.ctimeNs >= before.ctimeNs);
    assert.equal(files.stat(directory).mtimeNs, 1_000_000_000n);
    files.rename(path, `${directory}/renamed`);
    assert.ok(files.stat(directory).mtimeNs > 1_000_000_000n);
    assert.equal(files.stat(`${directory}/renamed`).mtimeNs, after.mtimeNs);
  });
}
