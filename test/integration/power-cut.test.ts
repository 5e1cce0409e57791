import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/bytes.ts';
import { VaultError } from '../../src/errors.ts';
import type { SnapshotResult } from '../../src/operations/api.ts';
import type { MemoryFileSystem } from '../../src/system/memory-file-system.ts';
import { seededRandom } from '../../src/system/seeded-random.ts';
import { describeTree } from '../helpers/file-system-tree.ts';
import { writeFile } from '../helpers/files.ts';
import { memoryEnvironment, type MemoryEnvironment } from '../helpers/test-environment.ts';
import { inVault, makeHome, operationContext } from '../helpers/test-home.ts';

/** What happens on the disk: before the first snapshot, before the one that is cut, and after the cut. */
interface Story {
  readonly first: (fs: MemoryFileSystem) => void;
  readonly edits: (fs: MemoryFileSystem) => void;
  readonly after: (fs: MemoryFileSystem) => void;
}

const put = (fs: MemoryFileSystem, path: string, text: string): void => {
  fs.makeDirectories(path.replace(/\/[^/]*$/, ''));
  if (fs.statIfPresent(path)) fs.removeFile(path);
  writeFile(fs, path, utf8(text));
};

const everyKind: Story = {
  first(fs) {
    for (const name of [
      'same',
      'edited',
      'edited twice',
      'edited then gone',
      'gone',
      'gone then back',
    ]) {
      put(fs, `/work/${name}`, `first ${name}`);
    }
    put(fs, '/work/to-file/a/b', 'inside');
    put(fs, '/work/to-directory', 'file');
    put(fs, '/work/old/deep/er/leaf', 'leaf');
    put(fs, '/work/moved/leaf', 'moved');
    fs.makeSymlink('same', '/work/link');
  },
  edits(fs) {
    for (const name of ['edited', 'edited twice', 'edited then gone', 'new', 'new then gone']) {
      put(fs, `/work/${name}`, `second ${name}`);
    }
    fs.removeFile('/work/gone');
    fs.removeFile('/work/gone then back');
    fs.removeTree('/work/to-file');
    put(fs, '/work/to-file', 'a file now');
    fs.removeFile('/work/to-directory');
    put(fs, '/work/to-directory/inside', 'a directory now');
    fs.removeTree('/work/old');
    fs.rename('/work/moved', '/work/moved here');
    fs.removeFile('/work/link');
    fs.makeSymlink('edited', '/work/link');
  },
  after(fs) {
    put(fs, '/work/edited twice', 'third');
    put(fs, '/work/gone then back', 'third');
    fs.removeFile('/work/edited then gone');
    fs.removeFile('/work/new then gone');
    put(fs, '/work/late', 'late');
  },
};

function snapshot(environment: MemoryEnvironment, yes = true): Promise<SnapshotResult> {
  environment.clock.advance(60_000);
  return inVault(environment, '/home', (vault) =>
    vault.snapshot({ folders: [], yes }, operationContext()),
  );
}

async function restoredTree(
  environment: MemoryEnvironment,
  at: string,
): Promise<Record<string, string>> {
  const { fileSystem } = environment;
  fileSystem.removeTree('/out');
  const result = await inVault(environment, '/home', (vault) =>
    vault.restore({ folder: 'work', paths: [], cwd: '/', to: '/out', at }, operationContext()),
  );
  assert.equal(result.errors + result.damaged, 0);
  return describeTree(fileSystem, '/out');
}

/** A home with a folder and a snapshot, and the edits that the next snapshot is to find. */
async function begin(
  story: Story,
): Promise<{ base: MemoryEnvironment; first: string; before: Record<string, string> }> {
  const base = memoryEnvironment();
  const { fileSystem } = base;
  fileSystem.makeDirectories('/work');
  story.first(fileSystem);
  await makeHome(base, '/home');
  await inVault(base, '/home', (vault) => vault.folderAdd({ path: '/work' }, operationContext()));
  const { snapshot: first } = await snapshot(base);
  const before = describeTree(fileSystem, '/work');
  story.edits(fileSystem);
  // What a user has on disk is no concern of these tests: it survives.
  syncAll(fileSystem, '/work');
  fileSystem.syncDirectory('/');
  return { base, first: first ?? '', before };
}

function syncAll(fileSystem: MemoryFileSystem, path: string): void {
  for (const { name, kind } of fileSystem.list(path)) {
    if (kind === 'directory') syncAll(fileSystem, `${path}/${name}`);
    if (kind !== 'file') continue;
    const file = fileSystem.open(`${path}/${name}`, { mode: 'write' });
    file.sync();
    file.close();
  }
  fileSystem.syncDirectory(path);
}

/** Snapshots until the `number`th write of a store, where the power is cut; the world after that. */
async function cutAt(
  base: MemoryEnvironment,
  number: number,
): Promise<{ after: MemoryEnvironment; cut: SnapshotResult | undefined }> {
  const environment = base.crash(seededRandom(`copy ${number}`));
  let left = number;
  environment.onStoreWrite = () => {
    if (--left < 0) throw new VaultError('VAULT_IO', 'the power is cut');
  };
  const cut = await snapshot(environment).catch((error: unknown) => {
    if (left < 0) return undefined;
    throw error;
  });
  return { after: environment.crash(seededRandom(`cut ${number}`)), cut };
}

test('a power cut at any write of a snapshot loses nothing and leaves nothing behind', async () => {
  const { base, first, before } = await begin(everyKind);
  for (let number = 0; ; number++) {
    const message = `cut at write ${number}`;
    const { after, cut } = await cutAt(base, number);
    assert.deepEqual(await restoredTree(after, first), before, message);
    if (cut !== undefined) {
      const kept = describeTree(after.fileSystem, '/work');
      assert.deepEqual(await restoredTree(after, cut.snapshot ?? ''), kept, message);
    }
    everyKind.after(after.fileSystem);
    const next = await snapshot(after);
    const expected = describeTree(after.fileSystem, '/work');
    assert.deepEqual(await restoredTree(after, next.snapshot ?? ''), expected, message);
    assert.deepEqual(await restoredTree(after, 'now'), expected, message);
    const verified = await inVault(after, '/home', (vault) =>
      vault.verify({ folders: [], read: true }, operationContext()),
    );
    assert.equal(verified.damaged, 0, message);
    if (cut === undefined) continue;
    assert.ok(number >= 4, `only ${number} writes`);
    return;
  }
});

test('a deletion of more than one commit holds is finished by the next snapshot', async () => {
  const many = 1_600;
  const { base } = await begin({
    first(fs) {
      for (let index = 0; index < many; index++) {
        put(fs, `/work/big/deep/${index}`, 'a');
        put(fs, `/work/big/er/${index}`, 'b');
      }
      put(fs, '/work/replaced/big/er', 'c');
      put(fs, '/work/stays', 'd');
    },
    edits(fs) {
      fs.removeTree('/work/big');
      fs.removeTree('/work/replaced');
      put(fs, '/work/replaced', 'a file now');
    },
    after: () => undefined,
  });
  for (let number = 0; ; number++) {
    const { after, cut } = await cutAt(base, number);
    const refused = cut ?? (await snapshot(after, false).catch((error: unknown) => error));
    if (cut === undefined && number === 0) {
      assert.equal(refused instanceof VaultError && refused.code, 'VAULT_REFUSED');
    }
    await snapshot(after);
    const expected = describeTree(after.fileSystem, '/work');
    assert.deepEqual(await restoredTree(after, 'now'), expected, `cut at write ${number}`);
    if (cut === undefined) continue;
    assert.ok(number >= 4, `only ${number} writes`);
    return;
  }
});
