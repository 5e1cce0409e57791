import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/bytes.ts';
import { VaultError } from '../../src/errors.ts';
import type { SnapshotResult } from '../../src/operations/whole-folder-options.ts';
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
      put(fs, `/disk/${name}`, `first ${name}`);
    }
    put(fs, '/disk/to-file/a/b', 'inside');
    put(fs, '/disk/to-directory', 'file');
    put(fs, '/disk/old/deep/er/leaf', 'leaf');
    put(fs, '/disk/moved/leaf', 'moved');
    fs.makeSymlink('same', '/disk/link');
  },
  edits(fs) {
    for (const name of ['edited', 'edited twice', 'edited then gone', 'new', 'new then gone']) {
      put(fs, `/disk/${name}`, `second ${name}`);
    }
    fs.removeFile('/disk/gone');
    fs.removeFile('/disk/gone then back');
    fs.removeTree('/disk/to-file');
    put(fs, '/disk/to-file', 'a file now');
    fs.removeFile('/disk/to-directory');
    put(fs, '/disk/to-directory/inside', 'a directory now');
    fs.removeTree('/disk/old');
    fs.rename('/disk/moved', '/disk/moved here');
    fs.removeFile('/disk/link');
    fs.makeSymlink('edited', '/disk/link');
  },
  after(fs) {
    put(fs, '/disk/edited twice', 'third');
    put(fs, '/disk/gone then back', 'third');
    fs.removeFile('/disk/edited then gone');
    fs.removeFile('/disk/new then gone');
    put(fs, '/disk/late', 'late');
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
    vault.restore({ folder: 'disk', paths: [], cwd: '/', to: '/out', at }, operationContext()),
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
  fileSystem.makeDirectories('/disk');
  story.first(fileSystem);
  await makeHome(base, '/home');
  await inVault(base, '/home', (vault) => vault.folderAdd({ path: '/disk' }, operationContext()));
  const { snapshot: first } = await snapshot(base);
  const before = describeTree(fileSystem, '/disk');
  story.edits(fileSystem);
  // What a user has on disk is no concern of these tests: it survives.
  syncAll(fileSystem, '/disk');
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
      const kept = describeTree(after.fileSystem, '/disk');
      assert.deepEqual(await restoredTree(after, cut.snapshot ?? ''), kept, message);
    }
    everyKind.after(after.fileSystem);
    const next = await snapshot(after);
    const expected = describeTree(after.fileSystem, '/disk');
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
        put(fs, `/disk/big/deep/${index}`, 'a');
        put(fs, `/disk/big/er/${index}`, 'b');
      }
      put(fs, '/disk/replaced/big/er', 'c');
      put(fs, '/disk/stays', 'd');
    },
    edits(fs) {
      fs.removeTree('/disk/big');
      fs.removeTree('/disk/replaced');
      put(fs, '/disk/replaced', 'a file now');
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
    const expected = describeTree(after.fileSystem, '/disk');
    assert.deepEqual(await restoredTree(after, 'now'), expected, `cut at write ${number}`);
    if (cut === undefined) continue;
    assert.ok(number >= 4, `only ${number} writes`);
    return;
  }
});
