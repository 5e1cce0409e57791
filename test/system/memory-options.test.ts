import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/bytes.ts';
import { FileError, type FileSystem } from '../../src/system/file-system.ts';
import { MemoryFileSystem } from '../../src/system/memory-file-system.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { fails, readAll, writeFile } from '../helpers/files.ts';

const hello = utf8('hello');

function namesIn(files: FileSystem, path: string): string[] {
  return files.list(path).map((entry) => entry.name);
}

test('times come from the clock, cut to the granularity', () => {
  const clock = new VirtualClock(1_700_000_001_234.5);
  const coarse = new MemoryFileSystem({ clock, granularityNs: 2_000_000_000n });
  const fine = new MemoryFileSystem({ clock });
  writeFile(coarse, '/file', hello);
  writeFile(fine, '/file', hello);
  assert.equal(coarse.stat('/file').mtimeNs, 1_700_000_000_000_000_000n);
  assert.equal(fine.stat('/file').mtimeNs, 1_700_000_001_234_500_000n);
  coarse.setModified('/file', 5_999_999_999n);
  assert.equal(coarse.stat('/file').mtimeNs, 4_000_000_000n);
  coarse.setModified('/file', -1n);
  assert.equal(coarse.stat('/file').mtimeNs, -2_000_000_000n);
  clock.advance(1000);
  coarse.setMode('/file', 0o600);
  assert.equal(coarse.stat('/file').ctimeNs, 1_700_000_002_000_000_000n);
});

test('one name in any case, kept as it was given', () => {
  const files = new MemoryFileSystem({ clock: new VirtualClock(), names: 'ignore-case' });
  writeFile(files, '/File', hello);
  fails('EEXIST', () => files.open('/fILE', { mode: 'create' }));
  assert.deepEqual(readAll(files, '/FILE'), hello);
  assert.deepEqual(namesIn(files, '/'), ['File']);
  files.rename('/file', '/FILE');
  assert.deepEqual(namesIn(files, '/'), ['FILE']);
  assert.equal(files.stat('/file').links, 1);
  assert.equal(files.realPath('/file'), '/FILE');
  writeFile(files, '/other', utf8('other'));
  files.rename('/other', '/File');
  assert.deepEqual(namesIn(files, '/'), ['File']);
  files.removeFile('/fiLe');
  assert.deepEqual(namesIn(files, '/'), []);
  writeFile(files, '/\u00c5', hello);
  assert.equal(files.statIfPresent('/A\u030a'), undefined);
});

test('one name in any case and Unicode form', () => {
  const files = new MemoryFileSystem({ clock: new VirtualClock(), names: 'ignore-case-and-form' });
  writeFile(files, '/\u00c5', hello);
  assert.equal(files.stat('/a\u030a').size, 5);
  assert.deepEqual(namesIn(files, '/'), ['\u00c5']);
});

test('a full disk takes what fits, fails, and works again with room', () => {
  const files = new MemoryFileSystem({ clock: new VirtualClock(), capacity: 100_000 });
  const empty = files.freeBytes('/');
  const file = files.open('/file', { mode: 'create' });
  fails('ENOSPC', () => file.write(new Uint8Array(200_000).fill(1), 0));
  assert.ok(file.stat().size > 90_000 && file.stat().size <= 100_000);
  const into = new Uint8Array(100_000);
  const length = file.read(into, 0);
  assert.ok(length === file.stat().size && into.subarray(0, length).every((byte) => byte === 1));
  // Pages that are there can be written over; holes cost nothing.
  file.write(utf8('over'), 100);
  file.truncate(10_000_000);
  fails('ENOSPC', () => file.write(hello, 5_000_000));
  for (let count = 0; files.freeBytes('/') >= 256; count++) files.makeDirectory(`/${count}`);
  fails('ENOSPC', () => files.makeDirectory('/more'));
  fails('ENOSPC', () => files.makeSymlink('file', '/more'));
  fails('ENOSPC', () => files.open('/more', { mode: 'create' }));
  files.link('/file', '/again');
  files.removeFile('/file');
  files.removeFile('/again');
  assert.ok(files.freeBytes('/') < 4096, 'an open file still takes its room');
  file.close();
  assert.ok(files.freeBytes('/') > 90_000);
  for (const name of namesIn(files, '/')) files.removeDirectory(`/${name}`);
  assert.equal(files.freeBytes('/'), empty);
});

test('calls are announced before they happen, and can be made to fail', () => {
  const calls: string[] = [];
  let broken = '';
  const files = new MemoryFileSystem({
    clock: new VirtualClock(),
    beforeCall: (call, path) => {
      calls.push(`${call} ${path}`);
      if (call === broken) throw new FileError('EIO', call, path);
    },
  });
  writeFile(files, '/file', hello);
  readAll(files, '/file');
  assert.deepEqual(calls.splice(0), [
    'open /file',
    'file.write /file',
    'open /file',
    'file.stat /file',
    'file.read /file',
    'file.read /file',
  ]);
  broken = 'file.read';
  fails('EIO', () => readAll(files, '/file'));
  broken = 'rename';
  fails('EIO', () => files.rename('/file', '/renamed'));
  broken = '';
  assert.deepEqual(namesIn(files, '/'), ['file']);
});

test('a listener can race with the caller, unheard', () => {
  let calls = 0;
  const files: MemoryFileSystem = new MemoryFileSystem({
    clock: new VirtualClock(),
    beforeCall: (call, path) => {
      calls++;
      if (call === 'open') writeFile(files, path, hello);
    },
  });
  fails('EEXIST', () => files.open('/file', { mode: 'create' }));
  assert.equal(calls, 1);
});

test('something that is no file can be looked at, opened, and not read', () => {
  const files = new MemoryFileSystem({ clock: new VirtualClock() });
  files.makeOther('/fifo');
  assert.equal(files.stat('/fifo').kind, 'other');
  const opened = files.open('/fifo', { mode: 'read' });
  assert.equal(opened.stat().kind, 'other');
  fails('ESPIPE', () => opened.read(new Uint8Array(1), 0));
  opened.close();
  fails('EINVAL', () => files.readFile('/fifo'));
  fails('EEXIST', () => files.makeOther('/fifo'));
  files.removeTree('/fifo');
  assert.deepEqual(namesIn(files, '/'), []);
});

test('a relative path is a mistake', () => {
  const files = new MemoryFileSystem({ clock: new VirtualClock() });
  assert.throws(() => files.stat('file'), RangeError);
});
