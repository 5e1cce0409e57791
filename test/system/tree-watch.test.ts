import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, test, type TestContext } from 'node:test';
import { directoryWatch, type DirectoryWatchOptions } from '../../src/system/directory-watch.ts';
import { MemoryFileSystem } from '../../src/system/memory-file-system.ts';
import { MemoryWatches } from '../../src/system/memory-watch.ts';
import { pollingWatch } from '../../src/system/polling-watch.ts';
import { realFileSystem } from '../../src/system/real-file-system.ts';
import { recursiveWatch } from '../../src/system/recursive-watch.ts';
import { systemWatch } from '../../src/system/system-watch.ts';
import type { StartWatch, TreeWatch } from '../../src/system/tree-watch.ts';
import { VirtualClock } from '../../src/system/virtual-clock.ts';
import { ToldHints, treeWatchContract, type WatchCase } from '../contracts/tree-watch.ts';
import { skipUnless } from '../helpers/requires.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { eventually } from '../helpers/wait.ts';

function onDisk(start: StartWatch): (t: TestContext) => WatchCase {
  return (t) => ({ start, fileSystem: realFileSystem(), root: tempDir(t) });
}

function watching(t: TestContext): { root: string; told: ToldHints; watch: TreeWatch } {
  const root = tempDir(t);
  const told = new ToldHints();
  const watch = told.watching(directoryWatch(), root);
  t.after(() => watch.close());
  return { root, told, watch };
}

const isLinux = process.platform === 'linux';
describe('watches', () => {
  if (isLinux) treeWatchContract('each directory', onDisk(directoryWatch()));
  else treeWatchContract('the whole tree', onDisk(recursiveWatch), { isWhole: true });
  treeWatchContract('polling', onDisk(pollingWatch({ intervalMs: 20 })));
  treeWatchContract('what this system has', onDisk(systemWatch), { isWhole: !isLinux });
  treeWatchContract('in memory', () => {
    const fileSystem = new MemoryFileSystem({ clock: new VirtualClock() });
    fileSystem.makeDirectory('/disk');
    return { start: new MemoryWatches(fileSystem).start, fileSystem, root: '/disk' };
  });
});

/** Watches of which the system allows so many. */
function limited(
  most: number,
  code: string,
): DirectoryWatchOptions & {
  readonly open: Set<string>;
} {
  const open = new Set<string>();
  return {
    open,
    mostQueued: 100,
    watchOne(path) {
      if (open.size >= most) throw Object.assign(new Error(code), { code });
      open.add(path);
      return { isThere: () => true, close: () => void open.delete(path) };
    },
  };
}

describe('where not every directory can be watched', () => {
  test('that is told, with what to do about it, and told again to be over once all can', async () => {
    const told = new ToldHints();
    const options = limited(3, 'ENOSPC');
    const watch = told.watching(directoryWatch(options), '/disk');
    for (const directory of ['', 'a', 'b', 'c', 'd']) watch.enter(directory);
    assert.deepEqual(told.troubles, [
      {
        message: 'only 3 directories can be watched: the system allows no more',
        remedy: 'sudo sysctl fs.inotify.max_user_watches=1048576',
      },
    ]);
    watch.enter('');
    assert.deepEqual(told.troubles.slice(1), [undefined]);
    await watch.close();
    assert.deepEqual([...options.open], []);
  });

  test('those in which something changed last are', () => {
    const told = new ToldHints();
    const { open, ...options } = limited(3, 'ENOSPC');
    const watch = told.watching(directoryWatch(options), '/disk');
    for (const directory of ['', 'a', 'b', 'c']) watch.enter(directory);
    watch.prefer('');
    watch.prefer('c');
    watch.enter('d');
    assert.deepEqual([...open].sort(), ['/disk', '/disk/b', '/disk/c']);
    watch.prefer('d');
    assert.deepEqual([...open].sort(), ['/disk', '/disk/c', '/disk/d']);
  });

  test('none at all is told too, with its own remedy', () => {
    const told = new ToldHints();
    const watch = told.watching(directoryWatch(limited(0, 'EMFILE')), '/disk');
    watch.enter('');
    watch.prefer('a');
    assert.deepEqual(
      told.troubles.map((trouble) => trouble?.remedy),
      ['sudo sysctl fs.inotify.max_user_instances=1024'],
    );
  });

  test('a directory that cannot be watched for another reason is named', () => {
    const told = new ToldHints();
    const watch = told.watching(directoryWatch(limited(0, 'EACCES')), '/disk');
    watch.enter('');
    assert.match(told.troubles[0]?.message ?? '', /"\/disk" cannot be watched: EACCES/);
  });

  test('polling keeps to some, and says so', async (t) => {
    const root = tempDir(t);
    for (const name of ['a', 'b', 'c']) mkdirSync(`${root}/${name}`);
    const told = new ToldHints();
    const watch = told.watching(pollingWatch({ intervalMs: 20, mostDirectories: 2 }), root);
    t.after(() => watch.close());
    for (const directory of ['', 'a', 'b']) watch.enter(directory);
    assert.match(told.troubles[0]?.message ?? '', /only 2 directories are polled/);
    watch.prefer('');
    watch.prefer('c');
    await told.comes('c', 'plan', (round) => writeFileSync(`${root}/c/plan`, 'x'.repeat(round)));
  });
});

describe('a storm of changes', () => {
  test('that the system drops hints of is told as lost hints', async (t) => {
    if (!skipUnless(t, { platforms: ['linux'] })) return;
    const { root, told, watch } = watching(t);
    watch.enter('');
    // Nothing is taken while this one runs.
    const script = `for (let at = 0; at < 9000; at++) fs.writeFileSync(${JSON.stringify(root)} + '/' + at, 'x')`;
    execFileSync(process.execPath, ['-e', script]);
    await eventually('lost hints', () => told.overflows > 0);
    assert.equal(told.overflows, 1);
  });
});

describe('names that are no text', () => {
  test('are told as they are', async (t) => {
    if (!skipUnless(t, { platforms: ['linux'] })) return;
    const { root, told, watch } = watching(t);
    watch.enter('');
    const path = Buffer.concat([Buffer.from(`${root}/n`), Buffer.from([0xff])]);
    await told.comes('', 'n\udcff', () => writeFileSync(path, ''));
  });
});
