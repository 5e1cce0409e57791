import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test, type TestContext } from 'node:test';
import { utf8 } from '../../src/bytes.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { fileSystemContract } from '../contracts/file-system.ts';
import { fails, readAll, writeFile } from '../helpers/files.ts';
import { skipUnless } from '../helpers/requires.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const files = realFileSystem();

fileSystemContract('real file system', (t) => ({
  files,
  directory: tempDir(t),
  holdsByPath: process.platform !== 'linux',
}));
fileSystemContract('real file system that holds by path', (t) => ({
  files: realFileSystem({ holdByPath: true }),
  directory: tempDir(t),
  holdsByPath: true,
}));

test('a FIFO is opened without waiting for its other end, and not read', (t) => {
  if (!skipUnless(t, { programs: ['mkfifo'] })) return;
  const path = `${tempDir(t)}/fifo`;
  execFileSync('mkfifo', [path]);
  assert.equal(files.stat(path).kind, 'other');
  const opened = files.open(path, { mode: 'read' });
  assert.equal(opened.stat().kind, 'other');
  opened.close();
  fails('EINVAL', () => files.readFile(path));
  fails('EFBIG', () => files.readFile('/proc/self/status', 10));
});

test('a file that says it is empty is still read', (t) => {
  if (!skipUnless(t, { platforms: ['linux'] })) return;
  assert.equal(files.stat('/proc/self/status').size, 0);
  assert.match(Buffer.from(readAll(files, '/proc/self/status')).toString(), /^Name:.*\nVmPeak:/ms);
});

test('access lists and extended attributes are taken over', (t) => {
  if (!skipUnless(t, { platforms: ['linux'], programs: ['python3', 'cp'] })) return;
  const directory = tempDir(t);
  files.makeDirectories(`${directory}/from`);
  files.makeDirectories(`${directory}/to`);
  writeFile(files, `${directory}/from/a b`, utf8('old'));
  writeFile(files, `${directory}/to/a b`, utf8('new'));
  // An access list that lets user 12345 read: version 2, then tag, permission and id of each entry.
  const list = [
    [0x01, 6, 0xffffffff],
    [0x02, 4, 12_345],
    [0x04, 4, 0xffffffff],
    [0x10, 4, 0xffffffff],
    [0x20, 0, 0xffffffff],
  ] as const;
  const bytes = Buffer.alloc(4 + list.length * 8);
  bytes.writeUInt32LE(2, 0);
  list.forEach(([tag, permission, id], at) => {
    bytes.writeUInt16LE(tag, 4 + at * 8);
    bytes.writeUInt16LE(permission, 6 + at * 8);
    bytes.writeUInt32LE(id, 8 + at * 8);
  });
  const python = (code: string): string => execFileSync('python3', ['-c', code]).toString().trim();
  const acl = 'system.posix_acl_access';
  try {
    python(
      `import os; p='${directory}/from/a b'; os.setxattr(p,'user.note',b'kept'); os.setxattr(p,'${acl}',bytes.fromhex('${bytes.toString('hex')}'))`,
    );
  } catch {
    skipUnless(t, { conditions: { 'a file system with access lists': false } });
    return;
  }
  files.takeOver(`${directory}/from`, `${directory}/to`, ['a b']);
  const of = (name: string): string =>
    python(`import os; print(os.getxattr('${directory}/to/a b','${name}').hex())`);
  assert.equal(of('user.note'), Buffer.from('kept').toString('hex'));
  assert.equal(of(acl), bytes.toString('hex'));
  assert.deepEqual(readAll(files, `${directory}/to/a b`), utf8('new'));
});

test('a large write is written in full', (t) => {
  const path = `${tempDir(t)}/file`;
  const bytes = new Uint8Array(20_000_000).map((_, index) => index % 251);
  writeFile(files, path, bytes);
  assert.ok(Buffer.from(bytes).equals(readAll(files, path)));
});

test('a tree is removed although its directories forbid it', (t) => {
  if (!skipUnless(t, { root: true })) return;
  const directory = `${tempDir(t)}/shared`;
  files.makeDirectory(directory, 0o777);
  files.setMode(directory.replace(/\/shared$/, ''), 0o755);
  files.setMode(directory, 0o777);
  asNobody(() => {
    for (const mode of [0o000, 0o100, 0o300, 0o400, 0o500]) {
      files.makeDirectories(`${directory}/tree/inner/more`);
      writeFile(files, `${directory}/tree/inner/file`, utf8('content'));
      files.setMode(`${directory}/tree/inner`, mode);
      files.setMode(`${directory}/tree`, mode);
      files.removeTree(`${directory}/tree`);
      assert.deepEqual(files.list(directory), [], `mode ${mode.toString(8)}`);
    }
  });
});

test('what may not be read says so, which is not the same as missing', (t) => {
  if (!skipUnless(t, { root: true })) return;
  const directory = tempDir(t);
  files.makeDirectories(`${directory}/closed/inner`);
  files.setMode(`${directory}/closed`, 0o700);
  files.setMode(directory, 0o755);
  asNobody(() => {
    fails('EACCES', () => files.list(`${directory}/closed`));
    fails('EACCES', () => files.statIfPresent(`${directory}/closed/inner`));
    fails('EACCES', () => files.statIfPresent(`${directory}/closed/none`));
    fails('EACCES', () => files.open(`${directory}/closed/none`, { mode: 'read' }));
  });
});

test('a tree deeper than any path is removed', (t) => {
  if (!skipUnless(t, { platforms: ['linux'] })) return;
  const directory = tempDir(t);
  files.makeDirectory(`${directory}/tree`);
  let held = files.hold(`${directory}/tree`);
  const name = 'n'.repeat(250);
  for (let depth = 0; depth < 40; depth++) {
    files.makeDirectory(`${held.path}/${name}`);
    const next = files.hold(`${held.path}/${name}`);
    held.close();
    held = next;
  }
  writeFile(files, `${held.path}/file`, utf8('content'));
  held.close();
  fails('ENAMETOOLONG', () => files.stat(`${directory}/tree${`/${name}`.repeat(40)}`));
  files.removeTree(`${directory}/tree`);
  assert.deepEqual(files.list(directory), []);
});

test('no descriptor is left behind', (t) => {
  if (!skipUnless(t, { platforms: ['linux'] })) return;
  const directory = tempDir(t);
  const before = files.list('/proc/self/fd').length;
  for (let count = 0; count < 20; count++) useAll(t, `${directory}/${count}`);
  assert.equal(files.list('/proc/self/fd').length, before);
});

function useAll(t: TestContext, directory: string): void {
  files.makeDirectories(`${directory}/a/b`);
  writeFile(files, `${directory}/a/file`, utf8(t.name));
  fails('EFBIG', () => files.readFile(`${directory}/a/file`, 1));
  fails('EISDIR', () => files.readFile(directory));
  files.syncDirectory(directory);
  files.hold(directory).close();
  files.removeTree(directory);
}

/** Runs `run` as a user to whom permissions apply. */
function asNobody(run: () => void): void {
  process.seteuid?.(65_534);
  try {
    run();
  } finally {
    process.seteuid?.(0);
  }
}
