import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { SnapshotResult } from '../../src/operations/whole-folder-options.ts';
import { rejects } from '../helpers/rejects.ts';
import { skipUnless } from '../helpers/requires.ts';
import { realEnvironment, type TestEnvironment } from '../helpers/test-environment.ts';
import { inVault, makeHome, operationContext } from '../helpers/test-home.ts';

/** A folder on the real disk in which file systems are mounted and unmounted. */
class Mounts {
  readonly environment: TestEnvironment;
  readonly directory: string;
  readonly #mounted: string[] = [];

  private constructor(t: TestContext) {
    // Before what removes the directory.
    t.after(() => {
      for (const path of this.#mounted) spawnSync('umount', [path]);
    });
    const environment = realEnvironment(t);
    this.environment = environment;
    this.directory = environment.directory;
  }

  static async make(t: TestContext): Promise<Mounts | undefined> {
    const needs = { platforms: ['linux' as const], root: true, programs: ['mount', 'umount'] };
    if (!skipUnless(t, needs)) return undefined;
    const mounts = new Mounts(t);
    mkdirSync(mounts.path(''));
    const refused = mounts.mount('');
    if (!skipUnless(t, { conditions: { [`permission to mount ${refused}`]: refused === '' } })) {
      return undefined;
    }
    mounts.unmount('');
    await makeHome(mounts.environment, join(mounts.directory, 'home'));
    return mounts;
  }

  path(name: string): string {
    return join(this.directory, 'work', name);
  }

  /** Mounts an empty file system; what went wrong. */
  mount(name: string): string {
    const made = spawnSync('mount', ['-t', 'tmpfs', 'none', this.path(name)], { encoding: 'utf8' });
    if (made.status !== 0) return made.stderr;
    this.#mounted.push(this.path(name));
    return '';
  }

  unmount(name: string): void {
    assert.equal(spawnSync('umount', [this.path(name)]).status, 0);
  }

  put(...names: string[]): void {
    for (const name of names) {
      mkdirSync(dirname(this.path(name)), { recursive: true });
      writeFileSync(this.path(name), name);
    }
  }

  async add(): Promise<void> {
    const path = this.path('');
    await this.in((vault) => vault.folderAdd({ path }, operationContext()));
  }

  /** A snapshot, with what it warned of. */
  async snapshot(yes = false): Promise<SnapshotResult & { readonly warnings: string }> {
    const context = operationContext();
    const result = await this.in((vault) => vault.snapshot({ folders: [], yes }, context));
    return { ...result, warnings: context.warnings.join('\n') };
  }

  /** What the last snapshot holds, directories left out. */
  async recorded(): Promise<string[]> {
    const out = join(this.directory, 'out');
    rmSync(out, { recursive: true, force: true });
    const options = { folder: 'work', paths: [], cwd: '/', to: out };
    await this.in((vault) => vault.restore(options, operationContext()));
    return readdirSync(out, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(out.length + 1))
      .sort();
  }

  in<T>(work: Parameters<typeof inVault<T>>[2]): Promise<T> {
    return inVault(this.environment, join(this.directory, 'home'), work);
  }
}

describe('file systems mounted in a folder', () => {
  test('one that is unmounted keeps what was recorded of it, until told otherwise', async (t) => {
    const mounts = await Mounts.make(t);
    if (mounts === undefined) return;
    mounts.put('a', 'disk/below');
    mounts.mount('disk');
    mounts.put('disk/x', 'disk/deep/y');
    await mounts.add();
    const first = await mounts.snapshot();
    assert.deepEqual([first.errors, first.warnings], [0, '']);
    assert.deepEqual(await mounts.recorded(), ['a', 'disk/deep/y', 'disk/x']);
    mounts.unmount('disk');
    const gone = await mounts.snapshot();
    assert.deepEqual([gone.errors, gone.removed, gone.added], [1, 0, 0]);
    assert.match(gone.warnings, /^disk: the file system that was mounted there is gone/);
    assert.deepEqual(await mounts.recorded(), ['a', 'disk/deep/y', 'disk/x']);
    const told = await mounts.snapshot(true);
    assert.deepEqual([told.errors, told.removed, told.added], [0, 2, 1]);
    assert.deepEqual(await mounts.recorded(), ['a', 'disk/below']);
    assert.equal((await mounts.snapshot()).errors, 0, 'it is a directory from now on');
  });

  test('one that is mounted again goes on as if it had never been away', async (t) => {
    const mounts = await Mounts.make(t);
    if (mounts === undefined) return;
    mounts.put('a', 'disk/below');
    mounts.mount('disk');
    mounts.put('disk/x', 'disk/y');
    await mounts.add();
    await mounts.snapshot();
    mounts.unmount('disk');
    await mounts.snapshot();
    mounts.mount('disk');
    mounts.put('disk/x');
    const again = await mounts.snapshot();
    assert.deepEqual([again.errors, again.removed], [0, 1]);
    assert.deepEqual(await mounts.recorded(), ['a', 'disk/x']);
  });

  test('what one is mounted over is not gone', async (t) => {
    const mounts = await Mounts.make(t);
    if (mounts === undefined) return;
    mounts.put('a', 'd/hidden', 'd/e/hidden');
    await mounts.add();
    await mounts.snapshot();
    mounts.mount('d');
    mounts.put('d/new');
    const over = await mounts.snapshot();
    assert.deepEqual([over.errors, over.removed, over.added], [1, 0, 0]);
    assert.match(over.warnings, /^d: another file system is mounted over it/);
    const told = await mounts.snapshot(true);
    assert.deepEqual([told.errors, told.removed, told.added], [0, 2, 1]);
    assert.equal((await mounts.snapshot()).errors, 0);
  });

  test('a root whose file system is gone is no root full of deletions', async (t) => {
    const mounts = await Mounts.make(t);
    if (mounts === undefined) return;
    mounts.mount('');
    mounts.put('a', 'b', 'c', 'd');
    await mounts.add();
    await mounts.snapshot();
    mounts.unmount('');
    await rejects('VAULT_REFUSED', () => mounts.snapshot());
    mounts.put('a', 'b', 'c');
    const error = await rejects('VAULT_REFUSED', () => mounts.snapshot());
    assert.match(error.message, /another directory stands there.*1 of 4/);
    assert.deepEqual(await mounts.recorded(), ['a', 'b', 'c', 'd']);
  });
});
